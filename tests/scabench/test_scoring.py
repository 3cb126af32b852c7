"""Scores follow from the decisions alone, and no report of noise is worth more than an empty one."""

import random

import pytest

from bitsec_eval.core.matching import Decision
from bitsec_eval.core.matching.lexical import LexicalMatcher
from bitsec_eval.core.reports.finding import Finding
from bitsec_eval.core.reports.report import Report
from bitsec_eval.scabench.dataset import read_dataset
from bitsec_eval.scabench.layouts import read_report
from bitsec_eval.scabench.scoring import count, passes, score
from tests.scabench.published import dataset, fee_finding, finding, noise, project, report, vulnerability

(DEMO,) = read_dataset(dataset())


def scored(*findings, expected=DEMO.expected):
    return score(expected, read_report(report(*findings)), LexicalMatcher())


def counted(verdicts, severities=None, rated=None, spare=0):
    """Count decisions made by hand: expected finding n is reported finding n, and `spare` more are reported."""
    truths = [Finding(severity=severity) for severity in severities or ["high"] * len(verdicts)]
    findings = [Finding(severity=severity) for severity in (rated or ["high"] * len(verdicts))]
    decisions = [
        Decision(expected=n, reported=None if v == "none" else n, verdict=v, confidence=1 - n / 100, reason="")
        for n, v in enumerate(verdicts)
    ]
    return count(truths, Report(findings=(*findings, *[Finding(severity="high")] * spare)), decisions)


def test_all_found_and_nothing_else_is_everything():
    result = scored(finding(), fee_finding()).score

    assert (result.points, result.precision, result.f1, result.all.detection) == (100, 1, 1, 1)
    assert result.passed


def test_an_empty_report_is_worth_nothing_and_has_no_precision():
    result = scored().score

    assert (result.points, result.precision, result.f1, result.all.detection) == (0, None, 0, 0)
    assert not result.passed


def test_grave_findings_are_counted_by_themselves():
    result = scored(finding()).score

    assert (result.grave.matched, result.grave.expected, result.all.matched, result.all.expected) == (1, 1, 1, 2)
    assert result.passed
    assert not scored(fee_finding()).score.passed


def test_official_figures_are_those_of_the_published_table():
    """188 expected, 20 matched, 3 partial, 214 false positives: precision 8.4 %, recall 10.6 %, F1 9.4 %."""
    result = counted(["match"] * 20 + ["partial"] * 3 + ["none"] * 165, spare=214 - 165).score

    assert result.false_positives == 214
    assert result.precision == pytest.approx(0.084, abs=5e-4)
    assert result.all.detection == pytest.approx(0.106, abs=5e-4)
    assert result.f1 == pytest.approx(0.094, abs=5e-4)


def test_points_are_the_weights_of_what_is_credited_and_of_a_pass():
    """Checks of high findings weigh 3 each, of critical ones 5, of medium ones 2, others 1; a PASS weighs 1."""
    assert counted(["match", "partial"]).score.points == pytest.approx(100 * 6 / 7)
    assert counted(["match", "none"]).score.points == pytest.approx(100 * 3 / 7)
    assert counted(["match"], spare=20).score.points == 0
    severities = ["critical", "high", "medium", "low", "", "info"]
    for at, weighs in enumerate([5, 3, 2, 1, 1, 0]):
        alone = ["none"] * at + ["match"] + ["none"] * (5 - at)
        assert counted(alone, severities).score.points == pytest.approx(100 * weighs / 13)
    assert counted(["match", "match", "none", "none", "none", "none"], severities).score.points == 100 * 9 / 13
    assert counted(["match"], ["medium"]).score.points == 100


@pytest.mark.parametrize("rating", ["Info", "informational", "Best Practices"])
def test_informational_findings_are_no_false_positives_but_earn_nothing(rating):
    result = counted(["match", "none"], rated=[rating, rating])

    assert result.score.false_positives == 0
    assert result.score.points == 0
    assert not result.score.passed
    assert result.credited == frozenset()


def test_expected_remarks_are_worth_nothing_in_points():
    assert counted(["match", "none"], severities=["high", "info"]).score.points == 100
    assert counted(["none", "match"], severities=["high", "info"], spare=0).score.points == 0


def test_every_ten_false_positives_take_back_the_least_sure_finding():
    verdicts = ["match", "match", "partial"]

    assert counted(verdicts, spare=9).credited == {0, 1, 2}
    assert counted(verdicts, spare=10).credited == {0, 1}
    assert counted(verdicts, spare=30).credited == frozenset()


def test_a_pass_takes_every_grave_finding_in_full():
    assert counted(["match", "match"]).score.passed
    assert not counted(["match", "partial"]).score.passed
    assert not counted(["match"], severities=["medium"]).score.passed
    assert not counted(["match"], spare=10).score.passed
    assert passes([counted(["match"]).score, counted(["none"]).score, counted(["match"]).score]) == (2, 3)


def test_equal_decisions_give_equal_scores():
    assert scored(finding(), *noise(5)) == scored(finding(), *noise(5))


# -- sprays

KINDS = ("reentrancy", "access control", "oracle manipulation", "rounding", "denial of service", "front-running")


def worth(*findings):
    return scored(*findings).score.points


def test_ten_thousand_random_findings_are_worth_nothing():
    chance = random.Random(7)
    words = (
        "ether",
        "caller",
        "balance",
        "owner",
        "fees",
        "vault",
        "attacker",
        "re-enter",
        "check",
        "collector",
        "sends",
    )
    sprayed = [
        finding(
            title=" ".join(chance.choices(words, k=6)),
            description=" ".join(chance.choices(words, k=60)),
            file=f"src/{chance.choice(['Vault', 'FeeRegistry', 'Other'])}.sol",
            location=f"{chance.choice(['withdrawAll', 'setCollector', 'deposit', 'quote', 'claim'])}()",
        )
        for _ in range(10_000)
    ]

    assert worth(*sprayed) == worth() == 0


def test_one_vague_finding_is_worth_nothing():
    vague = finding(title="reentrancy may exist everywhere", description="Reentrancy.", file="", location="")

    assert worth(vague) == 0
    assert worth(*[vague] * 100) == 0


def test_every_kind_at_every_function_is_worth_nothing():
    functions = [("Vault", f) for f in ("withdrawAll", "deposit", "pause", "sweep")]
    functions += [("FeeRegistry", f) for f in ("setCollector", "collectorOf", "renounce", "accrue")]
    sprayed = [
        finding(
            title=f"{kind} in {function}",
            description=f"{function}() has a problem with {kind}, so an attacker can steal funds.",
            vulnerability_type=kind,
            file=f"src/{contract}.sol",
            location=f"{function}()",
        )
        for kind in KINDS
        for contract, function in functions
    ]

    result = scored(*sprayed)

    assert result.score.points == 0
    assert result.credited == frozenset()


def test_an_unrated_finding_is_expected_as_any_other():
    (odd,) = read_dataset(dataset(project(vulnerabilities=[vulnerability(severity="")])))

    assert scored(finding(), expected=odd.expected).score.points == 100
