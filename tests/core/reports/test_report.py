"""A report is read whatever an agent prints: as findings, or as one reason that tells the miner what to mend."""

import contextlib
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitsec_eval.core.answers.answer import Answer, Ending
from bitsec_eval.core.errors import AnswerFault
from bitsec_eval.core.reports.finding import TEXT_FIELDS, Finding
from bitsec_eval.core.reports.report import (
    AUDIT_PROMPT,
    MOST_FINDINGS,
    MOST_POC_BYTES,
    MOST_TEXT_BYTES,
    Report,
    parse_report,
)

FOUND = {
    "title": "Anyone can mint",
    "description": "mint has no guard",
    "severity": "high",
    "vulnerability_type": "access control",
    "file": "src/Token.sol",
    "location": "Token.mint",
    "confidence": 0.9,
}


def report(*findings, key="vulnerabilities"):
    return json.dumps({key: list(findings)})


def reason(text):
    with pytest.raises(AnswerFault) as fault:
        parse_report(text)
    assert "\n" not in str(fault.value)
    return str(fault.value)


@pytest.mark.parametrize("key", ["vulnerabilities", "findings"])
def test_both_spellings_are_read(key):
    assert parse_report(report(FOUND, key=key)) == Report(findings=(Finding(**FOUND),))


def test_an_empty_list_is_a_report_of_nothing():
    assert parse_report(report()) == Report()


def test_missing_fields_are_empty():
    assert parse_report(report({})).findings == (Finding(),)


def test_fields_nobody_asked_for_are_passed_over():
    assert parse_report(report({"id": 7, "line": [1], "title": "x"})).findings == (Finding(title="x"),)


def test_harmless_slips_are_forgiven():
    slips = {"title": None, "location": ["f", "g"], "file": 7, "confidence": "90%"}

    assert parse_report(report(slips)).findings == (Finding(location="f, g", file="7", confidence=0.9),)


@pytest.mark.parametrize(
    ("said", "understood"),
    [(1, 1.0), (0, 0.0), (0.25, 0.25), ("0.5", 0.5), (" 7% ", 0.07), ("95 %", 0.95), ("high", None), (None, None)],
)
def test_confidence_is_a_number_or_nothing(said, understood):
    assert parse_report(report({"confidence": said})).findings[0].confidence == understood


def test_the_last_fenced_block_counts_where_stdout_is_more_than_json():
    text = f"I looked at it.\n```json\n{report()}\n```\nBetter:\n```json\n{report(FOUND)}\n```\nThat is all.\n"

    assert parse_report(text).findings == (Finding(**FOUND),)


def test_a_fence_without_a_language_will_do():
    assert parse_report(f"Here:\n```\n{report(FOUND)}\n```").findings[0].title == FOUND["title"]


