"""The leaderboard: agents in rank order with what they earn, a pure function of evaluations.

Equal input gives an equal board whatever the order of files: nothing here reads a clock, a folder or a
setting.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from bitsec_eval.core.agents.behaviour import by_age, first_alike, shares_of
from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.evaluations.conditions import differences_between, engines_of, terms_of
from bitsec_eval.core.evaluations.evaluation import Evaluation
from bitsec_eval.core.evaluations.merging import merge, that_count
from bitsec_eval.core.evaluations.stages import Screen, Stop
from bitsec_eval.core.scoring.history import Moment, histories
from bitsec_eval.core.scoring.intervals import Interval, score_interval
from bitsec_eval.core.scoring.paying.contender import Contender
from bitsec_eval.core.scoring.paying.progress import HALF_LIFE_DAYS
from bitsec_eval.core.scoring.rewards import CENT, TAKE_BASELINE, Rewards, RewardTerms, parse_emission, reward
from bitsec_eval.core.scoring.scores import AgentScore, Cell, RunCounts, Scores, scores
from bitsec_eval.core.scoring.ties import tie_groups
from bitsec_eval.core.usage import TIEBREAKS, Usage

__all__ = ["Leaderboard", "Row", "RunCounts", "best_score", "leaderboard"]

_DEFAULTS = {"emission": "100", "rewards": "score", "tiebreak": TIEBREAKS[0]}
MOST_NAMED = 3
FULL = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One agent on the board; `rank` and `score` are None when all of its runs are void.

    `low` and `high` are the score with void runs as nothing and as full, both equal to it where none is void.
    `stopped` says why `unspent` runs were not done, None for an agent that had all of its runs. A stopped one has no
    rank and earns nothing; its score is that of the runs it had, and `low` and `high` count those it had not as well.
    An agent is ranked by `low` and paid `reward`, which is its own whatever becomes of void runs, its and others'.
    `alike` is the earliest agent that behaves like this one, "" for none.
    The true score lies in `interval` with 95 % confidence. Agents of one `group` cannot be told from its best, whose
    rank it shares with the others; both are None where there are too few tasks. `history` holds the score after
    each evaluation, oldest first. `usage` is what the runs that count used of the LLM, None where none was offered.
    """

    rank: int | None
    agent: str
    version: str
    score: float | None
    low: float
    high: float
    interval: Interval | None
    group: int | None
    reward: Decimal
    runs: RunCounts
    tasks: tuple[Cell, ...]
    last_evaluated: datetime | None
    history: tuple[Moment, ...] = ()
    usage: Usage | None = None
    alike: str = ""
    stopped: Stop | None = None
    unspent: int = 0

    @property
    def pending(self) -> bool:
        """True while runs of this agent are void, so that its score and its reward may yet rise."""
        return self.runs.void > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaderboard:
    """Agents in rank order; rewards, `held` and `undistributed` sum exactly to `emission`, in TAO.

    `held` is paid once the void runs of `pending` agents were done again; no reward falls by that.

    `tiebreak` says what ranks agents of equal score, "none" or "cost"; their rewards are equal all the same.
    `screen` and `prune` say which agents were stopped; of a board that was pruned only ranks up to `prune` are paid.
    `doubts` says why the board is provisional and is empty when it is final.
    `notes` says what else a reader should know.
    """

    rows: tuple[Row, ...]
    tasks: tuple[str, ...]
    runs: RunCounts
    emission: Decimal
    rewards: str
    baseline: float | None
    half_life: float | None
    at_least: int | None
    tiebreak: str
    held: Decimal
    undistributed: Decimal
    evaluations: tuple[str, ...]
    last_evaluated: datetime | None
    doubts: tuple[str, ...]
    notes: tuple[str, ...]
    screen: Screen | None = None
    prune: int | None = None

    @property
    def provisional(self) -> bool:
        """True while a run is void or incomplete, or agents met different tasks: the exit code is 1."""
        return bool(self.doubts)

    @property
    def unsettled(self) -> tuple[str, ...]:
        """The doubts that may lower a reward or raise it: all but void runs, which can only raise some."""
        return tuple(doubt for doubt in self.doubts if doubt != _void(self.runs))

    @property
    def pending(self) -> tuple[Row, ...]:
        """The agents with void runs, in rank order."""
        return tuple(row for row in self.rows if row.pending)


