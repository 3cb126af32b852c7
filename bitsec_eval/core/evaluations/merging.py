"""Merges files: those of one evaluation into one, with every run that was planned."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import reduce
from itertools import product

from bitsec_eval.core.errors import ResultsError
from bitsec_eval.core.evaluations.evaluation import Check, Evaluation, Plan, Run
from bitsec_eval.core.evaluations.planned import unplanned
from bitsec_eval.core.usage import Usage


def merge(evaluations: Iterable[Evaluation]) -> tuple[Evaluation, ...]:
    """Return `evaluations` from the oldest to the latest, those with one id made one.

    A check told twice keeps its worst outcome.

    Raises: ResultsError where two of one id contradict each other, where one holds runs that no plan knows, and
    where one of several has no plan.
    """
    by_id: dict[str, list[Evaluation]] = defaultdict(list)
    for evaluation in evaluations:
        by_id[evaluation.id].append(evaluation)
    merged = sorted((reduce(_joined, same) for same in by_id.values()), key=lambda one: one.age_key)
    _check_plans(merged, {evaluation for evaluation, same in by_id.items() if len(same) > 1})
    return tuple(merged)


def that_count(merged: Sequence[Evaluation]) -> tuple[Evaluation, ...]:
    """Return those of `merged` that hold a run, or all where none does: what was only planned sets nothing."""
    return tuple(evaluation for evaluation in merged if evaluation.runs) or tuple(merged)


def _check_plans(merged: Sequence[Evaluation], joined: Collection[str]) -> None:
    """Refuse runs that nobody planned: what a file may hold its own reader has seen to."""
    for evaluation in merged:
        if evaluation.plan is None and len(merged) > 1:
            raise ResultsError(
                f"evaluation {evaluation.id}: no plan in its file says what it should hold; give it alone, or the"
                " junit file as pytest wrote it"
            )
        wrong = unplanned(evaluation) if evaluation.id in joined else ""
        if wrong:
            raise ResultsError(f"evaluation {evaluation.id}: {wrong}; give only the junit files that pytest wrote")


def _joined(one: Evaluation, other: Evaluation) -> Evaluation:
    if one.plan is not None and other.plan is not None and one.plan != other.plan:
        raise ResultsError(f"evaluation {one.id}: two files have different plans for it; give only one of them")
    runs = {(run.agent, run.task, run.repeat): run for run in one.runs}
    for run in other.runs:
        key = (run.agent, run.task, run.repeat)
        runs[key] = _joined_run(one.id, runs[key], run) if key in runs else run
    return Evaluation(id=one.id, plan=one.plan or other.plan, runs=tuple(runs.values()))


def _joined_run(evaluation: str, one: Run, other: Run) -> Run:
    if one == other:
        return one
    told = (one.declared_checks, one.declared_weight, one.task_weight)
    if told != (other.declared_checks, other.declared_weight, other.task_weight):
        raise ResultsError(
            f"evaluation {evaluation}: two files disagree on what {one.task} declares; give only one of them"
        )
    checks = worst_of_each((one, other))
    if len(checks) > one.declared_checks:
        raise ResultsError(
            f"evaluation {evaluation}: two files hold {len(checks)} checks of {one.agent} on {one.task},"
            f" which declares {one.declared_checks}; give only one of them"
        )
    facts = max(
        one,
        other,
        key=lambda run: (run.ending or "", run.seconds or 0.0, run.attempts, run.usage or Usage(), run.print),
    )
    return replace(facts, checks=checks)


def worst_of_each(runs: Iterable[Run]) -> tuple[Check, ...]:
    """Return the checks of all `runs`, each with its worst outcome, in order of their names."""
    worst: dict[str, Check] = {}
    for run in runs:
        for check in run.checks:
            worst[check.name] = worst[check.name].worse(check) if check.name in worst else check
    return tuple(worst[name] for name in sorted(worst))


def runs_of(evaluation: Evaluation) -> Iterator[Run]:
    """Yield the runs of `evaluation`, those that were planned and left no trace included."""
    yield from evaluation.runs
    if evaluation.plan is None:
        return
    seen = {(run.agent, run.task, run.repeat) for run in evaluation.runs}
    planned_runs = product(evaluation.plan.tasks.items(), evaluation.plan.agents, range(evaluation.plan.repeats))
    for (task, planned), agent, repeat in planned_runs:
        if (agent, task, repeat) not in seen:
            yield Run(
                agent=agent,
                task=task,
                repeat=repeat,
                declared_checks=planned.checks,
                declared_weight=planned.declared_weight,
                task_weight=planned.weight,
            )


def version_of(evaluation: Evaluation, agent: str) -> str:
    """Return the SHA-256 of the agent that was evaluated, "" where that is not known."""
    return evaluation.plan.agents.get(agent, "") if evaluation.plan else ""


def agents_of(evaluation: Evaluation) -> set[str]:
    """Return the names of the agents that were evaluated or were to be."""
    return {run.agent for run in evaluation.runs} | set(evaluation.plan.agents if evaluation.plan else ())


def plan_of(evaluation: Evaluation) -> Plan:
    """Return the plan of `evaluation`, an empty one where it has none."""
    return evaluation.plan or Plan()