F = "```"
OTHER = report({"title": "a draft"})
AROUND = {
    "a block of another language before": f"{F}solidity\nfunction f() {{}}\n{F}\n{F}json\nREPORT\n{F}",
    "two blocks of another language before": f"{F}vyper\nx\n{F}\n{F}rust\ny\n{F}\n{F}json\nREPORT\n{F}",
    "three blocks of another language before": f"{F}c\n{F}\n{F}move\n{F}\n{F}cairo\nz\n{F}\n{F}json\nREPORT\n{F}",
    "blocks of other languages after": f"{F}json\nREPORT\n{F}\n{F}bash\nmake\n{F}\n{F}text\nok\n{F}",
    "an unmarked block that is no JSON after": f"{F}json\nREPORT\n{F}\n{F}\n$ make\n{F}",
    "tildes": "~~~json\nREPORT\n~~~",
    "tildes around backticks": f"~~~ text\n{F}json\n{OTHER}\n{F}\n~~~\n~~~ json\nREPORT\n~~~~",
    "backticks inside tildes": f"~~~text\n{F}\n~~~\n{F}json\nREPORT\n{F}",
    "four backticks around three": f"{F}`markdown\n{F}json\n{OTHER}\n{F}\n{F}`\n{F}json\nREPORT\n{F}",
    "five backticks": f"{F}``json\nREPORT\n{F}``",
    "a longer closing fence": f"{F}json\nREPORT\n{F}{F}",
    "three columns of indentation": f"   {F}json\n   REPORT\n  {F}",
    "an indented example of a block": f"{F}json\nREPORT\n{F}\nAn example:\n\n    {F}json\n    {OTHER}\n    {F}\n",
    "blanks after both fences": f"{F}json  \nREPORT\n{F}\t \n",
    "a blank before the info string": f"{F} json\nREPORT\n{F}",
    "capitals": f"{F}JSON\nREPORT\n{F}",
    "an info string with attributes": f'{F}json title="report.json" {{1,2}}\nREPORT\n{F}',
    "pandoc's attributes": f"{F}{{.json .numberLines}}\nREPORT\n{F}",
    "a file's name in the info string": f"{F}json:report.json\nREPORT\n{F}",
    "no info string": f"Here:\n{F}\nREPORT\n{F}",
    "backticks in a line of text": f"See {F}x{F} and:\n{F}json\nREPORT\n{F}",
    "a line of backticks and words": f"{F}a `b` c\n{F}json\nREPORT\n{F}",
    "an item of a list": f"1. First\n2. The report:\n\n   {F}json\n   REPORT\n   {F}\n3. Done",
    "an item inside an item": f"- a\n  - b\n\n    {F}json\n    REPORT\n    {F}\n",
    "the item's own line": f"- {F}json\n  REPORT\n  {F}\n",
    "a quote": f"> The report:\n> {F}json\n> REPORT\n> {F}\n",
    "lines that end in carriage returns too": f"Here:\r\n{F}solidity\r\nx\r\n{F}\r\n{F}json\r\nREPORT\r\n{F}\r\n",
    "a byte order mark": f"\ufeff{F}json\nREPORT\n{F}",
    "a draft in a block before": f"{F}json\n{OTHER}\n{F}\nBetter:\n{F}json\nREPORT\n{F}",
    "JSON of something else after": f'{F}json\nREPORT\n{F}\n{F}json\n{{"tool": "forge"}}\n{F}',
    "a block that is never closed before": f"{F}solidity\nfunction f()\n{F}json\nREPORT\n{F}",
    "a block that is never closed": f"Here:\n{F}json\nREPORT",
    "prose before": "I looked at f() { x } and {y}.\nREPORT",
    "prose before and after": "The report: REPORT That's all {so far}.",
    "other JSON before, a line each": '{"event": "start"}\n{"event": "end", "n": {"m": 1}}\nREPORT\n',
    "an odd quote before": 'a 12" pipe, don\'t {"so": REPORT',
    "reasoning before": f"<think>\nperhaps {OTHER}\n{F}json\n{OTHER}\n{F}\n</think>\nREPORT",
    "reasoning whose beginning was cut": f"perhaps {OTHER}</think>\n\n{F}json\nREPORT\n{F}",
    "reasoning in capitals": f"<THINKING>{OTHER}</THINKING>REPORT",
    "reasoning in brackets": f"[THINK]{OTHER}[/THINK]\nREPORT",
    "reasoning in Kimi's marks": f"\u25c1think\u25b7{OTHER}\u25c1/think\u25b7REPORT",
    "reasoning of a namespace": f"<seed:think>{OTHER}</seed:think>\nREPORT",
    "a reflection": f"<reflection>{OTHER}</reflection>\nREPORT",
    "reasoning that ends on a closing fence": f"<think>\n{F}json\n{OTHER}\n{F}</think>\nREPORT",
    "an answer's end on the closing fence": f"<answer>\n{F}json\nREPORT\n{F}</answer>",
    "a model's end on the closing fence": f"{F}json\nREPORT\n{F}<|im_end|>",
    "a byte order mark in the block": f"{F}json\n\ufeffREPORT\n{F}",
    "an empty block after": f"{F}json\nREPORT\n{F}\n{F}json\n{F}",
    "Gemma's channels": f"<|channel>thought\n{OTHER}<channel|>REPORT",
    "channels": f"<|channel|>analysis<|message|>{OTHER}<|end|><|channel|>final<|message|>REPORT<|end|>",
}  # fmt: skip


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "</think>", "```json"])
def test_a_report_is_found_whatever_stands_around_it(around, separator):
    found = {**FOUND, "description": f"one{separator}two"}
    text = json.dumps({"vulnerabilities": [found]}, ensure_ascii=separator < " ")

    assert parse_report(AROUND[around].replace("REPORT", text)).findings == (Finding(**found),)


