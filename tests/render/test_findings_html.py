"""Expected stands against reported, with the reason, whoever decided; hostile text stays text; a miner's part knows
nothing of the truth."""

import json
import re

import html5lib
import pytest

from bitsec_eval.core.matching.comparison_sheet import ComparisonSheet
from bitsec_eval.core.matching.expected import ExpectedFinding
from bitsec_eval.core.matching.lexical import LexicalMatcher
from bitsec_eval.core.matching.task_expectation import sheet_of
from bitsec_eval.core.proof.verdict import Attack, CallTold, PocResult
from bitsec_eval.core.reports.finding import Finding
from bitsec_eval.core.reports.report import Report
from bitsec_eval.judge import llm_matcher
from bitsec_eval.render.excerpts import opening, rest
from bitsec_eval.render.findings import findings_file, findings_html, reported, write_findings
from bitsec_eval.render.findings_index import write_index, write_tally
from bitsec_eval.render.trace import run_html
from bitsec_eval.scabench.scoring import score
from bitsec_eval.scabench.specimens import SPECIMENS, TOLD
from bitsec_eval.scabench.tables import sheet_of as scored_sheet
from tests.judge.judge_server import answer, judge_server

EXPECTED_FINDING = ExpectedFinding(
    file="src/Vault.sol",
    contract="Vault",
    function="withdrawAll",
    kinds=("reentrancy",),
    neighbours=("deposit", "set"),
)
SEEN = Finding(
    title="Reentrancy in withdrawAll", severity="high", vulnerability_type="reentrancy", file="src/Vault.sol"
)
WRONG = Finding(title="deposit overflows", vulnerability_type="overflow", file="src/Vault.sol", location="deposit")
NASTY = "<script>alert(1)</script><img src=x onerror=alert(1)>\"' onload='alert(1)' \x1b[31m\u202e\u200b{{ 7*7 }}"


def page(sheet):
    return findings_html("someone on something", [("", sheet)])


def words(html):
    return re.sub(r"\s+", " ", " ".join(html5lib.parse(html, namespaceHTMLElements=False).itertext()))


def gold(matcher):
    report = Report(findings=(*(specimen.finding for specimen in SPECIMENS[1:]), WRONG))
    return scored_sheet(TOLD, report, score([finding for _, finding in TOLD], report, matcher))


def test_structured_and_twin():
    told = words(page(sheet_of(EXPECTED_FINDING, Report(findings=(WRONG, SEEN)), Report(findings=(WRONG,)))))

    assert "withdrawAll match" in told
    assert "Why finding 1 names src/Vault.sol and withdrawAll and calls it reentrancy 100 % sure" in told
    assert "credited to nothing deposit overflows src/Vault.sol deposit overflow Why is about deposit" in told
    assert "on the mended twin deposit overflows" in told


def test_what_is_said_of_the_twin_too_is_near_and_says_so():
    told = words(page(sheet_of(EXPECTED_FINDING, Report(findings=(SEEN,)), Report(findings=(SEEN,)))))

    assert "withdrawAll not found" in told
    assert "Nearest of what was reported, finding 0" in told
    assert "but says so of the mended project too" in told


def test_lexical():
    told = words(page(gold(LexicalMatcher())))

    assert "0. withdrawAll not found" in told
    assert "1. setCollector match" in told
    assert re.search(r"Why words 0\.9\d alike \(", told)
    assert "75.0% (3 of 4)" in told


def test_llm():
    with judge_server(
        lambda asked: answer("match" if "stale" in asked.expected["Issue"].lower() else "none", 1)
    ) as at:
        told = words(page(gold(llm_matcher(model="m", api_key="k", url=at.url))))

    assert "2. quoteCollateral match" in told
    assert "Why the judge: " in told
    assert "0. withdrawAll not found" in told


def test_what_could_not_be_decided_says_why():
    assert "the judge cannot be asked" in words(page(ComparisonSheet(trouble="the judge cannot be asked")))


