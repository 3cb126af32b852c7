"""The leaderboard: agents in rank order with what they earn, a pure function of evaluations.

Equal input gives an equal board whatever the order of files: nothing here reads a clock, a folder or a
setting.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.evaluation import Evaluation
from bitsec_eval.core.history import Moment, histories
from bitsec_eval.core.intervals import Interval, score_interval
from bitsec_eval.core.merging import merge
from bitsec_eval.core.rewards import Rewards, parse_emission, reward
from bitsec_eval.core.scores import AgentScore, Cell, RunCounts, Scores, scores
from bitsec_eval.core.ties import tie_groups
from bitsec_eval.core.usage import TIEBREAKS, Usage

__all__ = ["Leaderboard", "Row", "RunCounts", "best_score", "leaderboard"]

_DEFAULTS = {"emission": "100", "rewards": "score", "tiebreak": TIEBREAKS[0]}
MOST_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One agent on the board; `rank` and `score` are None when all of its runs are void.

    The true score lies in `interval` with 95 % confidence. Agents of one `group` cannot be told from its best, whose
    rank it shares with the others; both are None where there are too few tasks. `history` holds the score after
    each evaluation, oldest first. `usage` is what the runs that count used of the LLM, None where none was offered.
    """

    rank: int | None
    agent: str
    version: str
    score: float | None
    interval: Interval | None
    group: int | None
    reward: Decimal
    runs: RunCounts
    tasks: tuple[Cell, ...]
    last_evaluated: datetime | None
    history: tuple[Moment, ...] = ()
    usage: Usage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaderboard:
    """Agents in rank order; rewards and `undistributed` sum exactly to `emission`, in TAO.

    `tiebreak` says what ranks agents of equal score, "none" or "cost"; their rewards are equal all the same.
    `doubts` says why the rewards are provisional and is empty when they are final.
    `notes` says what else a reader should know.
    """

    rows: tuple[Row, ...]
    tasks: tuple[str, ...]
    runs: RunCounts
    emission: Decimal
    rewards: str
    baseline: float | None
    at_least: int | None
    tiebreak: str
    undistributed: Decimal
    evaluations: tuple[str, ...]
    last_evaluated: datetime | None
    doubts: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def provisional(self) -> bool:
        """True while a run is void or incomplete, or agents met different tasks: the exit code is 1."""
        return bool(self.doubts)


def leaderboard(
    evaluations: Iterable[Evaluation],
    *,
    emission: str | Decimal | None = None,
    rewards: str | None = None,
    at_least: int | None = None,
    baseline: float | None = None,
    tiebreak: str | None = None,
) -> Leaderboard:
    """Return the board that `evaluations` give together.

    `emission` (TAO), `rewards` (a rule's name), `at_least` (how many runs of a task must pass, see `scores`),
    `baseline` (the score that the rule "improvement" compares with) and `tiebreak` (of `TIEBREAKS`: among equal
    scores the lower cost of one run of every task is ahead) default to what the latest evaluation was told.

    Raises: ResultsError where two files of one evaluation contradict each other, SettingsError for an
    emission or a rule that does not exist.
    """
    merged = merge(evaluations)
    rules = _rules(
        merged, emission=emission, rewards=rewards, at_least=at_least, baseline=baseline, tiebreak=tiebreak
    )
    scored = scores(merged, at_least=rules.at_least)
    _check_at_least(rules.at_least, scored)
    points = {agent.agent: agent.score for agent in scored.agents}
    earned = reward(points, emission=rules.emission, rule=rules.rewards, baseline=rules.baseline)
    rows = _ranked(scored, earned, histories(merged, at_least=rules.at_least), rules.tiebreak)
    return _board(rules, scored, rows, earned.undistributed, merged)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    """What a board is computed by."""

    emission: Decimal
    rewards: str
    at_least: int | None
    baseline: float | None
    tiebreak: str