OTHER_LAYOUTS = {
    "a list": [FOUND],
    "a list in a list": [[FOUND]],
    "a report in a list": [{"vulnerabilities": [FOUND]}],
    "under issues": {"tool": "x", "issues": [FOUND]},
    "under results": {"results": [FOUND]},
    "a key in capitals": {"Vulnerabilities": [FOUND]},
    "inside a report": {"success": True, "report": {"vulnerabilities": [FOUND]}},
    "inside two objects": {"audit": {"summary": {"high": 1}, "report": {"findings": [FOUND]}}},
    "the arguments of a call": {"name": "submit_report", "arguments": {"vulnerabilities": [FOUND]}},
    "one finding alone": FOUND,
    "other names of fields": {
        "findings": [
            {
                "name": FOUND["title"],
                "details": FOUND["description"],
                "Severity": FOUND["severity"],
                "Category": FOUND["vulnerability_type"],
                "file_path": FOUND["file"],
                "function": FOUND["location"],
                "confidence": 0.9,
            }
        ]
    },
}


@pytest.mark.parametrize("layout", OTHER_LAYOUTS)
@pytest.mark.parametrize(
    "around", ["REPORT", f"Here:\n{F}json\nREPORT\n{F}", "<think>{}</think>\nREPORT", "It is: REPORT."]
)
def test_a_report_of_another_layout_is_read(layout, around):
    text = around.replace("REPORT", json.dumps(OTHER_LAYOUTS[layout], indent=1))

    assert parse_report(text).findings == (Finding(**FOUND),)


def test_one_finding_a_line_is_read():
    titles = ["a", "b", "c"]
    lines = '{"event": "start"}\n' + "".join(f"{json.dumps({**FOUND, 'title': title})}\n\n" for title in titles)

    assert [finding.title for finding in parse_report(lines).findings] == titles


@pytest.mark.parametrize("text", ["[]", '{"results": []}', f"Sound.\n{F}json\n[]\n{F}"])
def test_an_empty_list_of_another_layout_is_a_report_of_nothing(text):
    assert parse_report(text) == Report()


def test_a_report_counts_before_what_only_looks_like_one():
    noise = [{"results": [{"title": "x", "severity": "high"}]}, {"issues": []}, {"title": "y", "severity": "low"}]
    text = "\n".join(map(json.dumps, [noise[0], {"vulnerabilities": [FOUND]}, *noise[1:]]))

    assert parse_report(text).findings == (Finding(**FOUND),)


@pytest.mark.parametrize(
    "text",
    ["[1]", '["a"]', '[{"title": "a", "severity": "high"}, 1]', '{"a": {"findings": []}, "b": {"findings": []}}',
     '{"event": "start"}\n{"event": "end"}', '{"report": "none"}', '{"issues": 3}', '{"title": "a"}'],
)  # fmt: skip
def test_what_is_of_no_layout_is_no_report(text):
    assert "the report is not" in reason(text)


def test_the_same_report_twice_is_one():
    assert parse_report(f"{report(FOUND)}\nAgain:\n{json.dumps(json.loads(report(FOUND)), indent=2)}").findings


ONE = json.dumps(FOUND)
SLIPS = {
    "a comma after the last field": f'{{"findings": [{ONE[:-1]}, }}]}}',
    "a comma after the last finding": f'{{"findings": [{ONE},\n]}}',
    "a comma after the last list": f'{{"findings": [{ONE}],}}',
    "a comment of a line": f'{{"findings": [ // "one" {{\n{ONE}]}}',
    "a comment between": f'{{"findings": /* [, */ [{ONE}, /* none */ ]}}',
    "a comment at the end": f'{{"findings": [{ONE}]}} // that is "all',
}
TEXTS = {
    "mint has\nno guard": "mint has\nno guard",
    "mint\thas no guard": "mint\thas no guard",
    r"mint\_all has no guard": r"mint\_all has no guard",
    r"src\Token.sol has no guard \u00e9": "src\\Token.sol has no guard \u00e9",
    r"mint hasn\'t a guard": "mint hasn't a guard",
    r"see // https://a.b/c, /* x */ [1,] \"[,]\"": 'see // https://a.b/c, /* x */ [1,] "[,]"',
}


@pytest.mark.parametrize("slip", SLIPS)
@pytest.mark.parametrize("around", ["REPORT", f"Here:\n{F}json\nREPORT\n{F}"])
def test_slips_of_models_are_no_loss(slip, around):
    assert parse_report(around.replace("REPORT", SLIPS[slip])).findings == (Finding(**FOUND),)


