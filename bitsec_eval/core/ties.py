"""Whether one agent is better than another or was luckier: a paired test on the tasks both met.

If two agents were equal, each task's difference could as well have had the other sign.
So the p-value is the share of all sign patterns whose sum is at least as far from 0 as the one observed: a paired
permutation test, exact up to 14 tasks and by its normal limit beyond.
With fewer than 6 tasks not even one agent that wins them all could pass it; nothing is said then.
"""

import math
from collections.abc import Mapping, Sequence

LEVEL = 0.05
FEWEST_TASKS = 6
MOST_EXACT = 14


def paired_p(differences: Sequence[float]) -> float:
    """Return the two-sided p-value of differences between two agents, one for each task (weighted).

    >>> paired_p([10, 20, 10, 5, 10, 30])
    0.03125
    >>> paired_p([10, -10, 5, -5, 0, 0])
    1.0
    """
    moved = [each for each in differences if each]
    if not moved:
        return 1.0
    observed = abs(math.fsum(moved))
    if len(moved) <= MOST_EXACT:
        return _exact(moved, observed)
    return math.erfc(observed / math.sqrt(2 * math.fsum(each * each for each in moved)))


def _exact(moved: Sequence[float], observed: float) -> float:
    """Return the share of sign patterns that reach `observed`; the first sign is fixed, as both tails are alike."""
    sums = [moved[0]]
    for each in moved[1:]:
        sums = [one + each for one in sums] + [one - each for one in sums]
    least = observed - 1e-9 * (1 + observed)
    return sum(abs(one) >= least for one in sums) / len(sums)


def differences(
    one: Mapping[str, float], other: Mapping[str, float], weights: Mapping[str, float]
) -> tuple[float, ...]:
    """Return `one` minus `other` on every task both have, each times its weight, in order of the tasks' names."""
    return tuple(weights[task] * (one[task] - other[task]) for task in sorted(one.keys() & other.keys()))


def tie_groups(ordered: Sequence[Mapping[str, float]], weights: Mapping[str, float]) -> tuple[int | None, ...]:
    """Return the group, 1 and on, of each agent's points by task; the agents are given best first.

    The best agent opens a group, and all belong to it that the test cannot tell from it; the first that it can
    opens the next one. None for an agent that shares too few tasks with its group's best to be told from anybody.
    """
    groups: list[int | None] = []
    best: Mapping[str, float] | None = None
    current = 0
    for points in ordered:
        if best is None or _is_worse(points, best, weights):
            best, current = points, current + 1
        told = len(points.keys() & best.keys()) >= FEWEST_TASKS
        groups.append(current if told else None)
    return tuple(groups)


def _is_worse(points: Mapping[str, float], best: Mapping[str, float], weights: Mapping[str, float]) -> bool:
    found = differences(best, points, weights)
    return len(found) >= FEWEST_TASKS and math.fsum(found) > 0 and paired_p(found) < LEVEL
