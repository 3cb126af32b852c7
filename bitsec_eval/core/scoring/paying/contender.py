"""What a reward rule knows of an agent, and what it answers.

Where runs are void, scores, costs and proofs lie between two ends. A rule answers for the worst of them: an agent's
own claim as small as it can still become, and the sum of all claims as large as it can become then. So what is paid
is never taken back, and nobody gains by a void run, its own or another's. Without void runs both ends are one.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

MILLION = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """An agent as reward rules see it: points of 0 to 100, US dollars, seconds since 1970, names of tasks.

    `low` and `high` are its score with void runs as nothing and as full; `cheapest` and `dearest` what one run of
    every task costs; `proven` and `provable` the tasks it has in full, and may yet have.
    `since` is when its version was handed in, infinite where that is not known.
    `group` is its group within noise, None where too little can be told.
    `parts` says into how many parts its claim is divided, each of another agent that answers like it and is as old.
    """

    low: float
    high: float
    cheapest: float = 0.0
    dearest: float = 0.0
    proven: frozenset[str] = frozenset()
    provable: frozenset[str] = frozenset()
    since: float = math.inf
    group: int | None = None
    parts: int = 1

    @staticmethod
    def of(score: "Contender | float | None") -> "Contender":
        """Return a contender with a score that is sure, 0 for None; a contender as it is."""
        return score if isinstance(score, Contender) else Contender(low=score or 0.0, high=score or 0.0)

    @property
    def pending(self) -> bool:
        """True while it is not sure what its void runs will give."""
        return (self.low, self.cheapest, self.proven) != (self.high, self.dearest, self.provable)

    @property
    def at_best(self) -> "Contender":
        """The same with every void run as full."""
        return replace(self, low=self.high, dearest=self.cheapest, proven=self.provable)


Field = Mapping[str, Contender]


class ShareClaim(NamedTuple):
    """An agent is paid `own` of `whole` of the emission at least; without void runs all have one `whole`."""

    own: int
    whole: int


FieldRule = Callable[[Field], Mapping[str, ShareClaim]]
"""A reward rule: what every agent of a field claims. It is a pure function, the same for any order of agents."""


def whole_claims(owns: Mapping[str, Fraction], whole: Fraction) -> dict[str, ShareClaim]:
    """Return claims of one `whole` as whole numbers, in the same proportions."""
    scale = math.lcm(whole.denominator, *(own.denominator for own in owns.values()))
    return {agent: ShareClaim(int(own * scale), int(whole * scale)) for agent, own in owns.items()}
