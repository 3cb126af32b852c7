"""No finding is given twice, and no other way to give them is worth more."""

import itertools
import time

from hypothesis import given
from hypothesis import strategies as st

from bitsec_eval.core.matching.assignment import assign

gains = st.integers(0, 5).flatmap(
    lambda columns: st.lists(
        st.lists(st.sampled_from([-1.0, 0.0, 0.25, 0.5, 1.0]), min_size=columns, max_size=columns),
        min_size=1,
        max_size=5,
    )
)


def worth(table, given_columns):
    return sum(max(0.0, table[row][column]) for row, column in enumerate(given_columns) if column is not None)


def best_worth(table):
    columns = [*range(len(table[0])), *[None] * len(table)]
    return max(worth(table, choice) for choice in itertools.permutations(columns, len(table)))


@given(gains)
def test_no_other_assignment_is_worth_more(table):
    assert worth(table, assign(table)) == best_worth(table)


@given(gains)
def test_no_column_is_given_twice_and_none_that_gains_nothing(table):
    given_columns = assign(table)

    held = [column for column in given_columns if column is not None]
    assert len(held) == len(set(held))
    assert all(table[row][column] > 0 for row, column in enumerate(given_columns) if column is not None)


def test_a_greedy_choice_is_undone_where_that_is_worth_more():
    assert assign([[0.9, 0.8], [0.7, 0.0]]) == (1, 0)


def test_a_row_may_stay_alone():
    assert assign([[1.0], [0.9]]) == (0, None)


def test_nothing_to_give_and_nobody_to_give_to():
    assert assign([]) == ()
    assert assign([[], []]) == (None, None)


def test_a_full_report_on_the_largest_project_takes_no_time():
    began = time.process_time()
    assign([[1 - row * column / 5500 for column in range(100)] for row in range(55)])

    assert time.process_time() - began < 5
