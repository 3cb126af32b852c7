"""One JSON file for each run, for the agent's author: what it printed, how it ended, which checks failed by name.

No hidden input, no expected value and no failure text is in it.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bitsec_eval.core.answer import Answer
from bitsec_eval.core.evaluation import Evaluation, Run, outcomes_of, reasons_of
from bitsec_eval.core.merging import runs_of
from bitsec_eval.core.scores import State, run_score, run_state
from bitsec_eval.core.text import one_line, printable
from bitsec_eval.support.atomic_files import read_json, write_json

SHOWN_STDOUT = 64 << 10
SHOWN_STDERR = 16 << 10


def run_file(results: Path, agent: str, task: str, repeat: int = 0) -> Path:
    """Return where a run's artifact lies."""
    turn = f".r{repeat + 1}" if repeat else ""
    return results / "runs" / agent / f"{task.replace('/', '__')}{turn}.json"


def write_run(
    results: Path,
    agent: str,
    task: str,
    evaluation: str,
    answers: Sequence[Answer],
    repeat: int = 0,
    more: Mapping[str, Any] | None = None,
) -> None:
    """Write what an agent printed on a task, and `more`; `finish_runs` adds the outcomes when they are known."""
    told = [_told(answer) for answer in answers]
    content = {
        "agent": agent,
        "task": task,
        "evaluation": evaluation,
        **(told[0] if told else {"ending": None}),
        **(more or {}),
    }
    if len(told) > 1:
        content["twin"] = told[1]
    write_json(run_file(results, agent, task, repeat), content)


def _told(answer: Answer) -> dict[str, Any]:
    return {
        "ending": answer.ending,
        "status": answer.status,
        "reason": one_line(answer.fault),
        "seconds": round(answer.seconds, 3),
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
        "reasons": reasons_of(run.checks),
        "timeline": [*steps, *checked],
    }