def leaderboard(
    evaluations: Iterable[Evaluation],
    *,
    emission: str | Decimal | None = None,
    rewards: str | None = None,
    at_least: int | None = None,
    baseline: float | None = None,
    tiebreak: str | None = None,
    half_life: float | None = None,
) -> Leaderboard:
    """Return the board that `evaluations` give together.

    `emission` (TAO), `rewards` (a rule's name), `at_least` (how many runs of a task must pass, see `scores`),
    `baseline` (the score that the rules "improvement" and "progress" compare with), `tiebreak` (of `TIEBREAKS`: among
    equal scores the lower cost of one run of every task is ahead) and `half_life` (days, for the rule "progress")
    default to what the latest evaluation was told.

    Raises: ResultsError where two files of one evaluation contradict each other, SettingsError for an
    emission or a rule that does not exist.
    """
    merged = merge(evaluations)
    counted = that_count(merged)
    given = {
        "emission": emission,
        "rewards": rewards,
        "at_least": at_least,
        "baseline": baseline,
        "tiebreak": tiebreak,
        "half_life": half_life,
    }
    rules = _rules(counted, given)
    scored = scores(merged, at_least=rules.at_least)
    _check_at_least(rules.at_least, scored)
    since = {agent.agent: agent.since for agent in scored.agents}
    answers = {agent.agent: {cell.task: cell.print for cell in agent.cells if cell.print} for agent in scored.agents}
    copies = first_alike(answers, by_age(since))
    groups = _groups(scored, rules.tiebreak)
    earned = _earned(rules, scored, groups, shares_of(copies, since), _latest(counted))
    rows = _ranked(scored, earned, histories(counted, at_least=rules.at_least), rules.tiebreak, copies, groups)
    board = _board(rules, scored, rows, earned, counted)
    terms = terms_of(counted, given=[name for name, value in given.items() if value is not None])
    decided = tuple(f"{line}; the latest evaluation's counts" for line in terms.values())
    return replace(board, notes=(*board.notes, *decided)) if decided else board


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    """What a board is computed by."""

    emission: Decimal
    rewards: str
    at_least: int | None
    baseline: float | None
    tiebreak: str
    half_life: float | None
    screen: Screen | None
    prune: int | None


def _earned(
    rules: _Rules, scored: Scores, groups: Mapping[str, int | None], shares: Mapping[str, int], now: float | None
) -> Rewards:
    """Return the rewards of all agents that were not stopped; `now` is in seconds since 1970."""
    field = {
        agent.agent: _contender(agent, groups.get(agent.agent), shares)
        for agent in scored.agents
        if not agent.stopped
    }
    terms = RewardTerms(baseline=rules.baseline, half_life=rules.half_life, now=now, awards=scored.weights)
    copies = [agent for agent, parts in shares.items() if not parts]
    return reward(field, emission=rules.emission, rule=rules.rewards, terms=terms, copies=copies, top=rules.prune)


def _contender(agent: AgentScore, group: int | None, shares: Mapping[str, int]) -> Contender:
    return Contender(
        low=agent.sure,
        high=agent.high,
        cheapest=0.0 if any(cell.counts.void for cell in agent.cells) else agent.cost,
        dearest=agent.cost,
        proven=frozenset(cell.task for cell in agent.cells if cell.low == FULL and not agent.open_screening),
        provable=frozenset(cell.task for cell in agent.cells if cell.high == FULL),
        since=agent.since.timestamp() if agent.since else math.inf,
        group=group,
        parts=max(1, shares.get(agent.agent, 1)),
    )


