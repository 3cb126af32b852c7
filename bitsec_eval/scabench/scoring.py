"""Scores of one report on one project, from decisions that are already made.

Two readings of the same decisions:

*The official one.* Matched, partial and false positive findings as Nethermind's AuditAgent scoring counts them.
A false positive is a reported finding that is neither matched nor partial, unless it is rated informational.
Precision is matched of matched, partial and false positive; recall is matched of all expected.

*Points*, 0 to 100, which a spray does not earn. A matched finding is worth 1 and a partial one 1/2, and each false
positive takes back 1/10: more than every tenth finding has to be true before anything is earned.
Remarks stand aside on both sides: an expected informational finding is worth nothing, and what an agent rates
informational earns nothing and costs nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bitsec_eval.core.finding import Finding
from bitsec_eval.core.matching import Decision, Matcher
from bitsec_eval.core.report import Report
from bitsec_eval.core.severity import Severity, severity_of

PARTIAL_WORTH = 0.5
FALSE_POSITIVE_COST = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictCounts:
    """How many expected findings there are, and how many of them are matched and partly matched."""

    expected: int = 0
    matched: int = 0
    partial: int = 0

    @property
    def detection(self) -> float | None:
        """The share of expected findings that are matched; None where none is expected."""
        return self.matched / self.expected if self.expected else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One report on one project; `grave` counts the critical and high findings alone, `all` every one.

    `reported` findings were considered, `dropped` more were not.
    """

    all: VerdictCounts
    grave: VerdictCounts
    false_positives: int
    reported: int
    dropped: int
    points: float

    @property
    def precision(self) -> float | None:
        """Matched of all that was asserted; None where nothing was."""
        asserted = self.all.matched + self.all.partial + self.false_positives
        return self.all.matched / asserted if asserted else None

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; 0 where either is 0 or there is none."""
        precision, recall = self.precision or 0.0, self.all.detection or 0.0
        return 2 * precision * recall / (precision + recall) if precision and recall else 0.0

    @property
    def passed(self) -> bool:
        """Bitsec's PASS: every critical and high finding is matched, and the report is worth more than none."""
        return self.grave.expected > 0 and self.grave.matched == self.grave.expected and self.points > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A score with the decisions it was counted from, and the ids of those an agent is credited with."""

    score: Score
    decisions: tuple[Decision, ...]
    credited: frozenset[int]


def score(expected: Sequence[Finding], report: Report, matcher: Matcher[Finding]) -> Scored:
    """Return what `report` is worth against `expected`; the same decisions always give the same score."""
    decisions = matcher.match(expected, report.findings)
    return count(expected, report, decisions)


def count(expected: Sequence[Finding], report: Report, decisions: Sequence[Decision]) -> Scored:
    """Return the score that `decisions` on `expected` and `report` give."""
    severities = [severity_of(finding.severity) for finding in expected]
    rated = [severity_of(finding.severity) for finding in report.findings]
    used = {decision.reported for decision in decisions}
    false = sum(severity is not Severity.INFO for reported, severity in enumerate(rated) if reported not in used)
    earning = [
        decision
        for decision in decisions
        if decision.reported is not None
        and severities[decision.expected] is not Severity.INFO
        and rated[decision.reported] is not Severity.INFO
    ]
    grave = [decision for decision in decisions if severities[decision.expected].grave]
    counted = Score(
        all=_tally(decisions),
        grave=_tally(grave),
        false_positives=false,
        reported=len(report.findings),
        dropped=report.dropped,
        points=_points(earning, false, sum(severity is not Severity.INFO for severity in severities)),
    )
    return Scored(score=counted, decisions=tuple(decisions), credited=_credited(earning, false))


def passes(scores: Sequence[Score]) -> tuple[int, int]:
    """Return in how many of how many runs a project passed."""
    return sum(each.passed for each in scores), len(scores)


def _tally(decisions: Sequence[Decision]) -> VerdictCounts:
    verdicts = [decision.verdict for decision in decisions]
    return VerdictCounts(expected=len(verdicts), matched=verdicts.count("match"), partial=verdicts.count("partial"))


def _worth(decision: Decision) -> float:
    return 1.0 if decision.verdict == "match" else PARTIAL_WORTH


def _points(earning: Sequence[Decision], false: int, attainable: int) -> float:
    earned = sum(map(_worth, earning)) - FALSE_POSITIVE_COST * false
    return max(0.0, 100 * earned / attainable) if attainable else 0.0


def _credited(earning: Sequence[Decision], false: int) -> frozenset[int]:
    """Return the expected findings that count as found: every ten false positives take back the least sure one."""
    surest = sorted(earning, key=lambda decision: (-_worth(decision), -decision.confidence, decision.expected))
    kept = max(0, len(surest) - int(FALSE_POSITIVE_COST * false + 1e-9))
    return frozenset(decision.expected for decision in surest[:kept])