@pytest.mark.parametrize("text", TEXTS)
def test_what_models_forget_to_escape_is_read_as_it_stands(text):
    printed = f'{{"findings": [{{"title": "a", "description": "{text}",}}]}}'

    assert parse_report(printed).findings == (Finding(title="a", description=TEXTS[text]),)


AMBIGUOUS = {
    "two objects": (f"{OTHER} or {report(FOUND)}", "2 objects in the output are reports; print one of them"),
    "one after another": (report() + report(FOUND), "the report is not clear: 2 objects in the output are reports"),
    "a last block that is cut": (f"{F}json\n{report(FOUND)}\n{F}\n{F}json\n{report()[:-1]}\n{F}", "is not JSON"),
    "blocks and none is a report": (f'{F}json\n{{"a": 1}}\n{F}\n{F}json\n[1]\n{F}', "it is a list"),
    "an object in a list": (f"found: [{OTHER[20:-2]}, 1]", "the report is not JSON"),
}


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_what_could_be_several_reports_is_told(name):
    text, words = AMBIGUOUS[name]

    assert words in reason(text)


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        (
            b'{"findings": [{"title": "a\xff"}]}',
            "the report is not UTF-8: byte 0xff at character 26; write it as UTF-8",
        ),
        (b'Here:\n```json\n{"findings": [{"title": "\xe9t\xe9"}]}\n```', "is not UTF-8: byte 0xe9"),
        (report(FOUND).encode("utf-16"), "the report is not UTF-8: byte 0xff at character 0; it looks like UTF-16"),
    ],
)
def test_a_byte_that_is_no_utf_8_is_told(printed, words):
    assert words in reason(Answer(ending=Ending.EXITED, stdout=printed).printed)


def test_a_byte_that_is_no_utf_8_beside_the_report_is_passed_over():
    printed = b"caf\xe9\n```json\n" + report(FOUND).encode() + b"\n```"

    assert parse_report(Answer(ending=Ending.EXITED, stdout=printed).printed).findings == (Finding(**FOUND),)


BAD = "a number from 0 to 1"
LEFT_OUT = {
    '"title": true': "title of finding 1 is true or false; left out; make it a text",
    '"file": {"path": "a.sol"}': "file of finding 1 is an object; left out; make it a text",
    '"file": ["a", 1]': "file of finding 1 is a list; left out; make it a text",
    '"location": {"function": "f", "line": 3}': "location of finding 1 is an object; left out; make it a text",
    '"severity": ["high", null]': "severity of finding 1 is a list; left out; make it a text",
    '"confidence": 95': f"confidence of finding 1 is 95; left out; make it {BAD}",
    '"confidence": -0.1': f"confidence of finding 1 is -0.1; left out; make it {BAD}",
    '"confidence": true': f"confidence of finding 1 is true or false; left out; make it {BAD}",
    '"confidence": "250%"': f"confidence of finding 1 is 2.5; left out; make it {BAD}",
    '"confidence": {"value": 1}': f"confidence of finding 1 is an object; left out; make it {BAD}",
    '"confidence": NaN': f"confidence of finding 1 is NaN, which is no JSON number; left out; make it {BAD}",
    '"confidence": -Infinity': f"confidence of finding 1 is -Infinity, which is no JSON number; left out; "
    f"make it {BAD}",
    '"confidence": 1e400': f"confidence of finding 1 is 1e400, which is too large a number; left out; make it {BAD}",
    f'"file": {"9" * 70}': "file of finding 1 is a number of 70 digits; left out; make it a text",
    '"title": "a", "title": "b"': "title of finding 1 is given twice, and differently; left out; make it a text",
}


@pytest.mark.parametrize("field", LEFT_OUT)
def test_a_bad_field_is_left_out_and_told_and_the_finding_stays(field):
    bad = f'{{"vulnerability_type": "reentrancy", {field}}}'
    parsed = parse_report(f'{{"vulnerabilities": [{json.dumps(FOUND)}, {bad}]}}')

    assert parsed.findings == (Finding(**FOUND), Finding(vulnerability_type="reentrancy"))
    assert parsed.notes == (LEFT_OUT[field],)


def test_half_of_a_surrogate_pair_costs_one_character():
    parsed = parse_report(report({"title": "Anyone \ud800 can mint"}))

    assert parsed.findings == (Finding(title="Anyone ? can mint"),)
    assert parsed.notes == ("title of finding 0 holds half of a surrogate pair, read as '?'; print valid Unicode",)


