"""From check outcomes to scores: what a run, a task and an agent are worth, and what they may yet be worth.

A run's score is the weight of its passed checks over the weight its task declares, times 100.
An incomplete run counts, in repeats too: what is missing is not passed.
A void run (an error, ours) is pending: `score` is that of the other runs, `low` counts it as nothing and `high` as
full. So nobody gains by voiding a run, and a run of ours that is mended costs nobody anything.
A run that was not spent, because its agent was stopped (`core.stages`), is left out in the same way.
Sums are exactly rounded and scores are kept to a millionth of a point, so equal scores are equal in whatever
order their parts were added.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bitsec_eval.core.evaluations.bounds import bounds_of, rounded, weighted_mean
from bitsec_eval.core.evaluations.evaluation import Check, Evaluation, Outcome, Run
from bitsec_eval.core.evaluations.merging import agents_of, merge, plan_of, that_count, version_of, worst_of_each
from bitsec_eval.core.evaluations.stages import Stop
from bitsec_eval.core.scoring.run_points import State, run_score, run_state
from bitsec_eval.core.scoring.stopped import open_screenings, stops_of
from bitsec_eval.core.usage import COST_DECIMALS, Usage, total_usage


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCounts:
    """How many runs were scored, void and incomplete."""

    scored: int = 0
    void: int = 0
    incomplete: int = 0

    @staticmethod
    def total(counts: Iterable["RunCounts"]) -> "RunCounts":
        """Return the sum of `counts`."""
        told = [(each.scored, each.void, each.incomplete) for each in counts]
        scored, void, incomplete = map(sum, zip(*told, strict=True)) if told else (0, 0, 0)
        return RunCounts(scored=scored, void=void, incomplete=incomplete)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One agent on one task, over all of its runs.

    `score` is the mean of `points`, those of the `runs` that are scored or incomplete; None when all `runs` are void.
    `low` and `high` are that mean with void runs as nothing and as full.
    `passed` is how many runs passed every check. `counts` says what became of all runs that were wanted, but for
    `unspent` ones, which were not done as the agent was stopped.
    `checks` holds each check's worst outcome among them, of `declared_weight` in all (0 if no run tells).
    `ending` and `seconds` are the latest run's, and `reason` says why points were lost, "" where nothing is known.
    `usage` is what they used of the LLM together, None where none was offered.
    `print` is what is kept of the first answer, see `core.behaviour`.
    """

    task: str
    state: State
    score: float | None
    low: float
    high: float
    runs: int
    checks: tuple[Check, ...]
    declared_weight: float = 0.0
    points: tuple[float, ...] = ()
    passed: int = 0
    unspent: int = 0
    counts: RunCounts
    reason: str = ""
    ending: str | None = None
    seconds: float | None = None
    usage: Usage | None = None
    print: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentScore:
    """One agent's score (None when all its runs are void), made of `cells` in order of their tasks.

    `low` and `high` are the score with void and unspent runs as nothing and as full; all three are equal where there
    are none.
    `since` is when this version was handed in, or first evaluated where that is not told.
    `stopped` says why `unspent` runs were not done, None where all were to be. `open_screening` is True while void
    runs leave open whether it is screened out.
    """

    agent: str
    version: str
    score: float | None
    low: float
    high: float
    cells: tuple[Cell, ...]
    last_evaluated: datetime | None
    since: datetime | None = None
    stopped: Stop | None = None
    unspent: int = 0
    open_screening: bool = False

    @property
    def sure(self) -> float:
        """The score that rewards may go by, whatever becomes of void runs; 0 for an agent that was stopped."""
        return 0.0 if self.stopped or self.open_screening else self.low

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
        """What one run of every task cost, in US dollars: the mean where there were several.

        Infinite while a run is void or incomplete: what such a run cost is not known.
        """
        if any(cell.counts.void or cell.counts.incomplete for cell in self.cells):
            return math.inf
        return round(
            math.fsum(cell.usage.cost / max(1, cell.runs) for cell in self.cells if cell.usage), COST_DECIMALS
        )


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

    Files of the same evaluation are one evaluation. Different ones are repeated runs, each of which counts; of an
    agent that changed, only the version evaluated last does. An evaluation that holds no run counts for nothing
    beside others that do.
    With `at_least`, a task is worth 100 if so many of its runs passed every check, else 0, instead of their mean.

    Raises: ResultsError where two files of one evaluation contradict each other.
    """
    merged = merge(evaluations)
    counted = that_count(merged)
    latest = _latest_versions(counted)
    told = _runs_by_agent(counted, latest)
    stops, open_yet = stops_of(counted, latest), open_screenings(counted, latest, at_least)
    weights = _task_weights(counted)
    worth, since = _Worth(), _since(counted, latest)

    wanted = max((each.wanted for tasks in told.values() for each in tasks.values()), default=1)
    tasks = tuple(sorted({task for tasks in told.values() for task in tasks}))

    def score_of(agent: str) -> AgentScore:
        tasks = told.pop(agent)
        if agent not in stops:
            _forget_unspent(tasks)
        cells = tuple(_ruled(_cell(task, tasks[task], worth), at_least) for task in sorted(tasks) if tasks[task].told)
        return replace(
            _agent_score(agent, latest[agent], tasks, weights, cells),
            since=since.get(agent),
            stopped=stops.get(agent),
            unspent=sum(each.unspent for each in tasks.values()),
            open_screening=agent in open_yet,
        )

    agents = tuple(map(score_of, sorted(told)))
    return Scores(
        agents=agents,
        tasks=tasks,
        weights=weights,
        most_runs=wanted,
        notes=(*_without_runs(merged, counted), *_notes(counted, latest)),
    )


def _latest_versions(evaluations: Sequence[Evaluation]) -> dict[str, str]:
    newest: dict[str, tuple[float, str]] = {}
    for evaluation in evaluations:
        started, _ = evaluation.age_key
        for agent in agents_of(evaluation):
            version = (started, version_of(evaluation, agent))
            newest[agent] = max(newest.get(agent, version), version)
    return {agent: version for agent, (_, version) in newest.items()}


def _since(evaluations: Sequence[Evaluation], latest: Mapping[str, str]) -> dict[str, datetime]:
    """Return when each agent's version was handed in, or evaluated where that is not told: the earliest of all files.

    So no file can make another's version later than it is.
    """
    since: dict[str, datetime] = {}
    for evaluation in evaluations:
        plan = plan_of(evaluation)
        for agent, version in plan.agents.items():
            told = plan.submitted.get(agent) or plan.started
            if told and version == latest.get(agent):
                since[agent] = min(told, since.get(agent, told))
    return since


@dataclass(slots=True)
class _Told:
    """What the files say of one agent on one task: its runs, the oldest first, and how many left no trace.

    `unspent` are those that were not to be done any more.
    """

    runs: list[Run] = field(default_factory=list)
    missing: int = 0
    unspent: int = 0
    wanted: int = 1
    evaluated: datetime | None = None

    @property
    def told(self) -> bool:
        """Whether there is anything to score."""
        return bool(self.runs or self.missing)


def _forget_unspent(tasks: dict[str, _Told]) -> None:
    """Leave out what an evaluation did not spend on an agent that another one let through."""
    for task, told in list(tasks.items()):
        if told.unspent and not told.told:
            del tasks[task]
        told.unspent = 0


def _runs_by_agent(evaluations: Sequence[Evaluation], latest: Mapping[str, str]) -> dict[str, dict[str, _Told]]:
    told: dict[str, dict[str, _Told]] = defaultdict(lambda: defaultdict(_Told))
    own = _own_runs(evaluations)
    for evaluation in evaluations:
        started, stopped = plan_of(evaluation).started, plan_of(evaluation).stopped
        for (agent, task), (runs, missing) in _cells_of(evaluation).items():
            if version_of(evaluation, agent) == latest[agent]:
                cell = told[agent][task]
                wanted = len(runs) + missing
                if agent in stopped:
                    cell.unspent, missing = cell.unspent + missing, 0
                if own:
                    runs = [run for run in runs if _is_own(run, evaluation.id, own)]
                cell.runs = cell.runs + runs if cell.runs else runs
                cell.missing += missing
                cell.wanted = max(cell.wanted, wanted)
                cell.evaluated = started or cell.evaluated
    return told


def _cells_of(evaluation: Evaluation) -> dict[tuple[str, str], tuple[list[Run], int]]:
    """Return the runs of each agent on each task, and how many more were planned and left no trace.

    Without a plan, so many were wanted of each as the most that any has.
    """
    cells: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in evaluation.runs:
        cells[run.agent, run.task].append(run)
    for runs in cells.values():
        runs.sort(key=lambda run: run.repeat)
    if evaluation.plan is not None:
        wanted = evaluation.plan.repeats
        for agent in evaluation.plan.agents:
            for task in evaluation.plan.tasks:
                cells[agent, task]
    else:
        wanted = max((run.repeat + 1 for run in evaluation.runs), default=1)
    return {key: (runs, max(0, wanted - len(runs))) for key, runs in cells.items()}


_Draw = tuple[str, str, str, int]


def _own_runs(evaluations: Sequence[Evaluation]) -> Mapping[_Draw, str]:
    """Return who tells of each answer that some evaluation checked again.

    That is the evaluation it was given in, where that tells of it, else the latest that checked it again.
    """
    tellers: dict[_Draw, str] = {}
    for evaluation in evaluations:
        tellers |= {_draw(run, run.origin): evaluation.id for run in evaluation.runs if run.origin}
    if not tellers:
        return tellers
    for evaluation in evaluations:
        own = (_draw(run, evaluation.id) for run in evaluation.runs if not run.origin)
        tellers |= {draw: evaluation.id for draw in own if draw in tellers}
    return tellers


def _draw(run: Run, evaluation: str) -> _Draw:
    return evaluation, run.agent, run.task, run.repeat


def _is_own(run: Run, evaluation: str, own: Mapping[_Draw, str]) -> bool:
    """Whether `run` counts: the same answer, checked again, is no further run."""
    return not run.origin or own[_draw(run, run.origin)] == evaluation


def _task_weights(evaluations: Sequence[Evaluation]) -> dict[str, float]:
    """Return each task's weight; the latest evaluation, the last here, has the last word for all agents."""
    weights: dict[str, float] = {}
    for evaluation in evaluations:
        planned = plan_of(evaluation).tasks
        weights |= {run.task: run.task_weight for run in evaluation.runs if run.task not in planned}
        weights |= {task: each.weight for task, each in planned.items()}
    return weights


