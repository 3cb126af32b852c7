"""A junit file tells what its evaluation planned and nothing else; what was never planned is refused by name."""

import json
import tracemalloc
from dataclasses import replace

import pytest

from bitsec_eval.core.errors import ResultsError
from bitsec_eval.core.scoring.leaderboard import leaderboard
from tests.junit_files import JunitFile

P, F = "passed", "failed"
LATER = "2030-01-01T00:00:00Z"


def refusal(*files: JunitFile) -> str:
    with pytest.raises(ResultsError) as refused:
        leaderboard([file.read() for file in files])
    assert "\n" not in str(refused.value)
    return str(refused.value)


def planned(**plan) -> dict:
    return {"settings": plan}


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        ({"agents": {"b": "s"}}, "holds a run of a on t, an agent that its plan does not know"),
        (
            {"tasks": {"u": {"weight": 1, "checks": 1, "declared_weight": 1}}},
            "holds a run of a on t, a task that its plan does not know",
        ),
        ({"repeats": 1}, "holds a run of a on t as repeat 2, and its plan has 1"),
        (
            {"tasks": {"t": {"weight": 1, "checks": 9, "declared_weight": 9}}},
            "holds a run of a on t that declares other checks or weights than its plan",
        ),
        (
            {"tasks": {"t": {"weight": 9, "checks": 1, "declared_weight": 1}}},
            "holds a run of a on t that declares other checks or weights than its plan",
        ),
        ({"agents": {"../up": "s"}}, "'../up' is no name of an agent"),
    ],
)
def test_what_the_plan_does_not_know_is_refused(plan, says):
    file = JunitFile(**planned(**plan)).run("a", "t", [P]).run("a", "t", [P], repeat=1)

    assert says in refusal(file)
    assert "give the junit file as pytest wrote it" in refusal(file)


def test_a_second_file_of_an_evaluation_adds_nothing_that_the_first_did_not_plan():
    first = JunitFile().run("a", "t", [P])
    by_hand = [JunitFile(plan=False).run(agent, "t", [P], repeat=repeat) for agent, repeat in (("x", 0), ("a", 7))]

    assert "evaluation e1: holds a run of x on t, an agent" in refusal(first, by_hand[0])
    assert "evaluation e1: holds a run of a on t as repeat 8, and its plan has 1" in refusal(by_hand[1], first)


def test_beside_others_a_file_without_a_plan_is_refused():
    by_hand = JunitFile("e2", plan=False)
    for repeat in range(1000):
        by_hand.run("a", "t", [P], repeat=repeat)

    assert "evaluation e2: no plan in its file says what it should hold" in refusal(
        JunitFile().run("a", "t", [F]), by_hand
    )
    assert leaderboard([by_hand.read()]).rows[0].score == 100


def test_a_file_that_holds_no_run_sets_nothing():
    told = JunitFile().run("a", "t", [P]).run("b", "t", [F], sha="x")
    by_hand = JunitFile("e2", LATER, settings={"emission": "1", "rewards": "winner", "at_least": 1})
    by_hand.run("a", "t", [P], task_weight=9).run("b", "t", [P], sha="y").run("c", "t", [P])
    by_hand.cases.clear()
    alone, both = leaderboard([told.read()]), leaderboard([told.read(), by_hand.read()])

    assert replace(both, notes=(), evaluations=()) == replace(alone, notes=(), evaluations=())
    assert both.notes == ("evaluation e2 holds no run and counts for nothing",)


def test_a_repeated_check_of_another_evaluation_takes_no_run_away():
    honest = JunitFile().run("a", "t", [F])
    by_hand = JunitFile("e2", LATER).run("a", "t", [P], origin="e1")

    assert leaderboard([honest.read(), by_hand.read()]).rows[0].score == 0


@pytest.mark.parametrize(
    ("agents", "tasks", "repeats", "says"),
    [
        (1, 1, 1_000_000, "plans 1000000 repeats, the most is 1000"),
        (200, 100, 1000, "plans 20000000 runs, the most is 10000000"),
        (30, 30, 1000, "plans 900000 runs and tells of 1, as one that has hardly begun"),
    ],
)
def test_a_plan_larger_than_what_was_run_costs_nothing(agents, tasks, repeats, says):
    task = {"weight": 1, "checks": 1, "declared_weight": 1}
    plan = {
        "agents": {f"a{n}": "s" for n in range(agents)},
        "tasks": {f"t{n}": task for n in range(tasks)},
        "repeats": repeats,
    }
    file = JunitFile(**planned(**plan)).run("a0", "t0", [P])
    tracemalloc.start()
    told = refusal(file)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert says in told
    assert peak_bytes < 4_000_000 + 20 * len(json.dumps(plan))


def test_a_thousand_repeats_that_left_no_trace_are_counted_and_not_made():
    file = JunitFile(settings={"repeats": 1000}).run("a", "t", [P])
    (row,) = leaderboard([file.read()]).rows

    assert (row.score, row.runs.incomplete) == (0.1, 999)
