"""The rule `winner`: everything for one agent, which later ones must beat by a margin.

One agent *beats* another when its score is at least 3 % better, or its score is no worse and one run of every task
costs at least 6 % less. Of the agents that nobody beats the earliest wins; of several that are equally early the one
with the best score does, and equals share. So a copy never wins against what it was copied from, and neither does a
change worth less than chance.

It is no ladder that agents climb one after the other: there a small step by one could keep a third from the prize.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import accumulate, groupby

from bitsec_eval.core.scoring.paying.contender import Contender, Field, ShareClaim, whole_claims

BETTER, CHEAPER = 1.03, 0.94


def pay_winner(field: Field) -> dict[str, ShareClaim]:
    """Return the claims: the winner's parts of one, if it is sure who that is, and nothing for all others."""
    able = {agent: each for agent, each in field.items() if each.high > 0}
    shares = dict.fromkeys(field, Fraction(0)) | _sure_shares(able)
    return whole_claims(shares, Fraction(bool(able)))


def _sure_shares(able: Field) -> dict[str, Fraction]:
    """Return what is sure: only agents of one age can have it, those of the first that may be unbeaten."""
    rivals = _Rivals(able.values())
    by_age = sorted(able.items(), key=lambda pair: pair[1].since)
    for _, same in groupby(by_age, key=lambda pair: pair[1].since):
        first = {agent: each for agent, each in same if not rivals.surely_beat(each)}
        if first:
            return _shared(first, able)
    return {}


def _shared(first: Field, able: Field) -> dict[str, Fraction]:
    """Return the shares of those of equally early agents that are sure to be the best, and to be beaten by nobody."""
    best = max(each.low for each in first.values())
    ahead = {agent: each for agent, each in first.items() if each.high >= best}
    if best <= 0 or (len(ahead) > 1 and any(each.high > best for each in ahead.values())):
        return {}
    whole = sum(Fraction(1, each.parts) for each in ahead.values())
    threats = _Threats(able, best)
    return {
        agent: Fraction(1, each.parts) / whole
        for agent, each in ahead.items()
        if each.low == best and not threats.may_beat(agent, each)
    }


def _is_cheaper(one: float, other: float) -> bool:
    return one < other and one <= CHEAPER * other


class _Rivals:
    """Answers for each agent whether somebody is sure to beat it, in the time of a look-up."""

    def __init__(self, rivals: Iterable[Contender]) -> None:
        by_low = sorted((each.low, each.dearest) for each in rivals)
        self._lows: Sequence[float] = [low for low, _ in by_low]
        # The cost of the cheapest agent from each place on, which is that of all that are no worse.
        self._costs = list(accumulate((cost for _, cost in reversed(by_low)), min))[::-1]

    def surely_beat(self, agent: Contender) -> bool:
        """Whether somebody beats `agent` whatever becomes of void runs."""
        if self._lows[-1] >= BETTER * agent.high:
            return True
        place = bisect_left(self._lows, agent.high)
        return place < len(self._lows) and _is_cheaper(self._costs[place], agent.cheapest)


class _Threats:
    """Answers whether somebody else may yet beat an agent whose score is sure to reach `best`."""

    def __init__(self, able: Field, best: float) -> None:
        self._highest = sorted(able, key=lambda agent: -able[agent].high)[:2]
        no_worse = [agent for agent, each in able.items() if each.high >= best]
        self._cheapest = sorted(no_worse, key=lambda agent: able[agent].cheapest)[:2]
        self._able = able

    def may_beat(self, agent: str, each: Contender) -> bool:
        """Whether another than `agent` beats it, or may do so when void runs were done again."""
        better = (self._able[other].high >= BETTER * each.low for other in self._highest if other != agent)
        costs = (self._able[other].cheapest for other in self._cheapest if other != agent)
        return any(better) or any(_is_cheaper(cost, each.dearest) for cost in costs)