def test_the_index_counts_what_was_found_missed_and_credited_to_nothing(tmp_path):
    both = sheet_of(EXPECTED_FINDING, Report(findings=(WRONG, SEEN)), Report())
    none = sheet_of(EXPECTED_FINDING, Report(findings=(WRONG,)), Report())
    for agent, sheet, evaluation in (
        ("a", both, "now"), ("b", none, "before"), ("c", ComparisonSheet(trouble="not JSON <b>"), "now"),
    ):  # fmt: skip
        page = findings_file(tmp_path, agent, "suite/vault", 1)
        write_findings(page, "a title", sheet)
        write_tally(page, agent, "suite/vault", 1, evaluation, sheet)
    (tmp_path / "findings/a/other.json").write_text("{}")  # one without a page

    write_index(tmp_path / "findings", "now")

    html = (tmp_path / "findings/index.html").read_text()
    told = words(html)
    assert "a 1 of 1 found suite/vault, repeat 2 1 found 0 missed 1 unmatched" in told
    assert "suite/vault, repeat 2 earlier evaluation 0 found 1 missed 1 unmatched" in told
    assert "c 1 undecided suite/vault, repeat 2 not JSON <b>" in told
    for link in re.findall(r'href="([^"#]+)"', html):
        assert 'href="../index.html"' in (tmp_path / "findings" / link).read_text()


def test_without_pages_there_is_no_index(tmp_path):
    write_index(tmp_path / "findings", "now")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("public", [True, False])
def test_hostile_text_stays_text(public):
    nasty = Finding(**dict.fromkeys(SEEN.texts, NASTY), confidence=0.5)
    text = json.dumps({"findings": [nasty.texts]})
    if public:
        html = run_html({"agent": "a", "task": "t", "reported": [reported(text), reported("{NASTY")]})
    else:
        html = page(sheet_of(EXPECTED_FINDING, Report(findings=(nasty, SEEN), dropped=3), Report(findings=(nasty,))))
    elements = [
        each for each in html5lib.parse(html, namespaceHTMLElements=False).iter() if isinstance(each.tag, str)
    ]

    assert not {"script", "img"} & {each.tag for each in elements}
    assert not any(name.startswith("on") for each in elements for name in each.attrib)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e]", html)
    assert r"\x1b[31m\u202e\u200b{{ 7*7 }}" in words(html)


def test_a_miner_reads_what_was_taken_in_and_not_what_counts():
    texts = {"title": "Reentrancy", "severity": "high", "location": "withdrawAll"}
    told = words(
        run_html({
            "agent": "a",
            "task": "t",
            "reported": [reported(json.dumps({"findings": [texts] * 103})), reported("I found one")],
        })
    )  # fmt: skip

    assert "100 considered, as read from the answer; 3 more, past the first 100, not considered" in told
    assert "on the twin the report is not JSON" in told
    assert "credit" not in told


def test_long_texts_are_unfolded_whole_and_wrapped_lines_are_one():
    text = "\n".join(["A line that", "goes on.", "", "", "", "- one", "- two", "word " * 200])

    assert opening(text).startswith("A line that goes on.\n\n- one\n- two word")
    assert len(opening(text)) <= 420
    assert (opening(text) + rest(text)).split() == text.split()
    assert rest("short") == ""


ATTACKS = (
    Attack(
        who="the answer",
        project="faulty project",
        gain=77,
        least=10,
        calls=(CallTold(name="attack", result="reverted with '<b>no</b>'", gas=4321),),
        trouble="rent: reverted",
    ),
    Attack(who="the answer", project="mended twin", gain=3, dust=5),
)


def test_what_a_poc_did_is_told_call_by_call():
    result = PocResult(finding=0, works=True, reason="gained 77 of at least 10", attacks=ATTACKS)
    shown = page(ComparisonSheet(report=Report(findings=(Finding(title="A"),), pocs=(result,))))

    told = words(shown)
    assert "Poc of finding 0 works" in told
    assert "the answer, faulty project gained 77 of at least 10" in told
    assert "attack reverted with '<b>no</b>' 4321 gas" in told
    assert "Ended by an honest act that was undone: rent: reverted" in told
    assert "the answer, mended twin gained 3, rounding may leave 5 nothing was called" in told
    assert "<b>no</b>" not in shown


@pytest.mark.parametrize(("proves", "words_told"), [(True, "1 found 0 missed"), (False, "0 found 1 missed")])
def test_an_exploit_or_a_patch_has_a_page_and_counts_as_one(tmp_path, proves, words_told):
    sheet = ComparisonSheet(proves=proves, summary="proven", notes=("gained 77",), attacks=ATTACKS)
    path = findings_file(tmp_path, "able", "proof/case")
    write_findings(path, "able on proof/case: what ran", sheet)
    write_tally(path, "able", "proof/case", 0, "e", sheet)
    write_index(tmp_path / "findings", "e")

    assert "What ran on the EVM the answer, faulty project gained 77" in words(path.read_text())
    assert words_told in words((tmp_path / "findings/index.html").read_text())
