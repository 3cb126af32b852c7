"""Two JSON files for each run: one for everybody, and one with what the agent printed, for the validator.

The public one says how the run ended and which checks failed by name, in words and steps chosen here: no hidden
input, no expected value, and no text or number that an agent or a call of its solution chose.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import fsum
from pathlib import Path
from typing import Any

from bitsec_eval.core.answers.answer import Answer
from bitsec_eval.core.evaluations.evaluation import Evaluation, Run, outcomes_of, reasons_of, weights_of
from bitsec_eval.core.evaluations.merging import runs_of
from bitsec_eval.core.scoring.run_points import State, run_score, run_state
from bitsec_eval.core.text import one_line, printable
from bitsec_eval.render.timeline import at_most
from bitsec_eval.support.atomic_files import read_json, write_json

SHOWN_STDOUT = 64 << 10
SHOWN_STDERR = 16 << 10
PRIVATE = "private"


def run_file(results: Path, agent: str, task: str, repeat: int = 0) -> Path:
    """Return where a run's artifact lies."""
    turn = f".r{repeat + 1}" if repeat else ""
    return results / "runs" / agent / f"{task.replace('/', '__')}{turn}.json"


def private_run_file(results: Path, agent: str, task: str, repeat: int = 0) -> Path:
    """Return where a run's output lies: never among what may be published."""
    return run_file(results / PRIVATE, agent, task, repeat)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunName:
    """Which run of which evaluation a file is of; `repeat` counts from 0."""

    agent: str
    task: str
    evaluation: str
    repeat: int = 0


def write_run(
    results: Path,
    name: RunName,
    answers: Sequence[Answer],
    *,
    public: Mapping[str, Any] | None = None,
    private: Mapping[str, Any] | None = None,
    published: bool = False,
) -> None:
    """Write both files of a run, each with what else is to be in it; `finish_runs` adds the outcomes.

    With `published`, what the agent printed on the workspace is in the public file too.
    """
    streams = [_streams(answer) for answer in answers]
    shown = {"published": True, **streams[0]} if published and streams else {}
    write_json(
        run_file(results, name.agent, name.task, name.repeat),
        {**asdict(name), **_public(answers), **shown, **(public or {})},
    )
    content = {**asdict(name), **(_private(answers[0]) if answers else {}), **(private or {})}
    if len(answers) > 1:
        content["twin"] = _private(answers[1])
    _close(results / PRIVATE)
    write_json(private_run_file(results, name.agent, name.task, name.repeat), content)


def _close(folder: Path) -> None:
    """Make a folder that no other user of the machine can enter."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)


def _public(answers: Sequence[Answer]) -> dict[str, Any]:
    """Return how a run ended, of its parts together: which of them ended how would tell a project from its twin."""
    told = next((answer for answer in answers if answer.fault), answers[0] if answers else None)
    if told is None:
        return {"ending": None}
    seconds = at_most(fsum(answer.seconds for answer in answers))
    return {"ending": told.ending, "reason": told.public_fault, "seconds": seconds}


def _private(answer: Answer) -> dict[str, Any]:
    told = {"ending": answer.ending, "status": answer.status, "reason": one_line(answer.fault)}
    place = {"engine": answer.engine} if answer.engine else {}
    return {**told, "seconds": round(answer.seconds, 3), **place, **_streams(answer)}


def _streams(answer: Answer) -> dict[str, str]:
    return {
        "stdout": printable(answer.stdout, SHOWN_STDOUT),
        "stderr": printable(answer.stderr[-SHOWN_STDERR:], SHOWN_STDERR),
    }


def finish_runs(results: Path, evaluation: Evaluation, took: Callable[[Run], Mapping[str, float]]) -> None:
    """Add to each run's artifact its state, its score and the outcome of every check by name.

    `took` says how many seconds each check of a run took at most, in the order they were done.
    """
    for run in runs_of(evaluation):
        path = run_file(results, run.agent, run.task, run.repeat)
        known = read_json(path) or {"agent": run.agent, "task": run.task, "repeat": run.repeat}
        write_json(path, known | _outcomes(run, known.get("timeline", []), took(run)))


def _outcomes(run: Run, steps: list[Any], took: Mapping[str, float]) -> dict[str, Any]:
    state = run_state(run)
    outcomes = outcomes_of(run.checks)
    checked = [
        {"kind": "check", "what": name, "seconds": seconds, "outcome": outcomes[name]}
        for name, seconds in took.items()
        if name in outcomes
    ]
    return {
        "state": state.value,
        "score": None if state is State.VOID else run_score(run),
        "checks": outcomes,
        "weights": weights_of(run.checks),
        "declared_weight": run.declared_weight,
        "reasons": reasons_of(run.checks),
        "timeline": [*steps, *checked],
    }
