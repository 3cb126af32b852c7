"""A finding counts where it names the file, the function and a kind that fits, and for one expected finding only."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitsec_eval.core.errors import TaskError
from bitsec_eval.core.matching import Matcher
from bitsec_eval.core.matching.denial import acquits
from bitsec_eval.core.matching.expected import ExpectedFinding
from bitsec_eval.core.matching.kinds import KINDS, kinds_in
from bitsec_eval.core.matching.structured import StructuredMatcher
from bitsec_eval.core.reports.finding import Finding


def expected(**changes):
    fields = {
        "file": "src/Desk.sol",
        "contract": "Desk",
        "function": "collect",
        "kinds": ("access-control",),
        "neighbours": ("close", "refund", "sweep", "quote"),
    }
    return ExpectedFinding(**fields | changes)


def finding(**changes):
    fields = {
        "title": "Anyone can take what customers approved",
        "severity": "high",
        "vulnerability_type": "access control",
        "file": "src/Desk.sol",
        "location": "Desk.collect",
    }
    return Finding(**fields | changes)


def decide(reported, truth=None):
    (decision,) = StructuredMatcher().match((truth or expected(),), (reported,))
    return decision


MATCHES = {
    "as it should be": {},
    "a function with its parameters": {"location": "collect(address from, uint256 n), lines 10-20"},
    "a path from elsewhere": {"file": "./contracts/../src/Desk.sol"},
    "a bare file name": {"file": "Desk.sol"},
    "a path with backslashes": {"file": "src\\Desk.sol"},
    "a file with a line": {"file": "src/Desk.sol:12"},
    "the contract for the file": {"file": "Desk"},
    "no file but the contract": {"file": ""},
    "no file but in the location": {"file": "", "location": "Desk.sol, collect"},
    "the function only in the title": {"location": "line 12", "title": "Missing access control in collect"},
    "all of it only in the description": {
        "title": "A grave fault",
        "vulnerability_type": "",
        "location": "",
        "file": "",
        "description": "In Desk.sol, collect lacks an owner check, so any caller can drain every allowance.",
    },
    "two other functions beside it": {"location": "collect, close and refund"},
    "two kinds": {"vulnerability_type": "access control / denial of service"},
    "a lack, which is no denial": {"title": "No access control on collect"},
}


@pytest.mark.parametrize("case", MATCHES)
def test_names_file_function_and_kind(case):
    decision = decide(finding(**MATCHES[case]))

    assert (decision.verdict, decision.reported, decision.confidence) == ("match", 0, 1.0)
    assert decision.reason == "finding 0 names src/Desk.sol and collect and calls it access-control"


MISSES = {
    "another function": ({"location": "refund"}, "is about refund, not collect"),
    "another function although the title has it": (
        {"location": "refund", "title": "collect"},
        "is about refund, not",
    ),
    "another file": ({"file": "src/Shop.sol"}, "is about the file src/Shop.sol, not src/Desk.sol"),
    "another file of that end": ({"file": "src/HelpDesk.sol"}, "is about the file src/HelpDesk.sol"),
    "another file in the location": (
        {"file": "", "location": "Shop.sol collect"},
        "is about the file Shop.sol collect",
    ),
    "another contract": ({"file": "", "location": "Shop.collect"}, "names no file"),
    "another spelling": ({"location": "Collect", "title": "Missing guard"}, "names no function of the project"),
    "a longer name": ({"location": "collectAll", "title": "Access control"}, "names no function of the project"),
    "no place at all": ({"location": "everywhere", "title": "Access control"}, "names no function of the project"),
    "every place": ({"location": "collect, close, refund, sweep"}, "names 4 functions at once, which is no place"),
    "every file": ({"file": "a.sol b.sol c.sol src/Desk.sol"}, "names 4 files at once, which is no place"),
    "no kind": ({"vulnerability_type": "bug", "title": "collect"}, "but no known kind of vulnerability"),
    "every kind": (
        {"title": "", "vulnerability_type": "access control, reentrancy, oracle, rounding, denial of service"},
        "but 5 kinds at once, which is no claim",
    ),
    "a denial in the title": ({"title": "collect is not vulnerable"}, "says that there is no fault"),
    "a denial in the description": ({"description": "There is no access control issue. Really."}, "says that there"),
    "a denial in the severity": ({"severity": "none"}, "says that there is no fault"),
    "a denial in the kind": ({"vulnerability_type": "None"}, "says that there is no fault"),
    "nothing": (dict.fromkeys(["title", "vulnerability_type", "file", "location"], ""), "names no function"),
}


@pytest.mark.parametrize("case", MISSES)
def test_anything_less_is_no_match_and_says_why(case):
    changes, reason = MISSES[case]
    decision = decide(finding(**changes))

    assert (decision.verdict, decision.reported, decision.confidence) == ("none", None, 0.0)
    assert decision.reason.startswith("no finding is near; the nearest, 0, ")
    assert reason in decision.reason


def test_the_right_place_under_a_wrong_kind_is_partly_right():
    decision = decide(finding(vulnerability_type="reentrancy", title="Reentrancy in collect"))

    assert (decision.verdict, decision.reported, decision.confidence) == ("partial", 0, 0.5)
    assert decision.reason == "finding 0 names src/Desk.sol and collect, but calls it reentrancy"


def test_the_right_kind_of_something_else_is_partly_right():
    truth = expected(mentions=("fee", "commission"))

    assert decide(finding(), truth).verdict == "partial"
    assert decide(finding(), truth).reason.endswith("calls it access-control, but of something else")
    assert decide(finding(description="It keeps the collectedFees."), truth).verdict == "match"


def test_the_fault_may_be_placed_where_else_it_shows():
    assert decide(finding(location="pay"), expected(also=("pay",))).verdict == "match"


def test_nothing_reported_is_said_so():
    (decision,) = StructuredMatcher().match((expected(),), ())

    assert (decision.verdict, decision.reason) == ("none", "nothing was reported")


def test_one_finding_counts_for_one_truth_only():
    truths = (expected(), expected(function="close", neighbours=("collect", "refund")))
    first, second = StructuredMatcher().match(truths, (finding(location="collect, close"),))

    assert (first.verdict, second.verdict) == ("match", "none")
    assert second.reason == (
        "finding 0 names src/Desk.sol and close and calls it access-control, but counts for another expected finding"
    )


def test_a_finding_that_fits_two_truths_goes_where_the_other_finds_none():
    truths = (expected(), expected(function="close", neighbours=("collect", "refund")))
    reported = (finding(location="collect, close"), finding())

    assert [decision.reported for decision in StructuredMatcher().match(truths, reported)] == [1, 0]


def test_a_match_is_never_given_up_for_parts():
    truths = (expected(), expected(kinds=("reentrancy",)), expected(kinds=("oracle",)))
    decisions = StructuredMatcher().match(truths, (finding(),))

    assert [decision.verdict for decision in decisions] == ["match", "none", "none"]


def test_the_matcher_is_one_of_the_matchers():
    matcher: Matcher[ExpectedFinding] = StructuredMatcher()

    assert matcher.match((), ()) == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kinds": ("acess-control",)}, "kinds does not know 'acess-control'; known are access-control, accounting,"),
        ({"kinds": ()}, "kinds needs one at least; known are access-control"),
        ({"neighbours": ("collect",)}, "'collect' is both at fault and a neighbour; leave it out of one of them"),
    ],
)
def test_a_truth_that_cannot_be_meant_is_refused(changes, words):
    with pytest.raises(TaskError, match=re.escape(words)):
        expected(**changes)


KINDS_SPOKEN = {
    "Access Control": {"access-control"},
    "access_control": {"access-control"},
    "missing authorization": {"access-control"},
    "Lack of access restrictions": {"access-control"},
    "unprotected withdraw function": {"access-control"},
    "the helper should have been internal": {"access-control"},
    "Anyone can call drain": {"access-control"},
    "lets any user pull tokens": {"access-control"},
    "arbitrary-send-erc20": {"arbitrary-from"},
    "Arbitrary `from` in transferFrom": {"arbitrary-from"},
    "attacker steals all tokens approved to the contract": {"arbitrary-from"},
    "allowances can be drained": {"arbitrary-from"},
    "transfers tokens from any account": {"arbitrary-from"},
    "does not check that payer is msg.sender": {"arbitrary-from"},
    "re-entrancy": {"reentrancy"},
    "Reentrant call": {"reentrancy"},
    "DoS": {"denial-of-service"},
    "oracle manipulation": {"oracle"},
    "incorrect accounting": {"accounting"},
    "totalAssets is overstated": {"accounting"},
    "fees are never deducted from the assets": {"accounting"},
    "the share price includes the uncollected fee": {"accounting"},
    "new depositors overpay": {"accounting"},
    "First depositor attack": {"donation"},
    "integer overflow": {"arithmetic"},
    "Signature replay": {"signature"},
    "unchecked return value": {"unchecked-return"},
    "fee-on-transfer tokens": {"token-compatibility"},
    "Centralization risk": {"centralization"},
    "logic error": set(),
    "the reporter": set(),
    "dosage": set(),
    "": set(),
}


@pytest.mark.parametrize("text", KINDS_SPOKEN)
def test_a_kind_is_recognised_by_its_usual_words(text):
    assert kinds_in(text) == KINDS_SPOKEN[text]


@pytest.mark.parametrize(
    "text",
    [
        "no reentrancy issue",
        "no vulnerabilities found",
        "not exploitable",
        "is safe",
        "The code is correct.",
        "false positive",
    ],
)
def test_a_denial_is_understood(text):
    assert acquits(text)


@pytest.mark.parametrize(
    "text",
    ["no access control", "is safe only if the owner is honest", "not checked", "it is not safe", "unsafe", "noisy"],
)
def test_a_complaint_is_no_denial(text):
    assert not acquits(text)


WORDS = st.sampled_from(
    ["collect", "close", "Desk", "src/Desk.sol", "access control", "reentrancy", "no", "issue", "safe"]
)
TEXTS = st.lists(WORDS).map(" ".join)
FINDINGS = st.builds(
    Finding, title=TEXTS, description=TEXTS, severity=TEXTS, vulnerability_type=TEXTS, file=TEXTS, location=TEXTS
)


@given(st.lists(FINDINGS, max_size=6))
def test_every_truth_gets_one_decision_and_no_finding_two(reported):
    truths = (expected(), expected(kinds=("reentrancy",)), expected(function="close", neighbours=()))
    decisions = StructuredMatcher().match(truths, reported)
    given_away = [decision.reported for decision in decisions if decision.reported is not None]

    assert [decision.expected for decision in decisions] == [0, 1, 2]
    assert len(given_away) == len(set(given_away))
    assert all((decision.reported is None) == (decision.verdict == "none") for decision in decisions)
    assert all(decision.reason and "\n" not in decision.reason for decision in decisions)


@given(st.text())
def test_any_text_has_its_kinds(text):
    assert kinds_in(text) <= KINDS
