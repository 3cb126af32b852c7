"""Scores count what a task declares: what is missing is not passed, what failed on our side counts not at all."""

import pytest

from bitsec_eval.core.errors import ResultsError
from bitsec_eval.core.evaluations.evaluation import Check, Outcome, Run
from bitsec_eval.core.scoring.run_points import State, run_score, run_state
from bitsec_eval.core.scoring.scores import scores
from tests.junit_files import JunitFile

P, F, E = "passed", "failed", "error"
OLD, NEW = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"


def a_run(*outcomes: str, declared: int | None = None) -> Run:
    checks = tuple(Check(name=f"c{n}", outcome=Outcome(outcome)) for n, outcome in enumerate(outcomes))
    declared = declared or len(checks)
    return Run(agent="a", task="t", checks=checks, declared_checks=declared, declared_weight=declared)


def scored(*files: JunitFile):
    return scores([file.read() for file in files])


def score_of(agent: str, *files: JunitFile) -> float | None:
    return next(each.score for each in scored(*files).agents if each.agent == agent)


def cell_of(agent: str, task: str, *files: JunitFile):
    (found,) = (each for each in scored(*files).agents if each.agent == agent)
    return next(cell for cell in found.cells if cell.task == task)


@pytest.mark.parametrize(
    ("run", "state", "score"),
    [
        (a_run(P, P), State.SCORED, 100),
        (a_run(P, F), State.SCORED, 50),
        (a_run(F, F), State.SCORED, 0),
        (a_run(P, P, F), State.SCORED, 66.666667),
        (a_run(P, declared=4), State.INCOMPLETE, 25),
        (a_run(declared=4), State.INCOMPLETE, 0),
        (a_run(P, E), State.VOID, 50),
        (a_run(E, declared=4), State.VOID, 0),
    ],
)
def test_a_run_is_worth_the_passed_share_of_what_its_task_declares(run, state, score):
    assert (run_state(run), run_score(run)) == (state, score)


def test_checks_weigh_what_they_declare():
    assert score_of("a", JunitFile().run("a", "t", [P, F], weights=[3, 1])) == 75


def test_tasks_weigh_what_they_declare():
    file = JunitFile().run("a", "t1", [P], task_weight=3).run("a", "t2", [F], task_weight=1)

    assert score_of("a", file) == 75


def test_a_void_run_does_not_lower_a_score():
    file = JunitFile().run("a", "t1", [P, P]).run("a", "t2", [P, E])

    assert score_of("a", file) == 100


def test_an_agent_with_void_runs_only_has_no_score():
    assert score_of("a", JunitFile().run("a", "t", [E])) is None


def test_a_run_that_was_planned_and_left_no_trace_is_incomplete():
    file = JunitFile().run("a", "t1", [P]).run("a", "t2", [P]).run("b", "t1", [P])

    assert cell_of("b", "t2", file).state is State.INCOMPLETE
    assert score_of("b", file) == 50


def test_thirds_that_add_up_to_one_make_a_full_point():
    thirds = JunitFile().run("a", "t1", [P, F, F]).run("a", "t2", [P, P, F])
    halves = JunitFile().run("a", "t1", [P, F]).run("a", "t2", [P, F])

    assert score_of("a", thirds) == score_of("a", halves) == 50


def test_weights_that_do_not_add_up_in_binary_still_make_a_full_score():
    assert score_of("a", JunitFile().run("a", "t", [P, P, P], weights=[0.1, 0.2, 0.3])) == 100


def test_files_of_one_evaluation_are_one_evaluation():
    file = JunitFile().run("a", "t", [P, F])

    assert scored(file, file) == scored(file)


def test_a_check_that_two_files_of_one_evaluation_tell_keeps_its_worst_outcome():
    told = {outcome: JunitFile().run("a", "t", [outcome, P]) for outcome in (P, F, E)}

    assert score_of("a", told[P], told[F]) == 50
    assert score_of("a", told[E], told[F]) is None


def test_two_files_of_one_evaluation_complete_each_other():
    one = JunitFile().run("a", "t", {"c": P}, declared=2)
    other = JunitFile().run("a", "t", {"d": P}, declared=2)

    assert cell_of("a", "t", one, other).state is State.SCORED
    assert score_of("a", one, other) == 100


def test_a_repeated_run_counts_with_the_mean():
    cell = cell_of("a", "t", JunitFile("e1").run("a", "t", [P, P]), JunitFile("e2").run("a", "t", [P, F]))

    assert (cell.score, cell.runs) == (75, 2)
    assert [check.outcome for check in cell.checks] == [Outcome.PASSED, Outcome.FAILED]


