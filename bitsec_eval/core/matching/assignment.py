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
        column if column < columns and gains[row][column] > 0 else None
        for row, column in enumerate(_cheapest(costs))
    )


def _cheapest(costs: list[list[float]]) -> list[int]:
    """Return for each row its column in the cheapest full assignment; there are at least as many columns as rows."""
    width = len(costs[0])
    row_price, column_price = [0.0] * len(costs), [0.0] * width
    owner: list[int | None] = [None] * width
    for row in range(len(costs)):
        _augment(row, costs, row_price, column_price, owner)
    chosen = [0] * len(costs)
    for column, holder in enumerate(owner):
        if holder is not None:
            chosen[holder] = column
    return chosen


def _augment(
    row: int,
    costs: list[list[float]],
    row_price: list[float],
    column_price: list[float],
    owner: list[int | None],
) -> None:
    """Give `row` a column along the cheapest path that moves earlier rows on, keeping the prices valid."""
    width = len(owner)
    distance, came_from, done = [math.inf] * width, [-1] * width, [False] * width
    current, at = row, -1
    while True:
        reach = math.inf
        nearest = -1
        for column in range(width):
            if done[column]:
                continue
            price = costs[current][column] - row_price[current] - column_price[column]
            if price < distance[column]:
                distance[column], came_from[column] = price, at
            if distance[column] < reach:
                reach, nearest = distance[column], column
        row_price[row] += reach
        for column in range(width):
            if done[column]:
                holder = owner[column]
                assert holder is not None  # noqa: S101 - a column is done only when a row holds it
                row_price[holder] += reach
                column_price[column] -= reach
            else:
                distance[column] -= reach
        done[nearest], at = True, nearest
        holder = owner[nearest]
        if holder is None:
            break
        current = holder
    while at != -1:
        before = came_from[at]
        owner[at] = row if before == -1 else owner[before]
        at = before
