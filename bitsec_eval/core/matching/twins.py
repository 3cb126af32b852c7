"""Compares two reports: one on a project with the fault, one on its twin without.

A report that names the right function proves little: it may name every function, or any that is public.
So the same agent also sees the twin, and what it says of both proves nothing.
Nor does a report that accuses many of the project's functions.
One neighbour beside the right function is a mistake, more are a spray.
A finding whose poc works is another matter: what ran needs no words, and whoever has proven a fault has not guessed.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from bitsec_eval.core.matching import Decision
from bitsec_eval.core.matching.claims import claim
from bitsec_eval.core.matching.expected import ExpectedFinding
from bitsec_eval.core.matching.structured import MOST_FUNCTIONS, MOST_KINDS, StructuredMatcher
from bitsec_eval.core.reports.finding import Finding
from bitsec_eval.core.reports.report import Report
from bitsec_eval.core.reports.severity import Severity, severity_of

MOST_WRONGLY_ACCUSED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What the two reports prove; each claim holds only where the report of the twin does not disprove it.

    `placed`: the fault was seen at the right place, whatever it was called.
    `matched`: and it was called what it is.
    `severity` is the one given to the finding that placed it.
    `accused` are the neighbours said, in either project, to have a fault of the same kind.
    `reason` tells in a line how it came to this.
    `proven_by` is the number of the finding whose poc decided, None where words did.
    """

    placed: bool = False
    matched: bool = False
    severity: Severity = Severity.UNSAID
    accused: tuple[str, ...] = ()
    reason: str
    proven_by: int | None = None


def compare(expected: ExpectedFinding, report: Report, twin_report: Report) -> Comparison:
    """Return what `report`, on the project with the fault, and `twin_report`, without, prove about `expected`.

    A poc that works is never worth less than the words of the report alone.
    """
    by_words = _compared(expected, report, twin_report)
    proven = next((result.finding for result in report.pocs if result.works), None)
    if proven is None:
        return by_words
    return max(by_words, _proven(expected, report, twin_report, proven), key=_worth)


def _worth(found: Comparison) -> tuple[bool, bool, bool]:
    return found.matched, not found.accused, found.severity.grave


def _proven(expected: ExpectedFinding, report: Report, twin_report: Report, proven: int) -> Comparison:
    """Return what a working poc proves; all other findings, on both projects, still accuse whom they accuse."""
    others = [*report.findings[:proven], *report.findings[proven + 1 :]]
    innocent = _accused(expected, (*others, *twin_report.findings), expected.fits)
    again = (_kinds_at_place(expected, twin_report.findings) or frozenset()) & expected.fits
    return Comparison(
        placed=True,
        matched=True,
        severity=severity_of(report.findings[proven].severity),
        accused=(*innocent, *([f"the mended {expected.function}"] if again else ())),
        reason=f"the poc of finding {proven} works on this project and not on its mended twin",
        proven_by=proven,
    )


def _compared(expected: ExpectedFinding, report: Report, twin_report: Report) -> Comparison:
    accused = _accused(expected, (*report.findings, *twin_report.findings), expected.fits)
    spray = _spray(expected, report)
    if spray:
        return Comparison(accused=accused, reason=spray)
    (decision,) = StructuredMatcher().match((expected,), report.findings)
    if decision.reported is None:
        return Comparison(accused=accused, reason=decision.reason)
    return _against_twin(expected, decision, report.findings[decision.reported], twin_report, accused)


def _against_twin(
    expected: ExpectedFinding, decision: Decision, finding: Finding, twin_report: Report, accused: tuple[str, ...]
) -> Comparison:
    matched = decision.verdict == "match"
    again = _kinds_at_place(expected, twin_report.findings)
    if again is not None and (not matched or again & expected.fits):
        return Comparison(accused=accused, reason=f"{decision.reason}, but says so of the mended project too")
    return Comparison(
        placed=True,
        matched=matched,
        severity=severity_of(finding.severity),
        accused=accused,
        reason=decision.reason,
    )


def _spray(expected: ExpectedFinding, report: Report) -> str:
    """Return why `report` accuses too much to have seen anything, or nothing."""
    alike = _accused(expected, report.findings, expected.fits)
    if len(alike) > MOST_WRONGLY_ACCUSED:
        return f"the report accuses {len(alike)} innocent functions of the same kind: {', '.join(alike)}"
    anyhow = _accused(expected, report.findings, None)
    if len(anyhow) > max(MOST_WRONGLY_ACCUSED, len(expected.neighbours) // 2):
        return f"the report accuses {len(anyhow)} of {len(expected.neighbours)} innocent functions"
    kinds = _kinds_at_place(expected, report.findings) or ()
    if len(kinds) > MOST_KINDS:
        return f"the report calls the fault {len(kinds)} kinds of thing: {', '.join(sorted(kinds))}"
    return ""


def _accused(expected: ExpectedFinding, findings: Iterable[Finding], kinds: frozenset[str] | None) -> tuple[str, ...]:
    """Return the neighbours that some finding accuses, of one of `kinds` where given, in alphabetical order.

    Beside a function at fault one or two others may be named: there the fault shows.
    """
    claims = [claim(finding, _project(expected)) for finding in findings]
    elsewhere = [
        made for made in claims if not made.functions & expected.functions or len(made.functions) > MOST_FUNCTIONS
    ]
    named = (made.functions for made in elsewhere if kinds is None or made.kinds & kinds)
    return tuple(sorted(frozenset[str]().union(*named) - expected.functions))


def _kinds_at_place(expected: ExpectedFinding, findings: Iterable[Finding]) -> frozenset[str] | None:
    """Return every kind of fault that some finding sees where the expected one is; None if none looks there."""
    claims = (claim(finding, _project(expected)) for finding in findings)
    there = [made.kinds for made in claims if made.functions & expected.functions]
    return frozenset[str]().union(*there) if there else None


def _project(expected: ExpectedFinding) -> frozenset[str]:
    return expected.functions | set(expected.neighbours)
