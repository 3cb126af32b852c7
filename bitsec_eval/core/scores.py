"""From check outcomes to scores: what a run, a task and an agent are worth.

A run's score is the weight of its passed checks over the weight its task declares, times 100.
A void run (an error, ours) never counts; an incomplete one counts what is missing as not passed.
Sums are exactly rounded and scores are kept to a millionth of a point, so equal scores are equal in whatever
order their parts were added.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bitsec_eval.core.evaluation import Check, Evaluation, Outcome, Run
from bitsec_eval.core.merging import agents_of, merge, plan_of, runs_of, version_of, worst_of_each
from bitsec_eval.core.usage import COST_DECIMALS, Usage, total_usage

DECIMALS = 6


class State(StrEnum):
    """Whether a run can be used: scored in full, incomplete (checks are missing) or void (an error, ours)."""

    SCORED = "scored"
    INCOMPLETE = "incomplete"
    VOID = "void"


_BEST_FIRST = (State.SCORED, State.INCOMPLETE, State.VOID)


def run_state(run: Run) -> State:
    """Return the state of `run`; one error among its checks makes all of it void."""
    for check in run.checks:
        if check.outcome is Outcome.ERROR:
            return State.VOID
    return State.SCORED if len(run.checks) == run.declared_checks else State.INCOMPLETE


def run_score(run: Run) -> float:
    """Return 0 to 100: the passed share of the weight that the task declares, all of it checked or not."""
    passed = math.fsum([check.weight for check in run.checks if check.outcome is Outcome.PASSED])
    return _rounded(100 * passed / run.declared_weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCounts:
    """How many runs a score rests on, and how many it could not use."""

    scored: int = 0
    void: int = 0
    incomplete: int = 0

    def __add__(self, other: "RunCounts") -> "RunCounts":
        return RunCounts(
            scored=self.scored + other.scored,
            void=self.void + other.void,
            incomplete=self.incomplete + other.incomplete,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One agent on one task, over all the runs that count for it.

    `runs` of the same `state`; `score` is the mean of their `points`, None when they are void.
    `passed` is how many of them passed every check. `counts` says what became of all runs that were wanted.
    `checks` holds each check's worst outcome among them, `ending` and `seconds` are the latest run's, and
    `reason` says why points were lost, "" where there is nothing to say.
    `usage` is what they used of the LLM together, None where none was offered.
    """

    task: str
    state: State
    score: float | None
    runs: int
    checks: tuple[Check, ...]
    points: tuple[float, ...] = ()
    passed: int = 0
    counts: RunCounts
    reason: str = ""
    ending: str | None = None
    seconds: float | None = None
    usage: Usage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentScore:
    """One agent's score (None when all its runs are void), made of `cells` in order of their tasks."""

    agent: str
    version: str
    score: float | None
    cells: tuple[Cell, ...]
    last_evaluated: datetime | None

    @property
    def by_task(self) -> dict[str, float]:
        """The points of each task that counts."""
        return {cell.task: cell.score for cell in self.cells if cell.score is not None}

    @property
    def usage(self) -> Usage | None:
        """What the runs that count used of the LLM, None where none was offered."""
        return total_usage(cell.usage for cell in self.cells)

    @property
    def cost(self) -> float:
        """What one run of every task cost, in US dollars: the mean where there were several."""
        return round(math.fsum(cell.usage.cost / cell.runs for cell in self.cells if cell.usage), COST_DECIMALS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Every agent's score, in order of names, over `tasks`; `notes` says what a reader should know.

    `weights` are those of the tasks, `most_runs` is how many runs of one cell were wanted at most.
    """

    agents: tuple[AgentScore, ...]
    tasks: tuple[str, ...]
    weights: Mapping[str, float]
    most_runs: int
    notes: tuple[str, ...]


def scores(evaluations: Iterable[Evaluation], *, at_least: int | None = None) -> Scores:
    """Return the scores that `evaluations` give together, whatever their order.

    Files of the same evaluation are one evaluation. Different ones are repeated runs; of an agent that
    changed, only the version evaluated last counts. A complete run replaces an incomplete or void one of
    its cell.
    With `at_least`, a task is worth 100 if so many of its runs passed every check, else 0, instead of their mean.

    Raises: ResultsError where two files of one evaluation contradict each other.
    """
    merged = merge(evaluations)
    latest = _latest_versions(merged)
    told = _runs_by_agent(merged, latest)
    weights = _task_weights(merged)
    agents = tuple(_agent_score(agent, latest[agent], told[agent], weights, at_least) for agent in sorted(told))
    return Scores(
        agents=agents,
        tasks=tuple(sorted({cell.task for agent in agents for cell in agent.cells})),
        weights=weights,
        most_runs=max((_wanted(runs) for tasks in told.values() for runs in tasks.values()), default=1),
        notes=_notes(merged, latest),
    )


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
    return {agent: {task: _once(pairs) for task, pairs in tasks.items()} for agent, tasks in told.items()}


def _once(told: Iterable[_Told]) -> list[_Told]:
    """Return the runs, those with the same answers once: the better telling counts, then the latest."""
    kept: dict[tuple[str, int], _Told] = {}
    for evaluation, run in told:
        key = (run.origin or evaluation.id, run.repeat)
        if key not in kept or _place(run) <= _place(kept[key][1]):
            kept[key] = (evaluation, run)
    return list(kept.values())


def _place(run: Run) -> int:
    return _BEST_FIRST.index(run_state(run))


def _task_weights(evaluations: Sequence[Evaluation]) -> dict[str, float]:
    """Return each task's weight; the latest evaluation, the last here, has the last word for all agents."""
    weights: dict[str, float] = {}
    for evaluation in evaluations:
        weights |= {run.task: run.task_weight for run in evaluation.runs}
        weights |= {task: planned.weight for task, planned in plan_of(evaluation).tasks.items()}
    return weights


def _agent_score(
    agent: str,
    version: str,
    told: Mapping[str, Sequence[_Told]],
    weights: Mapping[str, float],
    at_least: int | None,
) -> AgentScore:
    cells = tuple(_ruled(_cell(task, told[task]), at_least) for task in sorted(told))
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
    latest = _latest(counted)
    checks = latest.checks if len(runs) == 1 else worst_of_each(runs)
    points = () if state is State.VOID else tuple(sorted(map(run_score, runs)))
    return Cell(
        task=task,
        state=state,
        score=_rounded(math.fsum(points) / len(points)) if points else None,
        runs=len(runs),
        checks=checks,
        points=points,
        passed=points.count(100.0) if state is State.SCORED else 0,
        counts=_counts(states, _wanted(told)),
        reason=_reason(checks),
        ending=latest.ending,
        seconds=latest.seconds,
        usage=total_usage(run.usage for run in runs),
    )


def _latest(told: Sequence[_Told]) -> Run:
    if len(told) == 1:
        return told[0][1]
    return max(told, key=lambda pair: (pair[0].age_key, pair[1].repeat))[1]


def _wanted(told: Iterable[_Told]) -> int:
    """Return how many complete runs of a cell were asked for by the evaluation that asked for most."""
    return max(max(plan_of(evaluation).repeats, run.repeat + 1) for evaluation, run in told)


def _counts(states: Sequence[State], wanted: int) -> RunCounts:
    """Return what became of the runs of a cell; a better run replaces a worse one unless more were wanted."""
    scored, incomplete, void = (states.count(state) for state in _BEST_FIRST)
    if scored:
        incomplete = min(incomplete, max(0, wanted - scored))
    if scored or incomplete:
        void = min(void, max(0, wanted - scored - incomplete))
    return RunCounts(scored=scored, incomplete=incomplete, void=void)


def _ruled(cell: Cell, at_least: int | None) -> Cell:
    """Return `cell` under the rule "at least k of n runs"; void where the runs that are void would decide."""
    if at_least is None or cell.score is None:
        return cell
    if cell.passed >= at_least:
        return replace(cell, score=100.0, points=(100.0,))
    open_yet = cell.passed + cell.counts.void >= at_least
    if open_yet:
        return replace(cell, score=None, points=(), state=State.VOID)
    return replace(cell, score=0.0, points=(0.0,))


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