def test_an_entry_that_is_no_object_costs_that_entry():
    parsed = parse_report(report(FOUND, "x", None))

    assert parsed.findings == (Finding(**FOUND),)
    assert [note.partition(" and no")[0] for note in parsed.notes] == ["entry 1 is a text", "entry 2 is null"]


def test_lists_of_findings_inside_the_list_are_read_in_order():
    assert parse_report(json.dumps({"findings": [[FOUND, {}], {"title": "x"}, []]})).findings == (
        Finding(**FOUND), Finding(), Finding(title="x"),
    )  # fmt: skip


def test_a_byte_order_mark_is_passed_over():
    assert parse_report("\ufeff" + report(FOUND)).findings


def test_findings_after_the_hundredth_are_counted_and_dropped():
    parsed = parse_report(report(*({"title": str(number)} for number in range(250))))

    assert [finding.title for finding in parsed.findings] == [str(number) for number in range(MOST_FINDINGS)]
    assert parsed.dropped == 150


def test_what_is_dropped_is_not_even_looked_at():
    assert parse_report(report(*[{}] * MOST_FINDINGS, "nonsense")).dropped == 1


@pytest.mark.parametrize("field", TEXT_FIELDS)
def test_a_text_is_cut_at_four_kibibytes_and_never_inside_a_character(field):
    text = getattr(parse_report(report({field: "é" * 5000 + "x"})).findings[0], field)

    assert text == "é" * (MOST_TEXT_BYTES // 2)


REASONS = {
    "": "the report is not there: the agent printed nothing; print one JSON object",
    " \n": "the report is not there: the agent printed nothing",
    "hello": "the report is not JSON: Expecting value: line 1 column 1 (char 0); it begins 'hello'; print one",
    report()[:-1]: "the report is not JSON: Expecting ',' delimiter",
    "{'findings': []}": "the report is not JSON: Expecting property name enclosed in double quotes",
    "```json\n{]\n```": "the report is not JSON: Expecting property name",
    "[1]": "the report is not a JSON object: it is a list; print one JSON object",
    "null": "the report is not a JSON object: it is null",
    '"findings"': "the report is not a JSON object: it is a text",
    "{}": "the report is not a list of findings: it holds nothing at all; print one JSON object",
    '{"flaws": [], "x": 1}': "the report is not a list of findings: it holds only 'flaws', 'x'; print one",
    '{"findings": {}}': "the report is not a list of findings: 'findings' is an object",
    '{"vulnerabilities": null}': "the report is not a list of findings: 'vulnerabilities' is null",
    '{"vulnerabilities": [], "findings": []}': "the report is not clear: it holds both",
    report("x", 1): "the report is not made of findings: entry 0 is a text; make it an object with title,",
    '{"findings": [], "findings": [1]}': "'findings' is given twice, and differently",
    "9" * 1_000_000: "the report is not a JSON object: it is a number of 1000000 digits",
    "[" * 100_000: "the report is not JSON: more than 64 brackets deep at character 64",
    '{"a":' * 100_000: "the report is not JSON: more than 64 brackets deep",
    '{"findings": [{"title": "a",,}]}': "the report is not JSON: ",
    '{"findings": [], "title": [}': "the report is not JSON: ",
    "x" * (8 << 20) + "x": "the report is not of a readable size: 8388609 characters, the most is 8388608",
    "\x1b[31m": "it begins '\\x1b[31m'",
}  # fmt: skip


@pytest.mark.parametrize("text", REASONS, ids=[str(number) for number in range(len(REASONS))])
def test_what_is_no_report_is_told_apart_in_a_line(text):
    assert REASONS[text] in reason(text)


def test_brackets_inside_texts_are_not_depth():
    assert parse_report(report({"title": "[" * 1000 + '\\"{{'})).findings[0].title == "[" * 1000 + '\\"{{'


HEAVY = ["[]" * 500_000, '"' + '\\"' * 500_000, '\\"' * 500_000, '"' * 1_000_000, "```\n" * 250_000, '{"":' * 250_000,
         '{"findings": [' + "{}," * 300_000 + "{}]}", '"\\' * 500_000, 'x {"a":[' * 125_000,
         'x {"a":[' + "0," * 500_000, 'x{"' * 330_000, ("> " * 8 + "```\n") * 50_000, "- " * 500_000,
         "/*" * 500_000, "//" * 500_000, ", " * 500_000 + "]", '{"a":[' + "1," * 400_000 + "/*", "[{" * 400_000,
         '[ { "a":1, }, ' * 70_000, '"\\_' * 250_000, '{"a":' * 60 + "1,}" * 60 + " " * 900_000,
         '<think>{"a":' * 80_000, "</think>" * 125_000]  # fmt: skip


@pytest.mark.parametrize("text", HEAVY, ids=[str(number) for number in range(len(HEAVY))])
def test_a_mebibyte_of_malice_is_read_in_a_moment(text):
    start = time.process_time()
    with contextlib.suppress(AnswerFault):
        parse_report(text)

    assert time.process_time() - start < 5


@given(st.text() | st.text(alphabet='[]{}",:\\`jsonfindgs0123456789.eE+-\n ', max_size=300))
def test_no_text_raises_anything_but_an_answer_fault(text):
    try:
        parsed = parse_report(text)
    except AnswerFault:
        return
    assert isinstance(parsed, Report)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*TEXT_FIELDS, "confidence", "x"]), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["vulnerabilities", "findings"]), st.lists(VALUES) | VALUES))
