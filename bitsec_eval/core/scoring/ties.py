"""Whether one agent is better than another or was luckier: a paired test on the tasks both met.

If two agents were equal, each task's difference could as well have had the other sign.
So the p-value is the share of all sign patterns whose sum is farther from 0 than the one observed, and half of those
just as far: a paired permutation test with the mid-p of Lancaster (1961), over all patterns up to 14 tasks and by its
normal limit beyond. Scores are coarse, and many patterns are just as far: all of them counted, a level of 5 % would
be one of 2 %. With fewer than 6 tasks nothing is said.
"""

import math
from collections.abc import Mapping, Sequence

LEVEL = 0.05
FEWEST_TASKS = 6
MOST_EXACT = 14


def paired_p(differences: Sequence[float]) -> float:
    """Return the two-sided p-value of differences between two agents, one for each task (weighted).

    >>> paired_p([10, 20, 10, 5, 10, 30])
    0.015625
    >>> paired_p([10, -10, 5, -5, 0, 0])
    0.875
    """
    moved = [each for each in differences if each]
    if not moved:
        return 1.0
    observed = abs(math.fsum(moved))
    if len(moved) <= MOST_EXACT:
        return _exact(moved, observed)
    return math.erfc(observed / math.sqrt(2 * math.fsum(each * each for each in moved)))


def _exact(moved: Sequence[float], observed: float) -> float:
    """Return the mid-p of `observed` over all sign patterns; the first sign is fixed, as both tails are alike."""
    sums = [moved[0]]
    for each in moved[1:]:
        sums = [one + each for one in sums] + [one - each for one in sums]
    slack = 1e-9 * (1 + observed)
    more = sum(abs(one) > observed + slack for one in sums)
    reached = sum(abs(one) >= observed - slack for one in sums)
    return (more + reached) / 2 / len(sums)


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
