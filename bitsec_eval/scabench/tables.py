"""Scores for a reader: one report with every decision explained, as lines or side by side, or many as a table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bitsec_eval.core.matching.comparison_sheet import ComparisonSheet, Pair
from bitsec_eval.core.reports.finding import Finding
from bitsec_eval.core.reports.report import Report
from bitsec_eval.core.text import one_line
from bitsec_eval.scabench.project import Project
from bitsec_eval.scabench.scoring import Score, Scored, VerdictCounts, passes

TITLE_CHARACTERS = 90
REASON_CHARACTERS = 240

_HEAD = ("report", "grave", "all", "partial", "false", "prec.", "recall", "F1", "points", "PASS")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredReport:
    """One scored report of a project; `name` is what a reader knows it by."""

    name: str
    project: str
    score: Score


def explained(project: Project, report: Report, scored: Scored) -> Iterator[str]:
    """Say of each expected finding what became of it and why, and which findings are false positives."""
    for vulnerability, decision in zip(project.vulnerabilities, scored.decisions, strict=True):
        severity = one_line(vulnerability.finding.severity, 20) or "unrated"
        title = one_line(vulnerability.finding.title, TITLE_CHARACTERS)
        yield f"{decision.verdict:8}{one_line(vulnerability.id, 60)} ({severity}) {title}"
        if decision.reported is not None:
            told = one_line(report.findings[decision.reported].title, TITLE_CHARACTERS)
            yield f"        is reported finding {decision.reported}: {told}"
        yield f"        {decision.confidence:.2f} sure; {one_line(decision.reason, REASON_CHARACTERS)}"
    used = {decision.reported for decision in scored.decisions}
    spare = [at for at in range(len(report.findings)) if at not in used]
    if spare:
        yield f"credited to nothing: reported findings {', '.join(map(str, spare))}"
    yield from (f"not read: {one_line(note, REASON_CHARACTERS)}" for note in report.notes)
    if report.dropped:
        yield f"not considered: {report.dropped} more findings, past the first {len(report.findings)}"


def sheet_of(expected: Sequence[tuple[str, Finding]], report: Report, scored: Scored) -> ComparisonSheet:
    """Return `report` beside the expected findings, each of which has a name its reader knows it by."""
    pairs = (
        Pair(name=name, expected=finding, decision=decision, credited=decision.expected in scored.credited)
        for (name, finding), decision in zip(expected, scored.decisions, strict=True)
    )
    return ComparisonSheet(pairs=tuple(pairs), report=report, summary=summary(scored.score))


def summary(score: Score) -> str:
    """Return one line that says what a report is worth."""
    return (
        f"{score.points:.1f} points; detection {_share(score.all)}, of grave ones {_share(score.grave)}; "
        f"{score.all.partial} partial, {score.false_positives} false positives; "
        f"precision {_percent(score.precision)}, F1 {_percent(score.f1)}; {'PASS' if score.passed else 'no PASS'}"
    )


def table(rows: Sequence[ScoredReport]) -> Iterator[str]:
    """Return the rows under one another, what they sum up to, and in how many runs each project passed."""
    cells = [_HEAD, *(_cells(row.name, row.score) for row in rows)]
    if len(rows) > 1:
        cells.append(_sum_cells([row.score for row in rows]))
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEAD))]
    for line in cells:
        first, *others = (cell.rjust(width) for cell, width in zip(line, widths, strict=True))
        yield "  ".join([first.strip().ljust(widths[0]), *others]).rstrip()
    yield from _pass_lines(rows)


def _pass_lines(rows: Sequence[ScoredReport]) -> Iterator[str]:
    runs: dict[str, list[Score]] = {}
    for row in rows:
        runs.setdefault(row.project, []).append(row.score)
    for project, scores in runs.items():
        if len(scores) > 1:
            passed, every = passes(scores)
            yield f"{project}: PASS in {passed} of {every} runs"


def _cells(name: str, score: Score) -> tuple[str, ...]:
    return (
        one_line(name, 70),
        f"{score.grave.matched}/{score.grave.expected}",
        f"{score.all.matched}/{score.all.expected}",
        str(score.all.partial),
        str(score.false_positives),
        _percent(score.precision),
        _percent(score.all.detection),
        _percent(score.f1),
        f"{score.points:.1f}",
        "yes" if score.passed else "no",
    )


def _sum_cells(scores: Sequence[Score]) -> tuple[str, ...]:
    """Return what all reports come to together; their points are a mean, their PASS a number."""
    total = Score(
        all=_summed([score.all for score in scores]),
        grave=_summed([score.grave for score in scores]),
        false_positives=sum(score.false_positives for score in scores),
        reported=sum(score.reported for score in scores),
        dropped=sum(score.dropped for score in scores),
        points=sum(score.points for score in scores) / len(scores),
    )
    return (*_cells("together", total)[:-1], f"{sum(score.passed for score in scores)}/{len(scores)}")


def _summed(tallies: Sequence[VerdictCounts]) -> VerdictCounts:
    return VerdictCounts(
        expected=sum(tally.expected for tally in tallies),
        matched=sum(tally.matched for tally in tallies),
        partial=sum(tally.partial for tally in tallies),
    )


def _share(tally: VerdictCounts) -> str:
    return f"{_percent(tally.detection)} ({tally.matched} of {tally.expected})"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}%"
