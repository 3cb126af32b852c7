"""The leaderboard: agents in rank order with what they earn, a pure function of evaluations.

Equal input gives an equal board whatever the order of files: nothing here reads a clock, a folder or a
setting.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bitsec_eval.core.evaluation import Evaluation
from bitsec_eval.core.merging import merge
from bitsec_eval.core.rewards import Rewards, parse_emission, reward
from bitsec_eval.core.scores import AgentScore, Cell, Scores, State, scores

DEFAULT_EMISSION = "100"
DEFAULT_REWARDS = "score"
MOST_NAMED = 3


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
class Row:
    """One agent on the board; `rank` and `score` are None when all of its runs are void."""

    rank: int | None
    agent: str
    version: str
    score: float | None
    reward: Decimal
    runs: RunCounts
    tasks: tuple[Cell, ...]
    last_evaluated: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaderboard:
    """Agents in rank order; rewards and `undistributed` sum exactly to `emission`, in TAO.

    `doubts` says why the rewards are provisional and is empty when they are final.
    `notes` says what else a reader should know.
    """

    rows: tuple[Row, ...]
    tasks: tuple[str, ...]
    runs: RunCounts
    emission: Decimal
    rewards: str
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
    evaluations: Iterable[Evaluation], *, emission: str | Decimal | None = None, rewards: str | None = None
) -> Leaderboard:
    """Return the board that `evaluations` give together.

    `emission` (TAO) and `rewards` (a rule's name) default to what the latest evaluation was told.

    Raises: ResultsError where two files of one evaluation contradict each other, SettingsError for an
    emission or a rule that does not exist.
    """
    merged = merge(evaluations)
    scored = scores(merged)
    amount = parse_emission(str(emission) if emission is not None else _told(merged, "emission", DEFAULT_EMISSION))
    rule = rewards if rewards is not None else _told(merged, "rewards", DEFAULT_REWARDS)
    earned = reward({agent.agent: agent.score for agent in scored.agents}, emission=amount, rule=rule)
    rows = _ranked(scored.agents, earned)
    runs = sum((row.runs for row in rows), RunCounts())
    return Leaderboard(
        rows=rows,
        tasks=scored.tasks,
        runs=runs,
        emission=amount,
        rewards=rule,
        undistributed=earned.undistributed,
        evaluations=tuple(sorted(evaluation.id for evaluation in merged)),
        last_evaluated=max((row.last_evaluated for row in rows if row.last_evaluated), default=None),
        doubts=tuple(_doubts(rows, runs, scored)),
        notes=scored.notes,
    )


def _told(evaluations: Sequence[Evaluation], setting: str, default: str) -> str:
    told = [getattr(evaluation.plan, setting) for evaluation in evaluations if evaluation.plan]
    return next((value for value in reversed(told) if value is not None), default)


def _ranked(agents: Sequence[AgentScore], earned: Rewards) -> tuple[Row, ...]:
    ordered = sorted(agents, key=lambda agent: (agent.score is None, -(agent.score or 0), agent.agent))
    ranks: dict[float | None, int] = {}
    for place, agent in enumerate(ordered, start=1):
        ranks.setdefault(agent.score, place)
    return tuple(
        Row(
            rank=None if agent.score is None else ranks[agent.score],
            agent=agent.agent,
            version=agent.version,
            score=agent.score,
            reward=earned.amounts[agent.agent],
            runs=_counts(agent.cells),
            tasks=agent.cells,
            last_evaluated=agent.last_evaluated,
        )
        for agent in ordered
    )


def _counts(cells: Iterable[Cell]) -> RunCounts:
    counts = dict.fromkeys(State, 0)
    for cell in cells:
        counts[cell.state] += cell.runs
    return RunCounts(scored=counts[State.SCORED], void=counts[State.VOID], incomplete=counts[State.INCOMPLETE])


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