def test_no_other_evaluation_makes_up_for_what_is_missing_in_one():
    first = JunitFile("e1").run("a", "t", [P], declared=2)
    again = JunitFile("e2").run("a", "t", [P, P])
    cell = cell_of("a", "t", first, again)

    assert (cell.state, cell.score, cell.points) == (State.INCOMPLETE, 75, (50, 100))


def test_a_void_run_leaves_open_what_it_would_have_been_worth():
    file = JunitFile("e1").run("a", "t", [E, P])
    cell = cell_of("a", "t", file, JunitFile("e2").run("a", "t", [P, F]))

    assert (cell.score, cell.low, cell.high) == (50, 25, 75)


def test_an_evaluation_without_a_run_counts_for_nothing_beside_others():
    empty = JunitFile("e9", NEW, settings={"emission": "1"}).run("a", "t", [P]).run("b", "u", [P])
    empty.cases.clear()
    told = JunitFile("e1").run("a", "t", [P])

    assert score_of("a", empty, told) == 100
    assert scored(empty, told).tasks == ("t",)
    assert scored(empty, told).notes == ("evaluation e9 holds no run and counts for nothing",)


def test_shards_of_the_tasks_make_one_score():
    shards = JunitFile("e1").run("a", "t1", [P]), JunitFile("e2").run("a", "t2", [F])

    assert score_of("a", *shards) == 50


def test_only_the_version_evaluated_last_counts():
    old = JunitFile("e1", OLD).run("a", "t", [F], sha="0" * 64)
    new = JunitFile("e2", NEW).run("a", "t", [P], sha="f" * 64)

    assert score_of("a", old, new) == score_of("a", new, old) == 100
    assert scored(old, new).notes == (
        "a: only version ffffffffffff counts; 1 evaluation of another version left out",
    )


def test_an_older_version_that_is_evaluated_again_is_the_last_one():
    files = [
        JunitFile("e1", "2026-01-01T00:00:00Z").run("a", "t", [F], sha="0"),
        JunitFile("e2", "2026-01-02T00:00:00Z").run("a", "t", [P], sha="1"),
        JunitFile("e3", "2026-01-03T00:00:00Z").run("a", "t", [F], sha="0"),
    ]

    assert score_of("a", *files) == 0


def test_versions_of_the_same_moment_are_told_apart_by_digest():
    one, other = JunitFile("e1").run("a", "t", [F], sha="0"), JunitFile("e2").run("a", "t", [P], sha="1")

    assert score_of("a", one, other) == score_of("a", other, one) == 100


def test_tasks_that_only_a_left_out_version_met_are_not_on_the_board():
    old = JunitFile("e1", OLD).run("a", "gone", [P], sha="0")
    new = JunitFile("e2", NEW).run("a", "t", [P], sha="1")

    assert scored(old, new).tasks == ("t",)


def test_the_latest_evaluation_decides_what_a_task_weighs():
    old = JunitFile("e1", OLD).run("a", "t1", [P], task_weight=1).run("a", "t2", [F], task_weight=1)
    new = JunitFile("e2", NEW).run("b", "t1", [P], task_weight=3)

    assert score_of("a", old, new) == score_of("a", new, old) == 75
    assert any(note.startswith("t1: its checks or weight changed") for note in scored(old, new).notes)


def test_the_reason_is_that_of_the_worst_check():
    file = JunitFile()
    file.run("a", "t", {"b": F}, declared=3, reason="too late").run("a", "t", {"a": P}, declared=3, reason="unused")
    assert cell_of("a", "t", file).reason == "too late"

    file.run("a", "t", {"c": E}, declared=3, reason="no engine")
    assert cell_of("a", "t", file).reason == "no engine"


def test_notes_of_evaluations_are_kept_once():
    files = [JunitFile(name, settings={"notes": ["no judge"]}).run("a", "t", [P]) for name in ("e1", "e2")]

    assert scored(*files).notes == ("no judge",)


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        (JunitFile().run("a", "t", [P]), JunitFile().run("a", "u", [P]), "two files have different plans for it"),
        (
            JunitFile(plan=False).run("a", "t", [P]),
            JunitFile(plan=False).run("a", "t", [P, P]),
            "two files disagree on what t declares",
        ),
        (
            JunitFile(plan=False).run("a", "t", {"c": P}),
            JunitFile(plan=False).run("a", "t", {"d": P}),
            "two files hold 2 checks of a on t, which declares 1",
        ),
    ],
)
def test_files_of_one_evaluation_that_contradict_each_other_are_refused(one, other, says):
    with pytest.raises(ResultsError, match=f"evaluation e1: {says}; give only one of them"):
        scored(one, other)
