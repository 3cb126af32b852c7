"""Intervals hold the true score as often as they say, stay within 0 to 100, and never claim certainty."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.intervals import Size, coverage, separated
from bitsec_eval.core.scoring.intervals import score_interval, t_quantile

POINTS = st.lists(st.lists(st.floats(0, 100), min_size=1, max_size=4), min_size=2, max_size=12)


@pytest.mark.parametrize(("freedom", "quantile"), [(1, 12.706), (2, 4.303), (3, 3.182), (9, 2.262), (29, 2.045)])
def test_quantiles_are_those_of_the_tables(freedom, quantile):
    assert t_quantile(freedom) == pytest.approx(quantile, rel=0.01)


@given(POINTS)
def test_an_interval_holds_the_score_and_lies_within_0_and_100(points):
    interval = score_interval(points, [1.0] * len(points))
    mean = sum(sum(runs) / len(runs) for runs in points) / len(points)

    assert 0 <= interval.low <= mean + 1e-5
    assert mean - 1e-5 <= interval.high <= 100


def test_a_full_score_on_every_task_leaves_room_for_doubt():
    few, many = (score_interval([[100.0]] * tasks, [1.0] * tasks) for tasks in (6, 60))

    assert few.low < many.low < 100 == many.high


def test_one_run_says_nothing():
    assert score_interval([[50.0]], [1.0]) is None


def test_of_a_single_task_its_repeats_are_the_units():
    assert score_interval([[0.0, 100.0, 100.0]], [1.0]) == score_interval([[0.0], [100.0], [100.0]], [1.0] * 3)


def test_a_heavy_task_weighs_in_the_interval():
    even, heavy = (score_interval([[0.0], [100.0], [100.0]], weights) for weights in ([1, 1, 1], [1, 5, 5]))

    assert heavy.low > even.low


def test_simulated_fields_are_covered_and_told_apart_as_the_note_says():
    size = Size(10, 5, 8)

    assert 0.91 < coverage(size, 0.6, 300, Random(1)) < 0.99
    assert separated(size, (0.7, 0.5), 100, Random(2)) > 0.75
    assert separated(size, (0.6, 0.6), 100, Random(3)) < 0.12
