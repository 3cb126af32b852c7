"""What a findings task calls TRUTH: an `Expected`, or anything that can hold a report against itself.

The checks decide; this only shows, to whoever runs the evaluation, what they decided on and why.
"""

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from bitsec_eval.core.errors import TaskError
from bitsec_eval.core.finding import Finding
from bitsec_eval.core.matching import Decision, Verdict
from bitsec_eval.core.matching.expected import Expected
from bitsec_eval.core.matching.sheet import Pair, Sheet
from bitsec_eval.core.matching.structured import StructuredMatcher, judged
from bitsec_eval.core.matching.twins import Comparison, compare
from bitsec_eval.core.report import Report


@runtime_checkable
class Truth(Protocol):
    """A truth that is no `Expected`, such as an imported project's."""

    def sheet(self, report: Report) -> Sheet:
        """Return `report` beside the truth."""


def truth_of(module: object) -> Expected | Truth | None:
    """Return the TRUTH of a test module, or None for a module without.

    Raises:
        TaskError: there is a TRUTH that is something else.
    """
    truth = getattr(module, "TRUTH", None)
    if truth is None or isinstance(truth, (Expected, Truth)):
        return truth
    raise TaskError(f"TRUTH must be a bitsec_eval.Expected, got {type(truth).__name__}; give what the checks compare")


def sheet_of(truth: Expected | Truth, report: Report, twin_report: Report | None) -> Sheet:
    """Return `report` beside `truth`; `twin_report` is None where the task has no twin."""
    if not isinstance(truth, Expected):
        return truth.sheet(report)
    found = compare(truth, report, twin_report or Report())
    pair = Pair(
        name=truth.function, expected=_told(truth), decision=_decision(truth, report, found), credited=found.placed
    )
    return Sheet(
        pairs=(pair,),
        report=report,
        twin=twin_report,
        summary="found" if found.matched else "only the place was found" if found.placed else "not found",
        notes=tuple(_notes(found)),
        told=tuple(judged(truth, finding).reason for finding in report.findings),
        twin_told=tuple(judged(truth, finding).reason for finding in twin_report.findings) if twin_report else (),
    )


def _decision(truth: Expected, report: Report, found: Comparison) -> Decision:
    """Return what both reports together decide; what the twin disproves is near at most."""
    (alone,) = StructuredMatcher().match((truth,), report.findings)
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


def _told(truth: Expected) -> Finding:
    """Return the truth in the fields of a finding."""
    also = f", or {', '.join(truth.also)}" if truth.also else ""
    mentions = f"It has to speak of one of: {', '.join(truth.mentions)}." if truth.mentions else ""
    return Finding(
        title=f"{' or '.join(truth.kinds)} in {truth.function}",
        description=mentions,
        vulnerability_type=", ".join(truth.kinds),
        file=truth.file,
        location=truth.function + also,
    )
