"""A report is read whatever an agent prints: as findings, or as one reason that tells the miner what to mend."""

import contextlib
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitsec_eval.core.errors import AnswerFault
from bitsec_eval.core.finding import TEXT_FIELDS, Finding, Severity, severity_of
from bitsec_eval.core.report import AUDIT_PROMPT, MOST_FINDINGS, MOST_TEXT_BYTES, Report, parse_report

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
    [(1, 1.0), (0, 0.0), (0.25, 0.25), ("0.5", 0.5), (" 7% ", 0.07), ("high", None), (None, None)],
)
def test_confidence_is_a_number_or_nothing(said, understood):
    assert parse_report(report({"confidence": said})).findings[0].confidence == understood


def test_the_last_fenced_block_counts_where_stdout_is_more_than_json():
    text = f"I looked at it.\n```json\n{report()}\n```\nBetter:\n```json\n{report(FOUND)}\n```\nThat is all.\n"

    assert parse_report(text).findings == (Finding(**FOUND),)


def test_a_fence_without_a_language_will_do():
    assert parse_report(f"Here:\n```\n{report(FOUND)}\n```").findings[0].title == FOUND["title"]


def test_a_fence_that_is_never_closed_is_none():
    assert reason(f"Here:\n```json\n{report(FOUND)}").startswith("the report is not JSON: ")


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
    report() + report(): "the report is not JSON: Extra data",
    "```json\n{]\n```": "the report is not JSON: Expecting property name",
    "[]": "the report is not a JSON object: it is a list; print one JSON object",
    "null": "the report is not a JSON object: it is null",
    '"findings"': "the report is not a JSON object: it is a text",
    "{}": "the report is not a list of findings: it holds nothing at all; print one JSON object",
    '{"issues": [], "x": 1}': "the report is not a list of findings: it holds only 'issues', 'x'; print one",
    '{"findings": {}}': "the report is not a list of findings: 'findings' is an object",
    '{"vulnerabilities": null}': "the report is not a list of findings: 'vulnerabilities' is null",
    '{"vulnerabilities": [], "findings": []}': "the report is not clear: it holds both",
    report(FOUND, "x"): "the report is not made of findings: entry 1 is a text; make it an object with title,",
    report({"title": True}): "the report is not well-formed: title of finding 0 is true or false; make it a text",
    report({}, {"file": {}}): "the report is not well-formed: file of finding 1 is an object; make it a text",
    report({"file": ["a", 1]}): "the report is not well-formed: file of finding 0 is a list",
    report({"confidence": 7}): "confidence of finding 0 is 7; make it a number from 0 to 1",
    report({"confidence": -0.1}): "confidence of finding 0 is -0.1; make it a number from 0 to 1",
    report({"confidence": True}): "confidence of finding 0 is true or false; make it a number from 0 to 1",
    report({"confidence": "250%"}): "confidence of finding 0 is 2.5",
    report({"title": "\ud800"}): "title of finding 0 holds half of a surrogate pair; print valid Unicode",
    '{"findings": [], "findings": []}': "the report is not JSON: an object has two 'findings'",
    '{"findings": [{"title": "a", "title": "b"}]}': "the report is not JSON: an object has two 'title'",
    '{"findings": [{"confidence": NaN}]}': "the report is not JSON: NaN is no JSON number",
    '{"findings": [{"confidence": -Infinity}]}': "the report is not JSON: -Infinity is no JSON number",
    '{"findings": [{"confidence": 1e400}]}': "the report is not JSON: 1e400 is too large a number",
    "9" * 1_000_000: "the report is not JSON: a number of 1000000 digits",
    "[" * 100_000: "the report is not JSON: more than 64 brackets deep at character 64",
    '{"a":' * 100_000: "the report is not JSON: more than 64 brackets deep",
    "x" * (8 << 20) + "x": "the report is not of a readable size: 8388609 characters, the most is 8388608",
    "\x1b[31m": "it begins '\\x1b[31m'",
}  # fmt: skip


@pytest.mark.parametrize("text", REASONS, ids=[str(number) for number in range(len(REASONS))])
def test_what_is_no_report_is_told_apart_in_a_line(text):
    assert REASONS[text] in reason(text)


def test_brackets_inside_texts_are_not_depth():
    assert parse_report(report({"title": "[" * 1000 + '\\"{{'})).findings[0].title == "[" * 1000 + '\\"{{'


HEAVY = ["[]" * 500_000, '"' + '\\"' * 500_000, '\\"' * 500_000, '"' * 1_000_000, "```\n" * 250_000, '{"":' * 250_000,
         '{"findings": [' + "{}," * 300_000 + "{}]}", '"\\' * 500_000]  # fmt: skip


@pytest.mark.parametrize("text", HEAVY, ids=[str(number) for number in range(len(HEAVY))])
def test_a_mebibyte_of_malice_is_read_in_a_moment(text):
    start = time.monotonic()
    with contextlib.suppress(AnswerFault):
        parse_report(text)

    assert time.monotonic() - start < 5


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

    assert reason(AUDIT_PROMPT).startswith("the report is not JSON: ")
    assert parse_report(shown).findings[0].confidence == 0.9
    assert all(name in AUDIT_PROMPT for name in (*TEXT_FIELDS, "confidence"))


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("critical", Severity.CRITICAL),
        ("High", Severity.HIGH),
        ("HIGH risk", Severity.HIGH),
        ("H-01", Severity.HIGH),
        ("med", Severity.MEDIUM),
        ("Low severity", Severity.LOW),
        ("Informational", Severity.INFO),
        ("Best Practices", Severity.INFO),
        ("medium/high", Severity.UNSAID),
        ("highest", Severity.UNSAID),
        ("", Severity.UNSAID),
    ],
)
def test_a_severity_is_understood_in_its_usual_spellings(text, severity):
    assert severity_of(text) is severity


def test_grave_is_what_stops_an_audit():
    assert [severity for severity in Severity if severity.grave] == [Severity.CRITICAL, Severity.HIGH]
