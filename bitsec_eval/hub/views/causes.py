"""Causes of an agent's lost points: one line for each cause, however many tasks it cost."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bitsec_eval.core.evaluations.evaluation import Check, Outcome
from bitsec_eval.core.scoring.run_points import State
from bitsec_eval.core.scoring.scores import Cell

WRONG_ANSWER = "the answer is not what the check wants"
MISSING = "checks were not made"
VOID = "void: an infrastructure failure, which is run again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One cause of lost points: in which tasks, in how many checks, and how many points of the agent's score."""

    cause: str
    tasks: tuple[str, ...]
    checks: int
    points: float


def causes_of(cells: Iterable[Cell], weights: Mapping[str, float]) -> tuple[Cause, ...]:
    """Return the causes, the costliest first; a task's loss is shared by its lost checks' weight.

    `weights` are those of the tasks, 1 where one is missing.
    """
    cells = tuple(cells)
    total = sum(weights.get(cell.task, 1.0) for cell in cells if cell.score is not None) or 1.0
    tasks: dict[str, dict[str, None]] = defaultdict(dict)
    checks: dict[str, int] = defaultdict(int)
    points: dict[str, float] = defaultdict(float)
    for cell in cells:
        lost = 100 - (cell.score if cell.score is not None else 100)
        for cause, share, count in _shares(cell):
            tasks[cause][cell.task] = None
            checks[cause] += count
            points[cause] += share * lost * weights.get(cell.task, 1.0) / total
    found = (
        Cause(cause=cause, tasks=tuple(tasks[cause]), checks=checks[cause], points=points[cause]) for cause in tasks
    )
    return tuple(sorted(found, key=lambda each: (-each.points, each.cause)))


def _shares(cell: Cell) -> Iterator[tuple[str, float, int]]:
    """Yield each cause of a task's loss, its share of it from 0 to 1, and in how many checks."""
    if cell.state is State.VOID:
        yield VOID, 0.0, sum(check.outcome is Outcome.ERROR for check in cell.checks)
        return
    by_cause: dict[str, list[Check]] = defaultdict(list)
    for check in cell.checks:
        if check.outcome is not Outcome.PASSED:
            by_cause[check.reason or WRONG_ANSWER].append(check)
    weight = sum(check.weight for lost in by_cause.values() for check in lost)
    for cause, lost in by_cause.items():
        yield cause, sum(check.weight for check in lost) / weight if weight else 0.0, len(lost)
    if cell.state is State.INCOMPLETE:
        yield MISSING, 0.0 if by_cause else 1.0, 0
