"""A findings task's EXPECTED_FINDING: an `ExpectedFinding`, or whatever can hold a report against itself.

The checks decide; this only shows, to whoever runs the evaluation, what they decided on and why.
"""

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from bitsec_eval.core.errors import TaskError
from bitsec_eval.core.matching import Decision, Matcher, Verdict
from bitsec_eval.core.matching.comparison_sheet import ComparisonSheet, Pair
from bitsec_eval.core.matching.expected import ExpectedFinding
from bitsec_eval.core.matching.structured import StructuredMatcher, judged
from bitsec_eval.core.matching.twins import Comparison, compare
from bitsec_eval.core.reports.finding import Finding
from bitsec_eval.core.reports.report import Report

NAMES = ("EXPECTED_FINDING", "EXPECTED_FINDINGS", "TRUTH")
"""What a task file may call it; TRUTH is the name of older files."""


@runtime_checkable
class HoldsReports(Protocol):
    """What is expected of a report, but is no `ExpectedFinding`: such as an imported project."""

    def sheet(self, report: Report) -> ComparisonSheet:
        """Return `report` beside what was expected."""


@runtime_checkable
class TakesMatcher(Protocol):
    """What is expected of a report and leaves it to the evaluation who decides."""

    def take_matcher(self, matcher: Matcher[Finding]) -> None:
        """Have `matcher` decide from now on."""


def expected_in(module: object) -> ExpectedFinding | HoldsReports | None:
    """Return what a test module calls by one of `NAMES`, or None for a module without.

    Raises:
        TaskError: it is something else.
    """
    name = next((name for name in NAMES if getattr(module, name, None) is not None), "")
    expected = getattr(module, name, None) if name else None
    if expected is None or isinstance(expected, (ExpectedFinding, HoldsReports)):
        return expected
    found = type(expected).__name__
    raise TaskError(f"{name} must be a bitsec_eval.ExpectedFinding, got {found}; give what the checks compare")


def sheet_of(expected: ExpectedFinding | HoldsReports, report: Report, twin_report: Report | None) -> ComparisonSheet:
    """Return `report` beside `expected`; `twin_report` is None where the task has no twin."""
    if not isinstance(expected, ExpectedFinding):
        return expected.sheet(report)
    found = compare(expected, report, twin_report or Report())
    pair = Pair(
        name=expected.function,
        expected=_told(expected),
        decision=_decision(expected, report, found),
        credited=found.placed,
    )
    return ComparisonSheet(
        pairs=(pair,),
        report=report,
        twin=twin_report,
        summary="found" if found.matched else "only the place was found" if found.placed else "not found",
        notes=tuple(_notes(found)),
        told=tuple(judged(expected, finding).reason for finding in report.findings),
        twin_told=tuple(judged(expected, finding).reason for finding in twin_report.findings) if twin_report else (),
    )


def _decision(expected: ExpectedFinding, report: Report, found: Comparison) -> Decision:
    """Return what both reports together decide; what the twin disproves is near at most."""
    if found.proven_by is not None:
        return Decision(expected=0, reported=found.proven_by, verdict="match", confidence=1.0, reason=found.reason)
    (alone,) = StructuredMatcher().match((expected,), report.findings)
    verdict: Verdict = "match" if found.matched else "partial" if found.placed else "none"
    return Decision(
        expected=0,
        reported=alone.reported if found.placed else None,
        verdict=verdict,
        confidence=alone.confidence if found.placed else 0.0,
        reason=found.reason,
        nearest=None if found.placed else alone.nearest if alone.reported is None else alone.reported,
    )


def _notes(found: Comparison) -> Iterator[str]:
    if found.accused:
        yield f"accused, though innocent: {', '.join(found.accused)}"
    if found.placed and not found.severity.grave:
        yield f"rated {found.severity.value or 'not at all'}, which is not grave"


def _told(expected: ExpectedFinding) -> Finding:
    """Return what is expected in the fields of a finding."""
    also = f", or {', '.join(expected.also)}" if expected.also else ""
    mentions = f"It has to speak of one of: {', '.join(expected.mentions)}." if expected.mentions else ""
    return Finding(
        title=f"{' or '.join(expected.kinds)} in {expected.function}",
        description=mentions,
        vulnerability_type=", ".join(expected.kinds),
        file=expected.file,
        location=expected.function + also,
    )
