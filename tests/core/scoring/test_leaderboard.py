"""Equal input, equal board: ranks, rewards and doubts depend on what was evaluated, not on the order of files."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.evaluations.evaluation import Check, Evaluation, Outcome, Plan, PlannedTask, Run
from bitsec_eval.core.scoring.leaderboard import RunCounts, leaderboard
from tests.junit_files import JunitFile

P, F, E = "passed", "failed", "error"


def board(*files: JunitFile, **settings):
    return leaderboard([file.read() for file in files], **settings)


def test_equal_scores_share_a_rank():
    file = JunitFile().run("b", "t", [P, P]).run("a", "t", [P, P]).run("c", "t", [P, F]).run("d", "t", [F, F])

    assert [(row.rank, row.agent) for row in board(file).rows] == [(1, "a"), (1, "b"), (3, "c"), (4, "d")]


def test_an_agent_without_a_score_has_no_rank_and_comes_last():
    rows = board(JunitFile().run("void", "t", [E]).run("zero", "t", [F])).rows

    assert [(row.rank, row.agent, row.score) for row in rows] == [(1, "zero", 0), (None, "void", None)]


def test_a_row_says_how_many_runs_it_rests_on():
    file = JunitFile().run("a", "t1", [P]).run("a", "t2", [E]).run("a", "t3", [P], declared=2)

    assert board(file).rows[0].runs == RunCounts(scored=1, void=1, incomplete=1)
    assert board(file).runs == RunCounts(scored=1, void=1, incomplete=1)


def test_rewards_are_final_when_every_run_was_scored():
    assert not board(JunitFile().run("a", "t", [P]).run("b", "t", [F])).provisional


def test_rewards_are_provisional_while_runs_are_void_or_incomplete():
    file = (
        JunitFile().run("a", "t1", [E]).run("a", "t2", [P, P, P]).run("b", "t1", [P]).run("b", "t2", [P], declared=3)
    )

    assert board(file).doubts == ("1 run void", "1 run incomplete")


def test_a_void_run_is_pending_until_it_is_done_again():
    void, other = JunitFile("e1").run("a", "t", [E]).run("b", "t", [P]), JunitFile("e2").run("a", "t", [P])
    made = board(void, other)

    assert [row.agent for row in made.pending] == ["a"]
    assert [(row.rank, row.agent, row.score, row.low, row.high) for row in made.rows] == [
        (1, "b", 100, 100, 100),
        (2, "a", 100, 50, 100),
    ]


def test_an_agent_is_paid_as_if_it_had_none_of_its_void_runs_and_others_as_if_it_had_all():
    file = JunitFile().run("a", "t", [P]).run("a", "u", [E]).run("b", "t", [P]).run("b", "u", [P])
    made = board(file)

    assert {row.agent: str(row.reward) for row in made.rows} == {"a": "33.33", "b": "50.00"}
    assert str(made.held) == "16.67"


def test_nothing_is_held_for_what_nobody_can_earn():
    file = JunitFile(settings={"rewards": "improvement", "baseline": 100}).run("a", "t", [P]).run("b", "t", [E])

    assert (board(file).held, board(file).undistributed) == (0, 100)


def test_rewards_are_provisional_when_agents_met_different_tasks():
    all_tasks = JunitFile("e1").run("a", "t1", [P]).run("a", "t2", [F])
    easy_task = JunitFile("e2").run("b", "t1", [P])

    assert board(all_tasks, easy_task).doubts == ("b was evaluated on 1 of 2 tasks",)


def test_many_agents_that_met_fewer_tasks_are_counted_and_not_named():
    all_tasks = JunitFile("e1").run("a", "t1", [P]).run("a", "t2", [F])
    easy_task = JunitFile("e2").run("b", "t1", [P]).run("c", "t1", [P]).run("d", "t1", [P]).run("e", "t1", [P])

    assert board(all_tasks, easy_task).doubts == ("4 agents were evaluated on fewer than all 2 tasks",)


def test_settings_come_from_the_evaluation_unless_given():
    file = JunitFile(settings={"emission": "10", "rewards": "winner"}).run("a", "t", [P, P]).run("b", "t", [P, F])

    assert [row.reward for row in board(file).rows] == [10, 0]
    assert [row.reward for row in board(file, emission="30", rewards="score").rows] == [20, 10]
    assert [row.reward for row in board(file, emission=Decimal(30), rewards="score").rows] == [20, 10]


def test_the_latest_evaluation_decides_the_emission():
    old = JunitFile("e2", "2026-01-01T00:00:00Z", settings={"emission": "10"}).run("a", "t", [P])
    new = JunitFile("e1", "2026-02-01T00:00:00Z", settings={"emission": "20"}).run("a", "t", [P])

    assert board(old, new).emission == board(new, old).emission == 20


def test_without_any_plan_a_hundred_tao_go_by_score():
    unplanned = board(JunitFile(plan=False).run("a", "t", [P]))

    assert (unplanned.emission, unplanned.rewards) == (100, "score")


def test_a_wrong_emission_is_refused():
    with pytest.raises(SettingsError, match="emission 'lots'"):
        board(JunitFile().run("a", "t", [P]), emission="lots")


def test_no_evaluations_make_an_empty_board():
    empty = leaderboard([])

    assert (empty.rows, empty.tasks, empty.provisional) == ((), (), False)
    assert empty.undistributed == 100


RUN = st.lists(st.sampled_from(list(Outcome)), max_size=3).map(
    lambda outcomes: tuple(Check(name=f"c{n}", outcome=each) for n, each in enumerate(outcomes))
)
CELLS = st.dictionaries(st.tuples(st.sampled_from("ab"), st.sampled_from("tu")), RUN)


@st.composite
def an_evaluation(draw, number: int) -> list[Evaluation]:
    """Return one evaluation as one to three files of it, each telling some of its checks."""
    versions = draw(st.fixed_dictionaries({agent: st.sampled_from(["v1", "v2"]) for agent in "ab"}))
    weight = draw(st.sampled_from([1, 2]))
    started = draw(st.sampled_from([None, *st_times]))
    plan = Plan(
        started=started,
        emission=draw(st.sampled_from(["10", "100"])),
        agents=versions,
        tasks={task: PlannedTask(checks=3, declared_weight=3, weight=weight) for task in "tu"},
    )
    told = draw(st.lists(CELLS, min_size=1, max_size=3))
    return [Evaluation(id=f"e{number}", plan=plan, runs=_runs(cells, weight)) for cells in told]


st_times = [JunitFile(started=f"2026-0{n}-01T00:00:00Z").run("a", "t", [P]).read().plan.started for n in (1, 2)]


def _runs(cells, weight):
    return tuple(
        Run(agent=agent, task=task, checks=checks, declared_checks=3, declared_weight=3, task_weight=weight)
        for (agent, task), checks in cells.items()
    )


@given(st.tuples(*(an_evaluation(number) for number in range(3))), st.randoms())
def test_the_order_of_files_and_of_runs_changes_nothing(evaluations, random):
    files = [file for evaluation in evaluations for file in evaluation]
    shuffled = [replace(file, runs=tuple(random.sample(file.runs, len(file.runs)))) for file in files]
    random.shuffle(shuffled)

    assert leaderboard(shuffled) == leaderboard(files)


@given(st.tuples(*(an_evaluation(number) for number in range(3))))
def test_a_file_given_twice_changes_nothing(evaluations):
    files = [file for evaluation in evaluations for file in evaluation]

    assert leaderboard(files + files[:2]) == leaderboard(files)


@given(st.tuples(*(an_evaluation(number) for number in range(2))))
def test_rewards_and_what_is_held_or_undistributed_sum_to_the_emission(evaluations):
    made = leaderboard([file for evaluation in evaluations for file in evaluation])

    assert sum(row.reward for row in made.rows) + made.held + made.undistributed == made.emission


@given(an_evaluation(0), st.sampled_from("ab"))
def test_voiding_one_agents_runs_never_changes_the_others_score(evaluation, agent):
    def voided(run):
        broken = tuple(replace(check, outcome=Outcome.ERROR) for check in run.checks)
        return replace(run, checks=broken) if run.agent == agent else run

    after = leaderboard([replace(file, runs=tuple(map(voided, file.runs))) for file in evaluation])
    other = {row.agent: row.score for row in leaderboard(evaluation).rows if row.agent != agent}

    assert {row.agent: row.score for row in after.rows if row.agent != agent} == other
