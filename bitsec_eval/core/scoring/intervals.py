"""Confidence intervals: a 95 % interval of an agent's score over tasks and repeats.

The question is how the agent would score on other tasks of the same kind, so a task is the unit: what differs
between tasks includes what differs between repeats of each.
The variance is that of the bootstrap over tasks and repeats with ever more resamples, which for a weighted mean is
a formula, and needs neither chance nor a library. The ends are Wilson's, with the number of tasks that would have
that variance, so they stay within 0 to 100 and leave room for doubt where every task gave the same points.
docs/decisions/0051 holds what this covers, and what the textbook percentiles covered.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

Z = 1.959963984540054
DECIMALS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """The score lies between `low` and `high`, both 0 to 100, in 95 of 100 evaluations."""

    low: float
    high: float


def score_interval(runs_by_task: Sequence[Sequence[float]], weights: Sequence[float]) -> Interval | None:
    """Return the interval of the weighted mean over tasks of each task's mean over runs (points of 0 to 100).

    A single task says nothing of others: its repeats are the units then. None where there is one run in all.
    """
    if len(runs_by_task) == 1:
        runs_by_task, weights = [[points] for points in runs_by_task[0]], [1.0] * len(runs_by_task[0])
    if len(runs_by_task) < 2:
        return None
    means = [math.fsum(points) / len(points) / 100 for points in runs_by_task]
    share = _weighted(means, weights)
    quantile = t_quantile(len(means) - 1)
    return _wilson(share, _effective(means, weights, share), quantile)


def _weighted(values: Sequence[float], weights: Sequence[float]) -> float:
    return math.fsum(w * v for w, v in zip(weights, values, strict=True)) / math.fsum(weights)


def _effective(means: Sequence[float], weights: Sequence[float], share: float) -> float:
    """Return how many independent tries, passed or not, would leave as much doubt as these tasks do."""
    whole = math.fsum(weights)
    spread = math.fsum((w * (mean - share)) ** 2 for w, mean in zip(weights, means, strict=True)) / whole**2
    variance = spread * len(means) / (len(means) - 1)
    if variance < 1e-12:
        return whole**2 / math.fsum(w * w for w in weights)
    return max(1.0, share * (1 - share) / variance)


def _wilson(share: float, tries: float, z: float) -> Interval:
    middle = (share + z * z / (2 * tries)) / (1 + z * z / tries)
    half = z * math.sqrt(share * (1 - share) / tries + z * z / (4 * tries * tries)) / (1 + z * z / tries)
    low, high = 100 * min(share, middle - half), 100 * max(share, middle + half)
    return Interval(low=max(0.0, round(low, DECIMALS)), high=min(100.0, round(high, DECIMALS)))


def t_quantile(freedom: int) -> float:
    """Return the 97.5 % quantile of Student's t, right to 1 %: exact for 1 and 2, Cornish-Fisher from 3 on.

    >>> round(t_quantile(1), 2), round(t_quantile(9), 2), round(t_quantile(1000), 2)
    (12.71, 2.26, 1.96)
    """
    if freedom == 1:
        return 12.706204736
    if freedom == 2:
        return 4.302652730
    first = (Z**3 + Z) / 4
    second = (5 * Z**5 + 16 * Z**3 + 3 * Z) / 96
    third = (3 * Z**7 + 19 * Z**5 + 17 * Z**3 - 15 * Z) / 384
    return Z + first / freedom + second / freedom**2 + third / freedom**3
