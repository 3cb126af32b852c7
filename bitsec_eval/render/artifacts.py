"""One JSON file for each run, for the agent's author: what it printed, how it ended, which checks failed by name.

No hidden input, no expected value and no failure text is in it.
"""

import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bitsec_eval.core.answer import Answer
from bitsec_eval.core.evaluation import Evaluation, Run, outcomes_of, reasons_of
from bitsec_eval.core.merging import runs_of
from bitsec_eval.core.scores import State, run_score, run_state
from bitsec_eval.core.text import one_line, printable

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


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the object in a JSON file, or None where there is no such file or no object in it."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def write_json(path: Path, content: object) -> None:
    """Write a JSON file whole or not at all."""
    write_text(path, json.dumps(content, indent=2, sort_keys=True) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(number, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
