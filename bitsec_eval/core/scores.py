"""From check outcomes to scores: what a run, a task and an agent are worth.

A run's score is the weight of its passed checks over the weight its task declares, times 100.
A void run (an error, ours) never counts; an incomplete one counts what is missing as not passed.
Sums are exactly rounded and scores are kept to a millionth of a point, so equal scores are equal in whatever
order their parts were added.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bitsec_eval.core.evaluation import Check, Evaluation, Outcome, Run
from bitsec_eval.core.merging import agents_of, merge, plan_of, runs_of, version_of, worst_of_each

DECIMALS = 6


class State(StrEnum):
    """Whether a run can be used: scored in full, incomplete (checks are missing) or void (an error, ours)."""

    SCORED = "scored"
    INCOMPLETE = "incomplete"
    VOID = "void"


_BEST_FIRST = (State.SCORED, State.INCOMPLETE, State.VOID)


def run_state(run: Run) -> State:
    """Return the state of `run`; one error among its checks makes all of it void."""
    if any(check.outcome is Outcome.ERROR for check in run.checks):
        return State.VOID
    return State.SCORED if len(run.checks) == run.declared_checks else State.INCOMPLETE


def run_score(run: Run) -> float:
    """Return 0 to 100: the passed share of the weight that the task declares, all of it checked or not."""
    passed = math.fsum(check.weight for check in run.checks if check.outcome is Outcome.PASSED)
    return _rounded(100 * passed / run.declared_weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One agent on one task, over all the runs that count for it.

    `runs` of the same `state`; `score` is their mean, None when they are void.
    `checks` holds each check's worst outcome among them, `ending` and `seconds` are the latest run's, and
    `reason` says why points were lost, "" where there is nothing to say.
    """

    task: str
    state: State
    score: float | None
    runs: int
    checks: tuple[Check, ...]
    reason: str = ""
    ending: str | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentScore:
    """One agent's score (None when all its runs are void), made of `cells` in order of their tasks."""

    agent: str
    version: str
    score: float | None
    cells: tuple[Cell, ...]
    last_evaluated: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Every agent's score, in order of names, over `tasks`; `notes` says what a reader should know."""

    agents: tuple[AgentScore, ...]
    tasks: tuple[str, ...]
    notes: tuple[str, ...]


def scores(evaluations: Iterable[Evaluation]) -> Scores:
    """Return the scores that `evaluations` give together, whatever their order.

    Files of the same evaluation are one evaluation. Different ones are repeated runs; of an agent that
    changed, only the version evaluated last counts. A complete run replaces the incomplete and void ones of
    its cell.

    Raises: ResultsError where two files of one evaluation contradict each other.
    """
    merged = merge(evaluations)
    latest = _latest_versions(merged)
    told = _runs_by_agent(merged, latest)
    weights = _task_weights(merged)
    agents = tuple(_agent_score(agent, latest[agent], told[agent], weights) for agent in sorted(told))
    tasks = {cell.task for agent in agents for cell in agent.cells}
    return Scores(agents=agents, tasks=tuple(sorted(tasks)), notes=_notes(merged, latest))


def _latest_versions(evaluations: Sequence[Evaluation]) -> dict[str, str]:
    newest: dict[str, tuple[float, str]] = {}
    for evaluation in evaluations:
        started, _ = evaluation.age_key
        for agent in agents_of(evaluation):
            version = (started, version_of(evaluation, agent))
            newest[agent] = max(newest.get(agent, version), version)
    return {agent: version for agent, (_, version) in newest.items()}


_Told = tuple[Evaluation, Run]


def _runs_by_agent(evaluations: Sequence[Evaluation], latest: Mapping[str, str]) -> dict[str, dict[str, list[_Told]]]:
    told: dict[str, dict[str, list[_Told]]] = defaultdict(lambda: defaultdict(list))
    for evaluation in evaluations:
        for run in runs_of(evaluation):
            if version_of(evaluation, run.agent) == latest[run.agent]:
                told[run.agent][run.task].append((evaluation, run))
    return told


def _task_weights(evaluations: Sequence[Evaluation]) -> dict[str, float]:
    """Return each task's weight; the latest evaluation, the last here, has the last word for all agents."""
    weights: dict[str, float] = {}
    for evaluation in evaluations:
        weights |= {run.task: run.task_weight for run in evaluation.runs}
        weights |= {task: planned.weight for task, planned in plan_of(evaluation).tasks.items()}
    return weights


def _agent_score(
    agent: str, version: str, told: Mapping[str, Sequence[_Told]], weights: Mapping[str, float]
) -> AgentScore:
    cells = tuple(_cell(task, told[task]) for task in sorted(told))
    counted = [(weights[cell.task], cell.score) for cell in cells if cell.score is not None]
    score = None
    if counted:
        total = math.fsum(weight for weight, _ in counted)
        score = _rounded(math.fsum(weight * points for weight, points in counted) / total)
    times = [evaluation.plan.started for runs in told.values() for evaluation, _ in runs if evaluation.plan]
    last = max((time for time in times if time), default=None)
    return AgentScore(agent=agent, version=version, score=score, cells=cells, last_evaluated=last)


def _cell(task: str, told: Sequence[_Told]) -> Cell:
    states = [run_state(run) for _, run in told]
    state = next(state for state in _BEST_FIRST if state in states)
    counted = [pair for pair, its_state in zip(told, states, strict=True) if its_state is state]
    runs = [run for _, run in counted]
    _, latest = max(counted, key=lambda pair: (pair[0].age_key, pair[1].repeat))
    checks = latest.checks if len(runs) == 1 else worst_of_each(runs)
    score = None if state is State.VOID else _rounded(math.fsum(map(run_score, runs)) / len(runs))
    return Cell(
        task=task,
        state=state,
        score=score,
        runs=len(runs),
        checks=checks,
        reason=_reason(checks),
        ending=latest.ending,
        seconds=latest.seconds,
    )


def _reason(checks: Iterable[Check]) -> str:
    """Return the reason of the worst check that has one, the first by name."""
    lost = [check for check in checks if check.reason and check.outcome is not Outcome.PASSED]
    return next((check.reason for check in lost if check.outcome is Outcome.ERROR), lost[0].reason if lost else "")


def _notes(evaluations: Sequence[Evaluation], latest: Mapping[str, str]) -> tuple[str, ...]:
    notes = {note for evaluation in evaluations for note in plan_of(evaluation).notes}
    return (*_left_out(evaluations, latest), *_changed_tasks(evaluations), *sorted(notes))


def _left_out(evaluations: Sequence[Evaluation], latest: Mapping[str, str]) -> Iterator[str]:
    earlier: dict[str, int] = defaultdict(int)
    for evaluation in evaluations:
        for agent in agents_of(evaluation):
            earlier[agent] += version_of(evaluation, agent) != latest[agent]
    for agent, count in sorted(earlier.items()):
        if count:
            told = "1 evaluation of another version" if count == 1 else f"{count} evaluations of other versions"
            yield f"{agent}: only version {latest[agent][:12]} counts; {told} left out"


def _changed_tasks(evaluations: Sequence[Evaluation]) -> Iterator[str]:
    declared: dict[str, set[tuple[int, float, float]]] = defaultdict(set)
    for evaluation in evaluations:
        for run in runs_of(evaluation):
            declared[run.task].add((run.declared_checks, run.declared_weight, run.task_weight))
    for task, told in sorted(declared.items()):
        if len(told) > 1:
            yield f"{task}: its checks or weight changed between evaluations; its scores do not compare"


def _rounded(points: float) -> float:
    return min(100.0, round(points, DECIMALS))
