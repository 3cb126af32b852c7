"""Repeats of a run: each counts, none is forgotten, and what was only checked again is no repeat."""

import pytest

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.scoring.leaderboard import RunCounts, leaderboard
from tests.junit_files import JunitFile

P, F, E = "passed", "failed", "error"


def repeated(*outcomes, evaluation="e1", **facts) -> JunitFile:
    file = JunitFile(evaluation, settings={"repeats": len(outcomes)})
    for repeat, outcome in enumerate(outcomes):
        if outcome is not None:
            file.run("a", "t", [outcome], repeat=repeat, **facts)
    return file


def row(*files: JunitFile, **settings):
    return leaderboard([file.read() for file in files], **settings).rows[0]


def test_a_task_is_worth_the_mean_of_its_repeats():
    assert row(repeated(P, P, F, F)).score == 50
    assert row(repeated(P, P, F, F)).tasks[0].points == (0, 0, 100, 100)


def test_a_void_repeat_costs_nothing_and_is_told():
    assert (row(repeated(P, E, P)).score, row(repeated(P, E, P)).runs) == (100, RunCounts(scored=2, void=1))


def test_a_repeat_that_left_no_trace_is_incomplete():
    assert row(repeated(P, None, P)).runs == RunCounts(scored=2, incomplete=1)


def test_no_other_evaluation_fills_the_place_of_a_void_repeat():
    assert row(repeated(P, E), JunitFile("e2").run("a", "t", [P])).runs == RunCounts(scored=2, void=1)


def test_what_is_missing_from_a_repeat_is_not_passed():
    assert row(repeated(P, None, P)).score == pytest.approx(66.666667)


@pytest.mark.parametrize(("needed", "score"), [(1, 100), (2, 100), (3, 0)])
def test_at_least_so_many_runs_must_pass(needed, score):
    assert row(repeated(P, P, F), at_least=needed).score == score


def test_a_run_that_passes_in_part_has_not_passed():
    file = JunitFile().run("a", "t", [P, F])

    assert row(file, at_least=1).score == 0


def test_where_a_void_run_would_decide_the_task_is_void():
    assert row(repeated(P, E), at_least=2).score is None
    assert row(repeated(F, E), at_least=2).score == 0


def test_more_than_there_are_runs_cannot_be_asked_for():
    with pytest.raises(SettingsError, match="at least 3 of 2 runs: nobody can pass; give a number from 1 to 2"):
        row(repeated(P, P), at_least=3)


def test_an_answer_that_was_checked_again_counts_once():
    first = JunitFile("e1").run("a", "t", [P])
    again = JunitFile("e2", "2026-02-01T00:00:00Z").run("a", "t", [F], origin="e1")
    once_more = JunitFile("e3", "2026-03-01T00:00:00Z").run("a", "t", [P], origin="e1")

    assert row(first, again).tasks[0].points == (100,)
    assert row(again, once_more).tasks[0].points == (100,)
    assert row(again).tasks[0].points == (0,)


def test_a_void_second_look_takes_nothing_from_the_first():
    again = JunitFile("e2", "2026-02-01T00:00:00Z").run("a", "t", [E], origin="e1")

    assert row(JunitFile("e1").run("a", "t", [P]), again).score == 100


def test_history_holds_each_evaluations_own_score():
    files = [JunitFile("e1").run("a", "t", [F]), JunitFile("e2", "2026-02-01T00:00:00Z").run("a", "t", [P])]

    assert [moment.score for moment in row(*files).history] == [0, 100]
    assert row(files[0]).history == ()
