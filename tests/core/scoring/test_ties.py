"""Agents share a group unless the tasks both met tell them apart."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from bitsec_eval.core.scoring.leaderboard import leaderboard
from bitsec_eval.core.scoring.ties import MOST_EXACT, paired_p, tie_groups
from tests.junit_files import JunitFile

P, F = "passed", "failed"
WEIGHTS = {str(task): 1.0 for task in range(40)}


def points(*scores: float) -> dict[str, float]:
    return {str(task): score for task, score in enumerate(scores)}


@given(st.lists(st.integers(-100, 100), min_size=1, max_size=9))
def test_p_is_the_share_of_sign_patterns_that_go_farther_and_half_of_those_as_far(moved):
    patterns = [abs(sum(map(int.__mul__, signs, moved))) for signs in product((1, -1), repeat=len(moved))]
    farther, as_far = (sum(each > abs(sum(moved)) for each in patterns), patterns.count(abs(sum(moved))))
    expected = (farther + as_far / 2) / len(patterns) if any(moved) else 1.0

    assert abs(paired_p(moved) - expected) < 1e-12


def test_many_tasks_give_nearly_the_p_of_all_patterns():
    moved = [11.3, 20.9, -5.2, 29.7, 9.1, -21.4, 14.6, 4.4, 10.7, -9.8, 19.5, 6.1, -3.3, 8.2]
    assert len(moved) == MOST_EXACT

    assert abs(paired_p(moved) - paired_p([*moved, 1e-9])) < 0.02


def test_an_agent_better_on_each_of_six_tasks_is_apart():
    assert tie_groups([points(*[60.0] * 6), points(*[50.0] * 6)], WEIGHTS) == (1, 2)


def test_an_agent_better_by_luck_is_not():
    assert tie_groups([points(100, 100, 0, 0, 100, 50), points(0, 100, 100, 0, 50, 50)], WEIGHTS) == (1, 1)


def test_fewer_than_six_tasks_tell_nothing():
    assert tie_groups([points(*[100.0] * 5), points(*[0.0] * 5)], WEIGHTS) == (None, None)


def test_the_first_that_differs_from_a_groups_best_opens_the_next_group():
    field = [points(*[level] * 8) for level in (90.0, 90.0, 50.0, 50.0, 10.0)]

    assert tie_groups(field, WEIGHTS) == (1, 1, 2, 2, 3)


def test_the_board_shows_groups():
    file = JunitFile()
    for task in "abcdef":
        file.run("best", task, [P, P]).run("worst", task, [F, F])

    assert [(row.agent, row.rank, row.group) for row in leaderboard([file.read()]).rows] == [
        ("best", 1, 1),
        ("worst", 2, 2),
    ]
