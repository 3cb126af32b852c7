"""The rule `progress`: what an agent adds to all that was there before it, worth half after every half-life.

An agent's gain is its score less the best of the baseline and of every agent that was handed in before it, if that
is at least 3 % of it. Its claim is the gain times 2 to the power of minus its age over the half-life. What has
decayed is nobody's: it stays undistributed, so an old gain is worth less even where nobody has made a new one.
"""

import math
from collections.abc import Iterator
from itertools import groupby

from bitsec_eval.core.scoring.paying.contender import MILLION, Field, FieldRule, ShareClaim
from bitsec_eval.core.scoring.paying.points import gain

DAY_SECONDS = 86_400
HALF_LIFE_DAYS = 14.0
MOST_HALF_LIFE_DAYS = 36_500.0


def by_progress(*, baseline: float, half_life: float, now: float | None) -> FieldRule:
    """Return the rule for gains above `baseline`, at `now` (seconds), with a half-life in days.

    Without a time, or where it is not known when an agent was handed in, nothing has decayed.
    """

    def rule(field: Field) -> dict[str, ShareClaim]:
        return pay_progress(field, baseline=baseline, half_life=half_life, now=now)

    return rule


def pay_progress(field: Field, *, baseline: float, half_life: float, now: float | None) -> dict[str, ShareClaim]:
    """Return every agent's decayed gain, of the sum of all gains before they decayed."""
    least = {agent: gain(field[agent].low, high) // field[agent].parts for agent, _, high in _before(field, baseline)}
    most = {agent: gain(field[agent].high, low) // field[agent].parts for agent, low, _ in _before(field, baseline)}
    total = sum(most.values())
    kept = {agent: kept_millionths(field[agent].since, now, half_life) for agent in field}
    wholes = {agent: total - most[agent] + own for agent, own in least.items()}
    return {agent: ShareClaim(own * kept[agent], wholes[agent] * MILLION) for agent, own in sorted(least.items())}


def _before(field: Field, baseline: float) -> Iterator[tuple[str, float, float]]:
    """Yield each agent with the least and the most that the best before it can turn out to have."""
    low = high = baseline
    by_age = sorted(field, key=lambda agent: field[agent].since)
    for _, same in groupby(by_age, key=lambda agent: field[agent].since):
        agents = list(same)
        yield from ((agent, low, high) for agent in agents)
        low = max(low, *(field[agent].low for agent in agents))
        high = max(high, *(field[agent].high for agent in agents))


def kept_millionths(since: float, now: float | None, half_life: float) -> int:
    """Return what remains of a gain, in millionths.

    >>> kept_millionths(0.0, 14 * 86400.0, 14.0), kept_millionths(0.0, None, 14.0)
    (500000, 1000000)
    """
    if now is None or math.isinf(since):
        return MILLION
    age = max(0.0, now - since) / DAY_SECONDS
    return round(MILLION * math.exp2(-age / half_life))
