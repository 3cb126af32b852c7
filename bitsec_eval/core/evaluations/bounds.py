"""Between what and what a score lies while runs of it are void, not spent or not yet done.

Sums are exactly rounded and scores kept to a millionth of a point. Each step keeps order, so a bound that is above
another one stays above it however the rest turns out.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

DECIMALS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The least and the most that a score may become, 0 to 100."""

    low: float
    high: float


def rounded(points: float) -> float:
    """Return points as they are kept."""
    return min(100.0, round(points, DECIMALS))


def weighted_mean(points: Sequence[tuple[float, float]]) -> float:
    """Return the mean of pairs of a weight and points."""
    return rounded(
        math.fsum([weight * each for weight, each in points]) / math.fsum([weight for weight, _ in points])
    )


def weighted(parts: Sequence[tuple[float, Bounds]]) -> Bounds:
    """Return the bounds of the mean of pairs of a weight and bounds."""
    return Bounds(
        low=weighted_mean([(weight, each.low) for weight, each in parts]),
        high=weighted_mean([(weight, each.high) for weight, each in parts]),
    )


def bounds_of(points: Sequence[float], *, passed: int, unknown: int, at_least: int | None = None) -> Bounds:
    """Return the bounds of a task's score: of the mean of its runs, or of its worth under "at least k of n".

    `points` are those of its runs that are known, of which `passed` passed every check; `unknown` others are not.

    >>> bounds_of([100, 50], passed=1, unknown=1)
    Bounds(low=50.0, high=83.333333)
    """
    if at_least is not None:
        return Bounds(low=100.0 * (passed >= at_least), high=100.0 * (passed + unknown >= at_least))
    total, runs = math.fsum(points), len(points) + unknown
    return Bounds(low=rounded(total / runs), high=rounded((total + 100.0 * unknown) / runs))
