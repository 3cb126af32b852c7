"""One-to-one assignment that is best over all pairs, so no finding is credited twice and none is given away greedily.

The Hungarian method with potentials (Kuhn 1955, Munkres 1957): at most 100 reported findings against some dozens of
expected ones take milliseconds, which is why nothing heavier is needed for it.
"""

import math
from collections.abc import Sequence


def assign(gains: Sequence[Sequence[float]]) -> tuple[int | None, ...]:
    """Return for each row the column it is given, None for a row that gains nothing.

    `gains[row][column]` is what the pair is worth; pairs worth 0 or less are never made.
    No column is given twice, and no other such choice has a greater sum.
    Equal input gives equal output; rows of unequal length are not allowed.

    >>> assign([[0.9, 0.8], [0.7, 0.0]])
    (1, 0)
    """
    rows, columns = len(gains), len(gains[0]) if gains else 0
    if not columns:
        return (None,) * rows
    # One spare column a row, worth nothing: staying without a partner is then a choice like any other.
    costs = [[-max(0.0, gain) for gain in row] + [0.0] * rows for row in gains]
    return tuple(
        column if column < columns and gains[row][column] > 0 else None for row, column in enumerate(_cheapest(costs))
    )


def _cheapest(costs: list[list[float]]) -> list[int]:
    """Return for each row its column in the cheapest full assignment; there are at least as many columns as rows."""
    table = _Table(costs)
    for row in range(len(costs)):
        table.admit(row)
    held = {row: column for column, row in table.owner.items()}
    return [held[row] for row in range(len(costs))]


class _Table:
    """The rows admitted so far and their columns, with prices under which no other choice is cheaper."""

    def __init__(self, costs: list[list[float]]) -> None:
        self._costs = costs
        self._width = len(costs[0])
        self._row_price = [0.0] * len(costs)
        self._column_price = [0.0] * self._width
        self.owner: dict[int, int] = {}  # the row that holds a column

    def admit(self, row: int) -> None:
        """Give `row` a column, along the cheapest path by which earlier rows move on to others."""
        distance = [math.inf] * self._width
        before: list[int | None] = [None] * self._width
        reached: set[int] = set()
        current, at = row, None
        while True:
            self._look(current, at, reached, distance, before)
            nearest = min((c for c in range(self._width) if c not in reached), key=distance.__getitem__)
            self._reprice(row, reached, distance, distance[nearest])
            reached.add(nearest)
            at = nearest
            if nearest not in self.owner:
                break
            current = self.owner[nearest]
        self._hand_over(row, at, before)

    def _look(
        self, row: int, at: int | None, reached: set[int], distance: list[float], before: list[int | None]
    ) -> None:
        """Note every column that is nearer from `row`, which holds the column `at`."""
        costs, price = self._costs[row], self._row_price[row]
        for column in range(self._width):
            way = costs[column] - price - self._column_price[column]
            if column not in reached and way < distance[column]:
                distance[column], before[column] = way, at

    def _reprice(self, row: int, reached: set[int], distance: list[float], step: float) -> None:
        """Move the prices so that the nearest column costs nothing more; `distance` shrinks with them."""
        self._row_price[row] += step
        for column in reached:
            self._row_price[self.owner[column]] += step
            self._column_price[column] -= step
        for column in range(self._width):
            if column not in reached:
                distance[column] -= step

    def _hand_over(self, row: int, at: int | None, before: list[int | None]) -> None:
        """Along the path that ends in `at`, give each column to the row that holds the one before it."""
        while at is not None:
            previous = before[at]
            self.owner[at] = row if previous is None else self.owner[previous]
            at = previous