def _latest(evaluations: Sequence[Evaluation]) -> float | None:
    """Return when the latest evaluation began, in seconds since 1970."""
    latest = max((evaluation.age_key[0] for evaluation in evaluations), default=-math.inf)
    return None if math.isinf(latest) else latest


def _rules(evaluations: Sequence[Evaluation], given: Mapping[str, Any]) -> _Rules:
    """Return what was given, and where nothing was, what the latest evaluation that says so was told."""
    plans = [evaluation.plan for evaluation in reversed(evaluations) if evaluation.plan]

    def told(setting: str) -> Any:
        values = (given.get(setting), *(getattr(plan, setting) for plan in plans), _DEFAULTS.get(setting))
        return next((value for value in values if value is not None), None)

    return _Rules(
        emission=parse_emission(str(told("emission"))),
        rewards=told("rewards"),
        at_least=told("at_least"),
        baseline=told("baseline"),
        tiebreak=told("tiebreak"),
        half_life=told("half_life"),
        screen=told("screen"),
        prune=told("prune"),
    )


def _board(
    rules: _Rules, scored: Scores, rows: tuple[Row, ...], earned: Rewards, evaluations: Sequence[Evaluation]
) -> Leaderboard:
    runs = RunCounts.total(row.runs for row in rows)
    return Leaderboard(
        rows=rows,
        tasks=scored.tasks,
        runs=runs,
        emission=rules.emission,
        rewards=rules.rewards,
        baseline=rules.baseline if rules.rewards in TAKE_BASELINE else None,
        half_life=(rules.half_life or HALF_LIFE_DAYS) if rules.rewards == "progress" else None,
        at_least=rules.at_least,
        tiebreak=rules.tiebreak,
        held=earned.held,
        undistributed=earned.undistributed,
        evaluations=tuple(sorted(evaluation.id for evaluation in evaluations)),
        last_evaluated=max((row.last_evaluated for row in rows if row.last_evaluated), default=None),
        doubts=(*_doubts(rows, runs, scored), *_left_out(scored, evaluations)),
        notes=(
            *_alike(rows),
            *_stopped(rows, rules),
            *differences_between(evaluations),
            *engines_of(evaluations),
            *scored.notes,
        ),
        screen=rules.screen,
        prune=rules.prune,
    )


def _check_at_least(needed: int | None, scored: Scores) -> None:
    if needed is not None and scored.agents and not 1 <= needed <= scored.most_runs:
        raise SettingsError(
            f"at least {needed} of {scored.most_runs} runs: nobody can pass;"
            f" give a number from 1 to {scored.most_runs} or repeat runs more often"
        )


def _ranked(
    scored: Scores,
    earned: Rewards,
    history: Mapping[str, tuple[Moment, ...]],
    tiebreak: str,
    copies: Mapping[str, str],
    groups: Mapping[str, int | None],
) -> tuple[Row, ...]:
    standing = {agent.agent: _standing(agent, tiebreak) for agent in scored.agents}
    ordered = _ordered(scored, tiebreak)
    ranks: dict[_Standing, int] = {}
    for place, agent in enumerate(ordered, start=1):
        ranks.setdefault(standing[agent.agent], place)
    return tuple(
        Row(
            rank=ranks[standing[agent.agent]] if _is_ranked(agent) else None,
            agent=agent.agent,
            version=agent.version,
            score=agent.score,
            low=agent.low,
            high=agent.high,
            interval=_interval(agent, scored.weights),
            group=groups.get(agent.agent),
            reward=earned.amounts.get(agent.agent, 0 * CENT),
            runs=RunCounts.total(cell.counts for cell in agent.cells),
            tasks=agent.cells,
            last_evaluated=agent.last_evaluated,
            history=history.get(agent.agent, ()),
            usage=agent.usage,
            alike=copies.get(agent.agent, ""),
            stopped=agent.stopped,
            unspent=agent.unspent,
        )
        for agent in ordered
    )


_Standing = tuple[int, float, float]


def _is_ranked(agent: AgentScore) -> bool:
    """Whether an agent has a rank: not while it may yet be screened out, or a void run would be worth one."""
    return agent.score is not None and agent.stopped is None and not agent.open_screening


