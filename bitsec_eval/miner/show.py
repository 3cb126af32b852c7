"""Formats results for a miner; every text came from elsewhere and is made safe for a terminal here."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from bitsec_eval.core.evaluations.evaluation import outcomes_of, reasons_of, weights_of
from bitsec_eval.core.scoring.scores import Cell
from bitsec_eval.core.text import one_line
from bitsec_eval.render.figures import points


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskResult:
    """One agent on one task: by each check's name its outcome, and why it did not pass, where that may be known.

    `note` is said behind the state.
    """

    task: str
    state: str
    score: float | None
    checks: Mapping[str, str]
    reasons: Mapping[str, str] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    note: str = ""


def task_result(cell: Cell) -> TaskResult:
    """Return what a board says of one task."""
    checks = cell.checks
    return TaskResult(
        task=cell.task,
        state=cell.state.value,
        score=cell.score,
        checks=outcomes_of(checks),
        reasons=reasons_of(checks),
        weights=weights_of(checks),
    )


def result_lines(results: Iterable[TaskResult]) -> Iterator[str]:
    """Yield a line for each task, and under it what did not pass and why."""
    for result in results:
        passed = sum(outcome == "passed" for outcome in result.checks.values())
        state = "" if result.state == "scored" else f", {one_line(result.state, 40)}"
        state += f", {result.note}" if result.note else ""
        name = one_line(result.task, 120)
        yield f"{points(result.score):>5}  {name}: {passed} of {len(result.checks)} checks{state}"
        yield from _lost(result)


def _weight(result: TaskResult, name: str) -> str:
    weight = result.weights.get(name)
    return "" if weight is None else f" (weight {weight:g})"


def _lost(result: TaskResult) -> Iterator[str]:
    """Yield a line for each check that did not pass; a reason stands once, behind the last that has it."""
    lost = [(outcome, name) for name, outcome in result.checks.items() if outcome != "passed"]
    for reason, sharing in groupby(lost, lambda check: result.reasons.get(check[1], "")):
        yield from (
            f"       {one_line(outcome, 20)}: {one_line(name, 200)}{_weight(result, name)}"
            for outcome, name in sharing
        )
        if reason:
            yield f"         why: {one_line(reason)}"
