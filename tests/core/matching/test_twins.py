"""Two reports prove that a fault was seen only where the second, on the mended twin, does not show it was guessed."""

import time

import pytest

from bitsec_eval.core.matching.expected import ExpectedFinding
from bitsec_eval.core.matching.twins import Comparison, compare
from bitsec_eval.core.proof.verdict import PocResult
from bitsec_eval.core.reports.finding import Finding
from bitsec_eval.core.reports.report import Report
from bitsec_eval.core.reports.severity import Severity

NEIGHBOURS = ("close", "refund", "sweep", "quote", "publish", "renew")
BUG = ExpectedFinding(
    file="Desk.sol",
    contract="Desk",
    function="collect",
    also=("pay",),
    kinds=("access-control",),
    neighbours=NEIGHBOURS,
)


def seen(location="collect", kind="access control", severity="high"):
    return Finding(
        title=f"A fault in {location}", vulnerability_type=kind, severity=severity, file="Desk.sol", location=location
    )


def compared(*findings, twin=()):
    return compare(BUG, Report(findings=findings), Report(findings=tuple(twin)))


def nothing(found):
    return not (found.placed or found.matched or found.severity)


def test_what_is_seen_here_and_not_in_the_twin_is_proved():
    assert compared(seen()) == Comparison(
        placed=True,
        matched=True,
        severity=Severity.HIGH,
        reason="finding 0 names Desk.sol and collect and calls it access-control",
    )


def test_what_is_seen_in_both_proves_nothing():
    found = compared(seen(), twin=[seen()])

    assert nothing(found)
    assert found.reason.endswith("but says so of the mended project too")


@pytest.mark.parametrize(
    "again",
    [
        seen("pay"),
        seen("collect, close, refund, sweep"),
        seen(kind="access control, oracle, rounding, reentrancy, signature"),
    ],
)
def test_in_the_twin_even_a_vague_accusation_is_one(again):
    assert nothing(compared(seen(), twin=[again]))


def test_another_fault_in_the_twin_takes_nothing_away():
    assert compared(seen(), twin=[seen(kind="reentrancy")]).matched


def test_a_denial_in_the_twin_takes_nothing_away():
    assert compared(seen(), twin=[seen(severity="none")]).matched


def test_the_place_under_another_name_is_placed_and_not_matched():
    found = compared(seen(kind="reentrancy"))

    assert (found.placed, found.matched) == (True, False)


def test_the_place_under_any_name_in_the_twin_too_is_not_placed():
    assert nothing(compared(seen(kind="reentrancy"), twin=[seen(kind="oracle")]))


def test_one_neighbour_accused_is_told_and_forgiven():
    found = compared(seen(), seen("close"))

    assert (found.matched, found.accused) == (True, ("close",))


def test_a_neighbour_accused_in_the_twin_is_told():
    assert compared(seen(), twin=[seen("close")]).accused == ("close",)


def test_a_neighbour_accused_of_something_else_is_not_told():
    assert compared(seen(), seen("close", kind="rounding")).accused == ()


def test_where_the_fault_shows_beside_its_place_is_no_accusation():
    assert compared(seen("collect, close")).accused == ()


def test_two_neighbours_accused_are_a_spray():
    found = compared(seen(), seen("close"), seen("refund"))

    assert nothing(found)
    assert found.reason == "the report accuses 2 innocent functions of the same kind: close, refund"


def test_a_spray_inside_findings_is_one():
    assert nothing(compared(seen("collect, close, refund"), seen("sweep, quote, publish")))


def test_a_spray_of_mixed_kinds_is_one():
    kinds = ("reentrancy", "oracle", "rounding", "signature")
    found = compared(seen(), *map(seen, NEIGHBOURS, kinds))

    assert nothing(found)
    assert found.reason == "the report accuses 4 of 6 innocent functions"


def test_every_kind_at_the_right_place_is_a_spray():
    kinds = ("access control", "reentrancy", "oracle", "rounding", "signature")
    found = compared(*(seen(kind=kind) for kind in kinds))

    assert nothing(found)
    assert found.reason.startswith("the report calls the fault 5 kinds of thing: access-control, ")


def test_other_faults_that_are_placed_take_nothing_away():
    assert compared(seen(), seen("close", "rounding"), seen("quote", "oracle"), seen("nowhere", "oracle")).matched


def test_nothing_reported_proves_nothing():
    assert compared() == Comparison(reason="nothing was reported")


SLOW = ("a" * 4000, "transfer." * 450, "includ." * 580, "no." * 1300, "not check " * 400, "any user approv " * 250)


def test_a_hundred_findings_made_to_be_slow_are_compared_in_a_moment():
    texts = [SLOW[number % len(SLOW)] for number in range(100)]
    fields = ("title", "description", "vulnerability_type", "location")
    slow = [Finding(**dict.fromkeys(fields, f"collect {number} {text}")) for number, text in enumerate(texts)]

    start = time.process_time()
    compared(*slow, twin=slow[::-1])

    assert time.process_time() - start < 20


def proven(*findings, at=0, works=True, twin=()):
    """Return what is proven where finding number `at` brings a poc."""
    result = PocResult(finding=at, works=works, reason="ran")
    return compare(BUG, Report(findings=findings, pocs=(result,)), Report(findings=tuple(twin)))


WORDLESS = Finding(title="Something is off", severity="high")


def test_a_poc_that_works_needs_no_words():
    found = proven(seen("quote", "oracle"), WORDLESS, at=1)

    assert found == Comparison(
        placed=True,
        matched=True,
        severity=Severity.HIGH,
        reason="the poc of finding 1 works on this project and not on its mended twin",
        proven_by=1,
    )


def test_a_finding_that_is_proven_accuses_nobody():
    assert proven(seen("close")).accused == ()
    assert proven(seen("close")).matched


@pytest.mark.parametrize("findings", [(), (WORDLESS,), (seen(),), (seen(), seen("close")), (seen("close"),)])
@pytest.mark.parametrize("twin", [(), (seen(),)])
def test_a_poc_that_does_not_work_leaves_everything_to_words(findings, twin):
    assert proven(*findings, works=False, twin=twin) == compared(*findings, twin=twin)


def test_a_proof_takes_no_false_accusation_back():
    found = proven(WORDLESS, seen("close"), seen("refund"), twin=[seen("sweep"), seen()])

    assert found.matched
    assert found.accused == ("close", "refund", "sweep", "the mended collect")


def test_findings_beside_a_proof_stay_what_they_are():
    """One poc proves one fault: a second finding that brings it too is an accusation like any other."""
    results = tuple(PocResult(finding=at, works=True, reason="ran") for at in (0, 1))
    report = Report(findings=(WORDLESS, seen("close")), pocs=results)

    assert compare(BUG, report, Report()).accused == ("close",)


def test_a_proof_is_never_worth_less_than_the_words():
    words = compared(WORDLESS, seen())
    found = proven(Finding(title="Something is off", severity="low"), seen())

    assert found == words
    assert found.severity is Severity.HIGH