def _standing(agent: AgentScore, tiebreak: str) -> _Standing:
    """Return what agents are sorted by: those that are ranked, then pruned, then screened ones, then the rest."""
    stop = Stop.SCREENED if agent.open_screening and not agent.stopped else agent.stopped
    place = (None, Stop.PRUNED, Stop.SCREENED).index(stop) if agent.score is not None else 3
    points = agent.low if agent.stopped is not Stop.SCREENED else agent.score or 0.0
    return place, -points, agent.cost if tiebreak == "cost" else 0.0


def _ordered(scored: Scores, tiebreak: str) -> list[AgentScore]:
    """Return agents from the best to the worst, equal ones by name."""
    return sorted(scored.agents, key=lambda agent: (_standing(agent, tiebreak), agent.agent))


def _groups(scored: Scores, tiebreak: str) -> dict[str, int | None]:
    """Return the group within noise of each agent that is ranked."""
    told = [agent for agent in _ordered(scored, tiebreak) if _is_ranked(agent)]
    groups = tie_groups([agent.by_task for agent in told], scored.weights)
    return {agent.agent: group for agent, group in zip(told, groups, strict=True)}


def _interval(agent: AgentScore, weights: Mapping[str, float]) -> Interval | None:
    counted = [cell for cell in agent.cells if cell.score is not None]
    if not counted:
        return None
    return score_interval([cell.points for cell in counted], [weights[cell.task] for cell in counted])


def _doubts(rows: Sequence[Row], runs: RunCounts, scored: Scores) -> Iterator[str]:
    if runs.void:
        yield _void(runs)
    if runs.incomplete:
        yield f"{_runs(runs.incomplete)} incomplete"
    whole = [row for row in rows if not row.stopped]
    short = sorted((row.agent, len(row.tasks)) for row in whole if len(row.tasks) < len(scored.tasks))
    if len(short) > MOST_NAMED:
        yield f"{len(short)} agents were evaluated on fewer than all {len(scored.tasks)} tasks"
    else:
        yield from (f"{agent} was evaluated on {count} of {len(scored.tasks)} tasks" for agent, count in short)


def _alike(rows: Sequence[Row]) -> Iterator[str]:
    groups: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row.alike:
            groups[row.alike].append(row.agent)
    for first, others in sorted(groups.items()):
        more = f" and {len(others) - MOST_NAMED} more" if len(others) > MOST_NAMED else ""
        yield f"{', '.join(sorted(others)[:MOST_NAMED])}{more} answered as {first} did, which was first"


def _stopped(rows: Sequence[Row], rules: _Rules) -> Iterator[str]:
    """Tell of agents that did not have all of their runs."""
    told = {
        Stop.SCREENED: f"below {rules.screen.points:g} points on {rules.screen.suite}" if rules.screen else "",
        Stop.PRUNED: f"could no longer reach rank {rules.prune}" if rules.prune else "",
    }
    for stop, why in told.items():
        found = [row for row in rows if row.stopped is stop]
        if found:
            agents = "1 agent" if len(found) == 1 else f"{len(found)} agents"
            yield f"{stop}: {agents} {why} ({_runs(sum(row.unspent for row in found))} not spent)"


def _left_out(scored: Scores, evaluations: Sequence[Evaluation]) -> Iterator[str]:
    """Tell of tasks that an evaluation left out and no other has run."""
    plans = [evaluation.plan for evaluation in evaluations if evaluation.plan]
    missing = sorted({task for plan in plans for task in plan.left_out} - set(scored.tasks))
    if missing:
        more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
        yield f"not run: {', '.join(missing[:MOST_NAMED])}{more}"


def _void(runs: RunCounts) -> str:
    return f"{_runs(runs.void)} void"


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"


def best_score(evaluations: Iterable[Evaluation]) -> float:
    """Return the best score of an earlier board that is sure, void runs as nothing; 0 where nobody has one."""
    return max((agent.low for agent in scores(evaluations).agents), default=0.0)