def _rules(evaluations: Sequence[Evaluation], **given: Any) -> _Rules:
    """Return what was given, and where nothing was, what the latest evaluation that says so was told."""
    plans = [evaluation.plan for evaluation in reversed(evaluations) if evaluation.plan]

    def told(setting: str) -> Any:
        values = (given[setting], *(getattr(plan, setting) for plan in plans), _DEFAULTS.get(setting))
        return next((value for value in values if value is not None), None)

    return _Rules(
        emission=parse_emission(str(told("emission"))),
        rewards=told("rewards"),
        at_least=told("at_least"),
        baseline=told("baseline"),
        tiebreak=told("tiebreak"),
    )


def _board(
    rules: _Rules, scored: Scores, rows: tuple[Row, ...], undistributed: Decimal, evaluations: Sequence[Evaluation]
) -> Leaderboard:
    runs = sum((row.runs for row in rows), RunCounts())
    return Leaderboard(
        rows=rows,
        tasks=scored.tasks,
        runs=runs,
        emission=rules.emission,
        rewards=rules.rewards,
        baseline=rules.baseline if rules.rewards == "improvement" else None,
        at_least=rules.at_least,
        tiebreak=rules.tiebreak,
        undistributed=undistributed,
        evaluations=tuple(sorted(evaluation.id for evaluation in evaluations)),
        last_evaluated=max((row.last_evaluated for row in rows if row.last_evaluated), default=None),
        doubts=tuple(_doubts(rows, runs, scored)),
        notes=scored.notes,
    )


def _check_at_least(needed: int | None, scored: Scores) -> None:
    if needed is not None and scored.agents and not 1 <= needed <= scored.most_runs:
        raise SettingsError(
            f"at least {needed} of {scored.most_runs} runs: nobody can pass;"
            f" give a number from 1 to {scored.most_runs} or repeat runs more often"
        )


def _ranked(
    scored: Scores, earned: Rewards, history: Mapping[str, tuple[Moment, ...]], tiebreak: str
) -> tuple[Row, ...]:
    standing = {agent.agent: (-(agent.score or 0), agent.cost * (tiebreak == "cost")) for agent in scored.agents}
    ordered = sorted(scored.agents, key=lambda agent: (agent.score is None, standing[agent.agent], agent.agent))
    groups = tie_groups([agent.by_task for agent in ordered if agent.score is not None], scored.weights)
    ranks: dict[tuple[float, float], int] = {}
    for place, agent in enumerate(ordered, start=1):
        ranks.setdefault(standing[agent.agent], place)
    return tuple(
        Row(
            rank=None if agent.score is None else ranks[standing[agent.agent]],
            agent=agent.agent,
            version=agent.version,
            score=agent.score,
            interval=_interval(agent, scored.weights),
            group=groups[place] if agent.score is not None else None,
            reward=earned.amounts[agent.agent],
            runs=sum((cell.counts for cell in agent.cells), RunCounts()),
            tasks=agent.cells,
            last_evaluated=agent.last_evaluated,
            history=history.get(agent.agent, ()),
            usage=agent.usage,
        )
        for place, agent in enumerate(ordered)
    )


def _interval(agent: AgentScore, weights: Mapping[str, float]) -> Interval | None:
    counted = [cell for cell in agent.cells if cell.score is not None]
    if not counted:
        return None
    return score_interval([cell.points for cell in counted], [weights[cell.task] for cell in counted])


def _doubts(rows: Sequence[Row], runs: RunCounts, scored: Scores) -> Iterator[str]:
    if runs.void:
        yield f"{_runs(runs.void)} void"
    if runs.incomplete:
        yield f"{_runs(runs.incomplete)} incomplete"
    short = sorted((row.agent, len(row.tasks)) for row in rows if len(row.tasks) < len(scored.tasks))
    if len(short) > MOST_NAMED:
        yield f"{len(short)} agents were evaluated on fewer than all {len(scored.tasks)} tasks"
    else:
        yield from (f"{agent} was evaluated on {count} of {len(scored.tasks)} tasks" for agent, count in short)


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"


def best_score(evaluations: Iterable[Evaluation]) -> float:
    """Return the best score of an earlier board, 0 where nobody has one."""
    return max((agent.score or 0.0 for agent in scores(evaluations).agents), default=0.0)
