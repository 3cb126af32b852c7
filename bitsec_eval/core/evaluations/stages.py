"""Screening and pruning: agents that are stopped before all of their runs were spent, and when that may be.

Both go by bounds that an infrastructure failure cannot move against an agent: a run that is void, missing or not yet
done may still be worth everything. An agent is screened out where its best score on the screening suite stays below
the points asked for, and pruned where as many agents as may be paid are surely ahead of the best it can still reach.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from heapq import nlargest

from bitsec_eval.core.evaluations.bounds import Bounds, bounds_of, weighted


class Stop(StrEnum):
    """Why the rest of an agent's runs was not spent."""

    SCREENED = "screened"
    PRUNED = "pruned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """The tasks of `suite` come first, and who stays below `points` (0 to 100) on them is screened out."""

    suite: str
    points: float
    tasks: tuple[str, ...] = ()

    def fails(self, bounds: Bounds) -> bool:
        """Whether even the best that an agent may have on the tasks is too little."""
        return bounds.high < self.points

    def passes(self, bounds: Bounds) -> bool:
        """Whether the least that it has is enough; what neither fails nor passes is open."""
        return bounds.low >= self.points


def is_of_suite(task: str, suite: str) -> bool:
    """Whether a task's id lies in a suite's folder.

    >>> is_of_suite("coding/reverse_string", "coding"), is_of_suite("coding_hard/sort", "coding")
    (True, False)
    """
    return task == suite or task.startswith(f"{suite}/")


def out_of_reach(agents: Mapping[str, Bounds], top: int) -> set[str]:
    """Return the agents that can no longer have rank `top`: so many others surely score more than they can.

    >>> field = {"a": Bounds(low=60, high=100), "b": Bounds(low=10, high=60), "c": Bounds(low=0, high=59)}
    >>> sorted(out_of_reach(field, 1))
    ['c']
    """
    least = nlargest(top, (bounds.low for bounds in agents.values()))
    if len(least) < top:
        return set()
    return {agent for agent, bounds in agents.items() if bounds.high < least[-1]}


def pruning_rounds(tasks: Sequence[str], weights: Mapping[str, float]) -> list[list[str]]:
    """Return the tasks in rounds, in their order; after each round it is looked who can be stopped.

    Until half of the weight is known nobody can: one with nothing may still have more than one with all of it. So the
    first round is what it takes to have more than half, and each task after that is one of its own.
    """
    half = sum(weights[task] for task in tasks) / 2
    known, first = 0.0, 0
    while first < len(tasks) and known <= half:
        known += weights[tasks[first]]
        first += 1
    return [list(tasks[:first]), *([task] for task in tasks[first:])]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPoints:
    """A run that was scored: its points, 0 to 100, and whether every check passed."""

    points: float
    passed: bool


class Field:
    """What is known of every agent's runs while an evaluation goes on; only runs that were scored are told of.

    `weights` are those of all tasks that are run, each `repeats` times; see `leaderboard` for `at_least`.
    """

    def __init__(
        self, agents: Iterable[str], weights: Mapping[str, float], repeats: int, at_least: int | None
    ) -> None:
        self._known: dict[str, dict[str, list[RunPoints]]] = {agent: {} for agent in agents}
        self._weights = dict(weights)
        self._repeats = repeats
        self._at_least = at_least

    def add(self, agent: str, task: str, run: RunPoints) -> None:
        """Take note of a run that was scored."""
        self._known[agent].setdefault(task, []).append(run)

    def bounds(self, agent: str, tasks: Collection[str] | None = None) -> Bounds:
        """Return the least and the most that an agent may score on these tasks, on all unless told."""
        chosen = self._weights if tasks is None else tasks
        return weighted([(self._weights[task], self._of_task(agent, task)) for task in chosen])

    def _of_task(self, agent: str, task: str) -> Bounds:
        known = self._known[agent].get(task, [])
        return bounds_of(
            [run.points for run in known],
            passed=sum(run.passed for run in known),
            unknown=max(0, self._repeats - len(known)),
            at_least=self._at_least,
        )

    def screened(self, screen: Screen) -> set[str]:
        """Return the agents that `screen` keeps out."""
        return {agent for agent in self._known if screen.fails(self.bounds(agent, screen.tasks))}

    def pruned(self, top: int, screen: Screen | None = None, copies: Collection[str] = ()) -> set[str]:
        """Return the agents that can no longer have rank `top`.

        One whose screening is open is ahead of nobody: it may yet turn out to be screened. `copies`, which are not
        paid beside what they are copies of, are ahead of nobody either.
        """
        field = {agent: self.bounds(agent) for agent in self._known}
        if screen is not None:
            field = {agent: self._settled(agent, bounds, screen) for agent, bounds in field.items()}
        field |= {agent: Bounds(low=0.0, high=field[agent].high) for agent in copies}
        return out_of_reach(field, top)

    def _settled(self, agent: str, bounds: Bounds, screen: Screen) -> Bounds:
        passes = screen.passes(self.bounds(agent, screen.tasks))
        return bounds if passes else Bounds(low=0.0, high=bounds.high)
