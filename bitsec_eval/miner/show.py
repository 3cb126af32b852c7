"""How results are printed for a miner; every text came from elsewhere and is made safe for a terminal here."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bitsec_eval.core.scores import Cell
from bitsec_eval.core.text import one_line
from bitsec_eval.render.figures import points


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskResult:
    """One agent on one task: the outcome of each check by name, and why points were lost."""

    task: str
    state: str
    score: float | None
    checks: Mapping[str, str]
    reason: str = ""


def task_result(cell: Cell) -> TaskResult:
    """Return what a board says of one task."""
    checks = {check.name: check.outcome.value for check in cell.checks}
    return TaskResult(task=cell.task, state=cell.state.value, score=cell.score, checks=checks, reason=cell.reason)


def result_lines(results: Iterable[TaskResult]) -> Iterator[str]:
    """Yield a line for each task, and under it what did not pass and why."""
    for result in results:
        passed = sum(outcome == "passed" for outcome in result.checks.values())
        state = "" if result.state == "scored" else f", {one_line(result.state, 40)}"
        name = one_line(result.task, 120)
        yield f"{points(result.score):>5}  {name}: {passed} of {len(result.checks)} checks{state}"
        lost = {name: outcome for name, outcome in result.checks.items() if outcome != "passed"}
        yield from (f"       {one_line(outcome, 20)}: {one_line(name, 200)}" for name, outcome in lost.items())
        if result.reason:
            yield f"       why: {one_line(result.reason)}"


def say(*lines: str) -> None:
    """Print lines, now."""
    for line in lines:
        print(line, flush=True)  # noqa: T201 - a command prints