def test_no_value_raises_anything_but_an_answer_fault(value):
    try:
        parsed = parse_report(json.dumps(value))
    except AnswerFault:
        return
    texts = [text for finding in parsed.findings for text in finding.texts.values()]
    assert all(len(text.encode()) <= MOST_TEXT_BYTES for text in texts)


@given(st.lists(st.builds(Finding, **{name: st.text(max_size=50) for name in TEXT_FIELDS}), max_size=5))
def test_what_an_honest_agent_prints_comes_through_as_it_is(findings):
    assert parse_report(report(*(finding.texts for finding in findings))).findings == tuple(findings)


def test_the_prompt_is_no_report_and_shows_the_form_of_one():
    shown = next(line for line in AUDIT_PROMPT.splitlines() if line.startswith("{"))

    assert "2 objects in the output are reports" in reason(AUDIT_PROMPT)
    assert parse_report(shown).findings[0].confidence == 0.9
    assert all(name in AUDIT_PROMPT for name in (*TEXT_FIELDS, "confidence"))


def with_pocs(*pocs):
    return parse_report(json.dumps({"findings": [{"title": "Anyone can mint", "poc": poc} for poc in pocs]}))


def test_a_finding_may_bring_a_poc_which_is_no_text_to_be_matched():
    (finding,) = with_pocs("contract Exploit {}").findings

    assert finding.poc == "contract Exploit {}"
    assert "contract" not in str(finding.texts)


@pytest.mark.parametrize("poc", [None, "", " \n"])
def test_an_empty_poc_is_none(poc):
    parsed = with_pocs(poc)

    assert parsed.findings[0].poc == ""
    assert parsed.notes == ()


@pytest.mark.parametrize(
    ("poc", "note"),
    [
        (7, "poc of finding 0 is a number; left out; make it the Solidity source of a contract"),
        (["a"], "poc of finding 0 is a list; left out; make it the Solidity source of a contract"),
        ("a" * (MOST_POC_BYTES + 1), "poc of finding 0 is larger than 65536 bytes; left out"),
        ("\u00e4" * (MOST_POC_BYTES // 2 + 1), "poc of finding 0 is larger than 65536 bytes; left out"),
    ],
)
def test_a_poc_that_cannot_be_one_costs_itself_alone(poc, note):
    parsed = with_pocs(poc)

    assert parsed.findings[0].poc == ""
    assert parsed.findings[0].title == "Anyone can mint"
    assert parsed.notes == (note,)


def test_a_poc_may_be_as_long_as_it_may_be():
    assert len(with_pocs("a" * MOST_POC_BYTES).findings[0].poc) == MOST_POC_BYTES


def test_half_of_a_surrogate_pair_in_a_poc_breaks_nothing():
    assert with_pocs("contract Exploit {} // \ud800").findings[0].poc == "contract Exploit {} // ?"


def test_the_first_three_pocs_count():
    parsed = with_pocs("", "a", "b", "", "c", "d", "e")

    assert [finding.poc for finding in parsed.findings] == ["", "a", "b", "", "c", "", ""]
    assert parsed.notes == ("2 pocs past the first 3 are left out",)
