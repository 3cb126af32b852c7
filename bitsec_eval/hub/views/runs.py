"""What the hub shows of one run: how it ended, what the agent printed, and what happened when.

It is taken from the run's own file, which is written for miners, field by field: whatever else may come to be in
there is shown by no accident.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bitsec_eval.core.agent_name import is_agent_name
from bitsec_eval.core.scores import Cell
from bitsec_eval.core.text import one_line, printable
from bitsec_eval.render.artifacts import run_file
from bitsec_eval.render.links import wanted
from bitsec_eval.render.timeline import Step, steps
from bitsec_eval.support.atomic_files import read_json

TAIL_CHARACTERS = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """How an agent ended and the last part of what it printed, safe to show anywhere."""

    ending: str | None = None
    reason: str = ""
    seconds: float | None = None
    stdout: str = ""
    stderr: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport(Output):
    """One run of an agent on a task; `number` counts its repeats from 1.

    `checks` holds passed, failed or error by name, `reasons` why one did not pass, where its author may know.
    `twin` is what the agent printed of the task's twin, None where the task has none.
    `timeline` is in seconds since the run was queued; a check has no time, and its seconds are rounded up.
    """

    number: int
    state: str = ""
    score: float | None = None
    checks: dict[str, str]
    reasons: dict[str, str]
    twin: Output | None = None
    timeline: tuple[Step, ...] = ()


def runs_in(results: Path, agent: str, cell: Cell, evaluations: tuple[str, ...]) -> Iterator[RunReport]:
    """Yield the runs of a cell whose files are there.

    A file of an evaluation that is none of these tells of no run on the board: it may be of another version.
    """
    if not is_agent_name(agent):  # a result file may say anything; only names that are safe as paths are read
        return
    for repeat in range(wanted(cell)):
        told = read_json(run_file(results, agent, cell.task, repeat))
        if told is not None and told.get("evaluation", "") in ("", *evaluations):
            yield _report(told, repeat + 1)


def _report(told: Mapping[str, Any], number: int) -> RunReport:
    twin = told.get("twin")
    return RunReport(
        **_output(told),
        number=number,
        state=_line(told.get("state")) or "",
        score=_number(told.get("score")),
        checks=_lines(told.get("checks")),
        reasons=_lines(told.get("reasons")),
        twin=Output(**_output(twin)) if isinstance(twin, dict) else None,
        timeline=steps(told.get("timeline")),
    )


def _output(told: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "ending": _line(told.get("ending")),
        "reason": _line(told.get("reason")) or "",
        "seconds": _number(told.get("seconds")),
        "stdout": _tail(told.get("stdout")),
        "stderr": _tail(told.get("stderr")),
    }


def _line(text: object) -> str | None:
    return one_line(text) if isinstance(text, str) else None


def _lines(texts: object) -> dict[str, str]:
    return {one_line(name): _line(text) or "" for name, text in texts.items()} if isinstance(texts, dict) else {}


def _number(value: object) -> float | None:
    known = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if known and abs(value) < 1e9 else None  # type: ignore[arg-type]


def _tail(text: object) -> str:
    if not isinstance(text, str):
        return ""
    shown = printable(text[-TAIL_CHARACTERS:], 4 * TAIL_CHARACTERS)
    return f"...\n{shown}" if len(text) > TAIL_CHARACTERS else shown
