"""pass@k is what drawing k of the runs at random would give, in the mean."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from bitsec_eval.core.scoring.leaderboard import leaderboard
from bitsec_eval.core.scoring.repeats import agent_pass_rates, pass_at_k, pass_rates
from tests.junit_files import JunitFile


@given(st.integers(1, 7), st.data())
def test_it_is_the_share_of_all_choices_of_k_runs_in_which_one_passed(runs, draw):
    passed, k = draw.draw(st.integers(0, runs)), draw.draw(st.integers(1, runs))
    chosen = list(combinations([True] * passed + [False] * (runs - passed), k))

    assert abs(pass_at_k(runs, passed, k) - sum(map(any, chosen)) / len(chosen)) < 1e-12


def test_rates_are_told_for_every_k_there_are_runs_for():
    assert list(pass_rates(3, 1)) == [1, 2, 3]
    assert pass_rates(0, 0) == {}


def test_an_agents_rate_is_the_mean_over_its_tasks():
    file = JunitFile(settings={"repeats": 2})
    for repeat, outcome in enumerate(["passed", "failed"]):
        file.run("a", "t1", [outcome], repeat=repeat).run("a", "t2", ["failed"], repeat=repeat)
    (row,) = leaderboard([file.read()]).rows

    assert agent_pass_rates(row.tasks) == {1: 0.25, 2: 0.5}