def _agent_score(
    agent: str, version: str, told: Mapping[str, _Told], weights: Mapping[str, float], cells: tuple[Cell, ...]
) -> AgentScore:
    counted = [cell for cell in cells if cell.score is not None]
    score = weighted_mean([(weights[cell.task], cell.score or 0.0) for cell in counted]) if counted else None
    low, high = score, score
    if score is None or any(each.unspent for each in told.values()) or any(cell.low != cell.high for cell in cells):
        low, high = (_bound(end, told, weights, cells) for end in ("low", "high"))
    times = [each.evaluated for each in told.values() if each.evaluated]
    return AgentScore(
        agent=agent,
        version=version,
        score=score,
        low=low or 0.0,
        high=high or 0.0,
        cells=cells,
        last_evaluated=max(times, default=None),
    )


def _bound(end: str, told: Mapping[str, _Told], weights: Mapping[str, float], cells: Iterable[Cell]) -> float:
    """Return the least (`low`) or the most (`high`) that a score may be, with tasks of which nothing was spent."""
    known = {cell.task: getattr(cell, end) for cell in cells}
    return weighted_mean([(weights[task], known.get(task, 100.0 * (end == "high"))) for task in told])


class _Worth:
    """State and points of runs; runs whose checks are one value share them."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int, float], tuple[State, float]] = {}

    def of(self, run: Run) -> tuple[State, float]:
        """Return the state and the score of `run`, whose checks live as long as this does."""
        key = (id(run.checks), run.declared_checks, run.declared_weight)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = run_state(run), run_score(run)
        return known


_ONE = {
    State.SCORED: RunCounts(scored=1),
    State.INCOMPLETE: RunCounts(incomplete=1),
}


def _cell(task: str, told: _Told, worth: _Worth) -> Cell:
    judged = [worth.of(run) for run in told.runs]
    if len(judged) == 1 and not (told.missing or told.unspent) and judged[0][0] is not State.VOID:
        return _cell_of_one(task, told.runs[0], *judged[0])
    void = sum(state is State.VOID for state, _ in judged)
    points = [score for state, score in judged if state is not State.VOID] + [0.0] * told.missing
    shown = [run for run, (state, _) in zip(told.runs, judged, strict=True) if state is not State.VOID] or told.runs
    checks = shown[0].checks if len(shown) == 1 else worst_of_each(shown)
    ends = bounds_of(points, passed=0, unknown=void + told.unspent)
    scored = sum(state is State.SCORED for state, _ in judged)
    return Cell(
        task=task,
        state=_state(len(points), scored),
        score=rounded(math.fsum(points) / len(points)) if points else None,
        low=ends.low,
        high=ends.high,
        runs=len(points) or void,
        unspent=told.unspent,
        checks=checks,
        declared_weight=shown[-1].declared_weight if shown else 0.0,
        points=tuple(sorted(points)),
        passed=sum(state is State.SCORED and score == 100.0 for state, score in judged),
        counts=RunCounts(scored=scored, void=void, incomplete=len(points) - scored),
        reason=_reason(checks),
        ending=shown[-1].ending if shown else None,
        seconds=shown[-1].seconds if shown else None,
        usage=total_usage(run.usage for run in shown) if points else None,
        print=next((run.print for run in told.runs if run.print), ""),
    )


def _cell_of_one(task: str, run: Run, state: State, score: float) -> Cell:
    return Cell(
        task=task,
        state=state,
        score=score,
        low=score,
        high=score,
        runs=1,
        checks=run.checks,
        declared_weight=run.declared_weight,
        points=(score,),
        passed=int(state is State.SCORED and score == 100.0),
        counts=_ONE[state],
        reason=_reason(run.checks),
        ending=run.ending,
        seconds=run.seconds,
        usage=run.usage and total_usage([run.usage]),
        print=run.print,
    )


def _state(unvoided: int, scored: int) -> State:
    if not unvoided:
        return State.VOID
    return State.SCORED if unvoided == scored else State.INCOMPLETE


def _ruled(cell: Cell, at_least: int | None) -> Cell:
    """Return `cell` under the rule "at least k of n runs"; void where the runs that are void would decide."""
    if at_least is None or cell.score is None:
        return cell
    if cell.passed >= at_least:
        return replace(cell, score=100.0, low=100.0, high=100.0, points=(100.0,))
    open_yet = cell.passed + cell.counts.void + cell.unspent >= at_least
    if open_yet:
        return replace(cell, score=None, low=0.0, high=100.0, points=(), state=State.VOID)
    return replace(cell, score=0.0, low=0.0, high=0.0, points=(0.0,))


def _reason(checks: Iterable[Check]) -> str:
    """Return the reason of the worst check that has one, the first by name."""
    lost = [check for check in checks if check.reason and check.outcome is not Outcome.PASSED]
    return next((check.reason for check in lost if check.outcome is Outcome.ERROR), lost[0].reason if lost else "")


def _without_runs(merged: Sequence[Evaluation], counted: Sequence[Evaluation]) -> Iterator[str]:
    empty = sorted({evaluation.id for evaluation in merged} - {evaluation.id for evaluation in counted})
    yield from (f"evaluation {each} holds no run and counts for nothing" for each in empty)


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
        planned = plan_of(evaluation).tasks
        for task, each in planned.items():
            declared[task].add((each.checks, each.declared_weight, each.weight))
        for run in evaluation.runs:
            if run.task not in planned:
                declared[run.task].add((run.declared_checks, run.declared_weight, run.task_weight))
    for task, told in sorted(declared.items()):
        if len(told) > 1:
            yield f"{task}: its checks or weight changed between evaluations; its scores do not compare"
