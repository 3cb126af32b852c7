"""junit properties for a leaderboard to read: a plan of every run, and a line for each check."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from math import fsum
from typing import Any

from bitsec_eval.core.usage import total_usage
from bitsec_eval.plugin.collection.task_parts import digest_of_parts, kept_parts
from bitsec_eval.plugin.collection.tasks import CollectedTask, DeclaredCheck
from bitsec_eval.plugin.config.settings import Settings
from bitsec_eval.render.timeline import at_most
from bitsec_eval.schedule.order import RunOrder
from bitsec_eval.schedule.runs import RunKey, RunResult

PLAN = "bitsec.plan"
RUN = "bitsec.run"
CHECK = "bitsec.check"

INTERLEAVED_NOTE = "agents ran beside checks (--bitsec-order=interleaved), so hidden inputs may have reached one"
SOLUTIONS_NOTE = (
    "agents were given the solutions (--bitsec-include-solutions): scores say that they run, nothing is paid"
)


def plan_of(
    settings: Settings,
    tasks: Mapping[str, CollectedTask],
    selected: Collection[RunKey],
    image: str,
    engine: str,
    left_out: Sequence[str] = (),
) -> dict[str, Any]:
    """Return what the evaluation sets out to do: its settings, and every agent and task that was selected.

    `image` is what sandboxes hold and `engine` what opens them, `left_out` names tasks that are there and were not
    selected.
    """
    agents = {key.agent for key in selected}
    notes = [f"evaluated without {name}, which the operator accepted" for name in settings.accepted]
    notes += [INTERLEAVED_NOTE] if settings.order is RunOrder.INTERLEAVED else []
    notes += [SOLUTIONS_NOTE] if settings.includes_solutions else []
    return {
        "evaluation": settings.evaluation,
        "started": settings.started,
        "version": _version(),
        "seed": settings.seed,
        "emission": settings.emission,
        "rewards": settings.rewards,
        "tiebreak": settings.tiebreak,
        "llm": settings.llm.mode,
        "models": settings.llm.models,
        "judge": settings.judge,
        "image": image,
        "engine": engine,
        "repeats": settings.repeats,
        "at_least": settings.at_least,
        "baseline": settings.baseline,
        "half_life": settings.half_life,
        "agents": {agent.name: agent.sha256 for agent in settings.agents if agent.name in agents},
        "submitted": {name: settings.submitted for name in sorted(agents) if settings.submitted},
        "tasks": {name: _planned(tasks[name]) for name in sorted({key.task for key in selected})},
        "notes": notes,
        "left_out": list(left_out),
    }


def _planned(task: CollectedTask) -> dict[str, Any]:
    checks = task.of_run(next(iter(task.declared)))
    parts = task.parts()
    return {
        "weight": task.task.weight,
        "checks": len(checks),
        "declared_weight": sum(check.weight for check in checks),
        "digest": digest_of_parts(parts),
        "parts": kept_parts(parts),
        "kind": task.kind.name,
    }


def check_properties(
    evaluation: str,
    check: DeclaredCheck,
    task: CollectedTask,
    done: RunResult,
    reason: str,
    *,
    kept: str | None = None,
) -> list[tuple[str, str]]:
    """Return what a leaderboard needs to know of one check and of its run; no hidden input is among it.

    What all checks of a run share is told once, by the first of them in a process, and the others name the run:
    `kept`, what is kept of its answer to compare it, is None for them.
    Texts are the same wherever they say the same: a reader of a million checks has seen most of them before.
    """
    key = check.key
    run = [key.agent, key.task, key.repeat] if kept is None else _run(evaluation, check, task, done, kept)
    of_check = {"check": check.name, "weight": check.weight, "reason": reason}
    return [(RUN, _compact(run)), (CHECK, _compact(of_check))]


def _run(evaluation: str, check: DeclaredCheck, task: CollectedTask, done: RunResult, kept: str) -> dict[str, Any]:
    declared = task.of_run(check.key)
    answer = next((each for each in done.answers if each.fault), done.answers[0] if done.answers else None)
    usage = total_usage(each.usage for each in done.answers)
    return {
        "evaluation": evaluation,
        "agent": check.key.agent,
        "task": check.key.task,
        "checks": len(declared),
        "declared_weight": sum(each.weight for each in declared),
        "task_weight": task.task.weight,
        "repeat": check.key.repeat,
        "ending": answer.ending if answer else None,
        "seconds": at_most(fsum(each.seconds for each in done.answers)) if answer else None,
        "attempts": done.attempts,
        **({"origin": done.reused} if done.reused not in ("", evaluation) else {}),
        **({"usage": asdict(usage)} if usage else {}),
        **({"print": kept} if kept else {}),
    }


@lru_cache(maxsize=64)
def run_key(told: str) -> RunKey:
    """Return which run the property RUN of a check tells of, or names."""
    run = json.loads(told)
    return RunKey(*run) if isinstance(run, list) else RunKey(run["agent"], run["task"], run["repeat"])


def _version() -> str:
    try:
        return version("bitsec-eval")
    except PackageNotFoundError:  # a source tree that was never installed
        return ""


def _compact(told: Mapping[str, Any] | list[Any]) -> str:
    return json.dumps(told, sort_keys=True, separators=(",", ":"))
