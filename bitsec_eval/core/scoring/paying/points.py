"""Rules that pay by points alone: `score`, `distinct` and `improvement`."""

from collections.abc import Callable, Mapping

from bitsec_eval.core.scoring.paying.contender import MILLION, Field, ShareClaim

LEAST_GAIN = 0.03
"""So much better than what was there before, as a part of it, must a score be to be worth anything."""

PointRule = Callable[[float], int]
"""Returns the claim that a score has; it must not fall as the score rises."""


def by_score(score: float) -> int:
    """ShareClaim in proportion to the score, to a millionth of a point."""
    return round(score * MILLION)


def by_improvement(baseline: float) -> PointRule:
    """Return the rule that pays for progress only: claim what the score is above `baseline`, if that is a `gain`."""
    return lambda score: gain(score, baseline)


def gain(score: float, before: float) -> int:
    """Return what `score` is above `before`, in millionths of a point.

    Nothing for less than 3 % of `before` above it, nor, where that lies beyond, for less than 100.

    >>> gain(51.5, 50.0), gain(51.49, 50.0), gain(100.0, 99.0), gain(40.0, 50.0)
    (1500000, 0, 1000000, 0)
    """
    least = min(100.0, before * (1 + LEAST_GAIN))
    return max(0, round((score - before) * MILLION)) if score >= least else 0


def pay_points(rule: PointRule, field: Field) -> dict[str, ShareClaim]:
    """Return every agent's claim where its own score is `low` and everybody else's `high`."""
    most = {agent: _claim(rule, each.high, each.parts) for agent, each in field.items()}
    total = sum(most.values())
    least = {agent: _claim(rule, each.low, each.parts) for agent, each in field.items()}
    return {agent: ShareClaim(own, total - most[agent] + own) for agent, own in least.items()}


def _claim(rule: PointRule, score: float, parts: int) -> int:
    return rule(score) // parts


def by_points(rule: PointRule) -> Callable[[Field], Mapping[str, ShareClaim]]:
    """Return a rule over scores as a rule over a field."""
    return lambda field: pay_points(rule, field)
