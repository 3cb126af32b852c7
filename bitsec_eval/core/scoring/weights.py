"""Rewards as weights for a chain: parts of one, and 16-bit integers as Bittensor stores them.

Bittensor max-upscales a row of weights: the largest becomes 65535 and each other one `value * 65535 / largest`,
rounded to the nearest integer; an epoch then divides the row by its sum. A row that is max-upscaled stays as it is.
So integers here are max-upscaled, from exact amounts, and their shares are those of their sum.

What is held back or undistributed is a weight of its own, the `remainder`. Left out, the rest would be scaled up to
one, and a reward that waits for somebody's void runs would be shared among all others at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from bitsec_eval.core.scoring.leaderboard import Leaderboard

U16_MAX = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """A part of one, and the same among max-upscaled 16-bit integers."""

    weight: float
    u16: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """A weight for each agent, in rank order, and for the remainder; the parts sum to one."""

    agents: Mapping[str, Weight]
    remainder: Weight

    @property
    def u16_sum(self) -> int:
        """The sum of all 16-bit integers, which a chain divides each of them by."""
        return self.remainder.u16 + sum(weight.u16 for weight in self.agents.values())


def weights_of(board: Leaderboard) -> Weights:
    """Return the weights of a board's rewards; where nothing was paid all weight is the remainder's."""
    amounts = {row.agent: row.reward for row in board.rows}
    remainder = board.held + board.undistributed
    if not board.emission:
        remainder = Decimal(1)
    largest = max(remainder, *amounts.values()) if amounts else remainder
    total = remainder + sum(amounts.values(), Decimal(0))
    return Weights(
        agents={agent: _weight(amount, total, largest) for agent, amount in amounts.items()},
        remainder=_weight(remainder, total, largest),
    )


def _weight(amount: Decimal, total: Decimal, largest: Decimal) -> Weight:
    return Weight(weight=float(Fraction(amount) / Fraction(total)), u16=upscaled(amount, largest))


def upscaled(amount: Decimal, largest: Decimal) -> int:
    """Return `amount` where `largest` is 65535, to the nearest integer, halves up.

    >>> upscaled(Decimal("33.33"), Decimal("50.00")), upscaled(Decimal(1), Decimal(1))
    (43686, 65535)
    """
    return int(Fraction(amount) * U16_MAX / Fraction(largest) + Fraction(1, 2))
