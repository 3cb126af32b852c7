"""Scores of one report on one project, from decisions that are already made.

Two readings of the same decisions:

*The official one.* Matched, partial and false positive findings as Nethermind's AuditAgent scoring counts them.
A false positive is a reported finding that is neither matched nor partial, unless it is rated informational.
Precision is matched of matched, partial and false positive; recall is matched of all expected.

*Points*, 0 to 100, which a spray does not earn: what an imported task gives for the same report, by one rule. Each
expected finding above a remark is a check, which weighs 5, 3, 2 or 1 by its severity; a match and a partial one pass
it, and every ten false positives take back the one that is least sure. One more check is a PASS, where anything is
grave. What an agent rates informational earns nothing and costs nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bitsec_eval.core.matching import Decision, Matcher
from bitsec_eval.core.reports.finding import Finding
from bitsec_eval.core.reports.report import Report
from bitsec_eval.core.reports.severity import Severity, severity_of

WEIGHTS = {Severity.CRITICAL: 5, Severity.HIGH: 3, Severity.MEDIUM: 2}
"""What the check of an expected finding weighs; any other above a remark weighs 1, and so does that of a PASS."""

FALSE_POSITIVES_A_FINDING = 10


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
    grave = _tally([decision for decision in decisions if severities[decision.expected].grave])
    credited = _credited(earning, false)
    counted = Score(
        all=_tally(decisions),
        grave=grave,
        false_positives=false,
        reported=len(report.findings),
        dropped=report.dropped,
        points=_points(severities, credited, grave),
    )
    return Scored(score=counted, decisions=tuple(decisions), credited=credited)


def passes(scores: Sequence[Score]) -> tuple[int, int]:
    """Return in how many of how many runs a project passed."""
    return sum(each.passed for each in scores), len(scores)


def _tally(decisions: Sequence[Decision]) -> VerdictCounts:
    verdicts = [decision.verdict for decision in decisions]
    return VerdictCounts(expected=len(verdicts), matched=verdicts.count("match"), partial=verdicts.count("partial"))


def weight(severity: Severity) -> int:
    """Return what the check of an expected finding weighs; a remark has none."""
    return 0 if severity is Severity.INFO else WEIGHTS.get(severity, 1)


def _points(severities: Sequence[Severity], credited: frozenset[int], grave: VerdictCounts) -> float:
    attainable = sum(map(weight, severities)) + (1 if grave.expected else 0)
    earned = sum(weight(severities[each]) for each in credited)
    passed = 1 if earned and grave.expected and grave.matched == grave.expected else 0
    return 100 * (earned + passed) / attainable if attainable else 0.0


def _credited(earning: Sequence[Decision], false: int) -> frozenset[int]:
    """Return the expected findings that count as found: every ten false positives take back the least sure one."""
    surest = sorted(
        earning, key=lambda decision: (decision.verdict != "match", -decision.confidence, decision.expected)
    )
    kept = max(0, len(surest) - false // FALSE_POSITIVES_A_FINDING)
    return frozenset(decision.expected for decision in surest[:kept])
