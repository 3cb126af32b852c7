"""Merge intervals and find the gaps between them: a well-known algorithm, and its edge cases."""

import random
import re

import pytest

from bitsec_eval import SolutionError, Task

TASK = Task(
    prompt="""\
Implement two functions on half-open intervals.
An interval is a tuple (start, end) of integers: all integers x with start <= x < end.

merge(intervals: list[tuple[int, int]]) -> list[tuple[int, int]]
    The same integers in as few intervals as possible, from left to right.
    Intervals that overlap or touch become one, as (1, 3) and (3, 5) become (1, 5).
    Empty intervals are left out. The argument may be in any order.

gaps(intervals: list[tuple[int, int]], within: tuple[int, int]) -> list[tuple[int, int]]
    The parts of `within` that no interval covers, from left to right, none of them empty.

Both raise ValueError with the message "ends before it starts: (5, 2)" for an interval such as (5, 2), and so
for `within`.

Examples:
    merge([(5, 8), (1, 3), (2, 4)]) == [(1, 4), (5, 8)]
    gaps([(2, 4)], (0, 5)) == [(0, 2), (4, 5)]
""",
    timeout=10,
)


def _runs(integers):
    """Return the fewest intervals that hold exactly these integers: what counting one by one comes to."""
    starts = sorted(x for x in integers if x - 1 not in integers)
    ends = sorted(x + 1 for x in integers if x + 1 not in integers)
    return list(zip(starts, ends, strict=True))


def test_joins_what_overlaps(solution):
    assert solution.merge([(0, 4), (3, 7), (10, 12)]) == [(0, 7), (10, 12)]


def test_joins_what_touches(solution):
    assert solution.merge([(1, 2), (2, 3), (4, 5)]) == [(1, 3), (4, 5)]


def test_swallows_what_lies_inside(solution):
    assert solution.merge([(0, 10), (2, 3), (4, 6), (8, 11)]) == [(0, 11)]


def test_orders_and_folds_repeats(solution):
    assert solution.merge([(7, 9), (-5, -2), (7, 9), (0, 1), (8, 12)]) == [(-5, -2), (0, 1), (7, 12)]


def test_leaves_out_empty_intervals(solution):
    merged = [solution.merge(intervals) for intervals in ([(3, 3), (0, 1), (1, 1)], [(4, 4)], [])]

    assert merged == [[(0, 1)], [], []]


def test_finds_gaps_between_and_at_both_ends(solution):
    assert solution.gaps([(6, 8), (2, 4), (3, 5)], (0, 10)) == [(0, 2), (5, 6), (8, 10)]


def test_gaps_stay_within_bounds(solution):
    within = (2, 9)

    assert solution.gaps([(-4, 3), (5, 6), (8, 20), (30, 31)], within) == [(3, 5), (6, 8)]
    assert solution.gaps([(0, 9)], within) == []
    assert solution.gaps([(-3, 1), (9, 12)], within) == [within]


def test_refuses_an_interval_that_ends_before_it_starts(solution):
    calls = [
        (lambda: solution.merge([(0, 1), (4, 3)]), "(4, 3)"),
        (lambda: solution.gaps([(0, -1)], (0, 9)), "(0, -1)"),
        (lambda: solution.gaps([(0, 1)], (9, 0)), "(9, 0)"),
    ]

    assert solution.merge([(0, 1), (1, 3)]) == [(0, 3)]
    for call, interval in calls:
        with pytest.raises(SolutionError, match=re.escape(f"ValueError: ends before it starts: {interval}")):
            call()


@pytest.mark.weight(2)
def test_agrees_with_counting_every_integer(solution):
    chance = random.Random(20)  # noqa: S311 - the same intervals every time is the point
    starts = [chance.randrange(-1000, 1000) for _ in range(400)]
    intervals = [(start, start + chance.randrange(6)) for start in starts]
    covered = {x for start, end in intervals for x in range(start, end)}

    assert solution.merge(intervals) == _runs(covered)
    assert solution.gaps(intervals, (-1000, 1000)) == _runs(set(range(-1000, 1000)) - covered)
