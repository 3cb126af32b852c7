"""Why points were lost is one line for each cause, and the lines add up to what the score lacks."""

import pytest

from bitsec_eval.core.scoring.leaderboard import leaderboard
from bitsec_eval.hub.views.causes import MISSING, VOID, WRONG_ANSWER, causes_of
from tests.junit_files import JunitFile

LATE = "the agent was still running after 10.0 s and was stopped"


def causes(file: JunitFile):
    [row] = leaderboard([file.read()]).rows
    weights = {task: plan["weight"] for task, plan in file.tasks.items()}
    return causes_of(row.tasks, weights), row.score


def test_ten_equal_timeouts_are_one_line():
    file = JunitFile()
    for number in range(10):
        file.run("alice", f"demo/t{number}", ["failed", "failed"], reason=LATE)
    file.run("alice", "demo/right", ["passed"])

    [late], score = causes(file)

    assert (late.cause, len(late.tasks), late.checks) == (LATE, 10, 20)
    assert late.points == pytest.approx(100 - score)


def test_causes_add_up_by_the_weights_of_checks_and_tasks():
    file = JunitFile().run("alice", "demo/a", ["failed", "failed", "passed"], weights=[3, 1, 4], task_weight=3)
    file.cases[0][0]["reason"] = LATE
    file.run("alice", "demo/b", ["failed", "passed"], task_weight=1)

    found, score = causes(file)

    assert [(each.cause, each.tasks) for each in found] == [
        (LATE, ("demo/a",)),
        (WRONG_ANSWER, ("demo/a", "demo/b")),
    ]
    assert sum(each.points for each in found) == pytest.approx(100 - score)
    assert found[0].points == pytest.approx(100 * 3 / 8 * 3 / 4)


def test_a_void_run_costs_nothing_and_missing_checks_do():
    file = JunitFile().run("alice", "demo/a", ["error"]).run("alice", "demo/b", ["passed"], declared=2)

    found, score = causes(file)

    assert [(each.cause, each.points) for each in found] == [(MISSING, pytest.approx(100 - score)), (VOID, 0.0)]


def test_a_full_score_has_no_cause():
    assert causes(JunitFile().run("alice", "demo/a", ["passed"])) == ((), 100.0)
