"""The hub's view of one run: to everybody its ending and timeline, to the owner its output.

It is taken from the run's own files field by field: whatever else may come to be in there is shown by no accident.
What an agent printed is its answer, worth points to whoever copies it.
Of a task that hides a difference, as between a project and its mended twin, it may be the answer key; then not even
the owner is shown it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bitsec_eval.core.agents.agent_name import is_agent_name
from bitsec_eval.core.scoring.scores import Cell
from bitsec_eval.core.text import one_line, printable
from bitsec_eval.render.artifacts import run_file
from bitsec_eval.render.links import wanted
from bitsec_eval.render.timeline import Step, steps
from bitsec_eval.support.atomic_files import read_json

TAIL_CHARACTERS = 4000


OWNERS_KINDS = ("code", "answer")
"""The kinds of tasks of which an owner may read what the agent printed."""

PRIVATE = "private"
"""The folder in a results folder that holds what the public run files leave out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """One run of an agent on a task; `number` counts its repeats from 1.

    `checks` holds passed, failed or error by name, `reasons` why one did not pass, where that may be known.
    `timeline` is in seconds since the run was queued; a check has no time, and its seconds are rounded up.
    `stdout` and `stderr` are empty unless the validator publishes answers.
    """

    number: int
    state: str = ""
    score: float | None = None
    ending: str | None = None
    seconds: float | None = None
    checks: dict[str, str]
    reasons: dict[str, str]
    weights: dict[str, float] = field(default_factory=dict)
    timeline: tuple[Step, ...] = ()
    stdout: str = ""
    stderr: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutput:
    """What an agent printed in one run, for its owner: the last part of each stream, safe to show anywhere.

    `shown` is False where not even the owner may read it, as both streams of a task that has a truth.
    """

    task: str
    number: int
    shown: bool
    ending: str | None = None
    reason: str = ""
    stdout: str = ""
    stderr: str = ""


def runs_in(results: Path, agent: str, cell: Cell, evaluations: tuple[str, ...]) -> Iterator[RunReport]:
    """Yield the runs of a cell whose files are there.

    A file of an evaluation that is none of these tells of no run on the board: it may be of another version.
    """
    if not is_agent_name(agent):  # a result file may say anything; only names that are safe as paths are read
        return
    for repeat in range(wanted(cell)):
        told = _kept(run_file(results, agent, cell.task, repeat), evaluations)
        if told is not None:
            yield _report(told, repeat + 1)


def outputs_in(
    results: Path, agent: str, cell: Cell, evaluations: tuple[str, ...], kind_of: Callable[[str, str], str]
) -> Iterator[RunOutput]:
    """Yield what was printed in the runs of a cell; `kind_of` returns the kind of a task in an evaluation."""
    for repeat in range(wanted(cell)) if is_agent_name(agent) else ():
        files = (run_file(root, agent, cell.task, repeat) for root in (results / PRIVATE, results))
        told = next(filter(None, (_kept(file, evaluations) for file in files)), None)
        if told is not None:
            shown = kind_of(str(told.get("evaluation")), cell.task) in OWNERS_KINDS
            printed = _output(told) if shown else {}
            yield RunOutput(task=cell.task, number=repeat + 1, shown=shown, **printed)


def _kept(file: Path, evaluations: tuple[str, ...]) -> Mapping[str, Any] | None:
    told = read_json(file)
    return told if told is not None and told.get("evaluation", "") in ("", *evaluations) else None


def _report(told: Mapping[str, Any], number: int) -> RunReport:
    published = told.get("published") is True
    return RunReport(
        number=number,
        state=_line(told.get("state")) or "",
        score=_number(told.get("score")),
        ending=_line(told.get("ending")),
        seconds=_number(told.get("seconds")),
        checks=_lines(told.get("checks")),
        reasons=_lines(told.get("reasons")),
        weights=_numbers(told.get("weights")),
        timeline=steps(told.get("timeline")),
        stdout=_tail(told.get("stdout")) if published else "",
        stderr=_tail(told.get("stderr")) if published else "",
    )


def _output(told: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "ending": _line(told.get("ending")),
        "reason": _line(told.get("reason")) or "",
        "stdout": _tail(told.get("stdout")),
        "stderr": _tail(told.get("stderr")),
    }


def _line(text: object) -> str | None:
    return one_line(text) if isinstance(text, str) else None


def _lines(texts: object) -> dict[str, str]:
    return {one_line(name): _line(text) or "" for name, text in texts.items()} if isinstance(texts, dict) else {}


def _numbers(told: object) -> dict[str, float]:
    known = {one_line(name): _number(value) for name, value in told.items()} if isinstance(told, dict) else {}
    return {name: value for name, value in known.items() if value is not None}


def _number(value: object) -> float | None:
    known = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if known and abs(value) < 1e9 else None  # type: ignore[arg-type]


def _tail(text: object) -> str:
    if not isinstance(text, str):
        return ""
    shown = printable(text[-TAIL_CHARACTERS:], 4 * TAIL_CHARACTERS)
    return f"...\n{shown}" if len(text) > TAIL_CHARACTERS else shown
