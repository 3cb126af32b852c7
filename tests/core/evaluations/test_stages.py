"""Agents are stopped early only where no turn of events could have made a difference to whom it matters for.

Boards are drawn from fixed seeds: random fields, weights, repeats, rules, void and missing runs. Each is played round
by round, as an evaluation does, and then compared with the board on which every run was spent.
"""

from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest
from long import LONG

from bitsec_eval.core.errors import ResultsError
from bitsec_eval.core.evaluations.bounds import Bounds
from bitsec_eval.core.evaluations.evaluation import Check, Evaluation, Outcome, Plan, PlannedTask, Run
from bitsec_eval.core.evaluations.stages import Field, Screen, Stop, is_of_suite, out_of_reach, pruning_rounds
from bitsec_eval.core.scoring.leaderboard import Leaderboard, leaderboard
from bitsec_eval.core.scoring.rewards import RULE_NAMES
from bitsec_eval.core.scoring.run_points import points_of
from bitsec_eval.core.scoring.stopped import unfounded_stops
from tests.junit_files import JunitFile

BOARDS = 300
PARTS = 10
P, F, E = "passed", "failed", "error"
WEIGHTS = (1, 2, 0.5, 3)
TASKS = tuple(f"{suite}/{name}" for suite in ("cheap", "hard") for name in "tuvw")


def drawn(random: Random) -> Evaluation:
    """Return one evaluation of two to eight agents in which every run was spent, some of them void or incomplete."""
    agents = {f"a{n}": "v1" for n in range(random.randint(2, 8))}
    names = [TASKS[0], *random.sample(TASKS[1:], random.randint(1, 6))]
    tasks = {name: PlannedTask(checks=2, declared_weight=2, weight=random.choice(WEIGHTS)) for name in sorted(names)}
    repeats = random.choice((1, 1, 2, 3))
    skills = {agent: random.choice((0.05, 0.5, 0.95)) for agent in agents}
    voids = random.choice((0.0, 0.1, 0.4))
    runs = [
        a_run(random, agent, task, repeat, tasks[task], skills[agent], voids)
        for agent in agents
        for task in tasks
        for repeat in range(repeats)
    ]
    rules = {"at_least": random.choice((None, None, random.randint(1, repeats))), "rewards": random.choice(RULES)}
    return Evaluation(id="e", plan=Plan(agents=agents, tasks=tasks, repeats=repeats, **rules), runs=tuple(runs))


RULES = tuple(sorted(set(RULE_NAMES) - {"improvement"}))


def a_run(
    random: Random, agent: str, task: str, repeat: int, planned: PlannedTask, skill: float, voids: float
) -> Run:
    outcomes = [Outcome.PASSED if random.random() < skill else Outcome.FAILED for _ in range(2)]
    if random.random() < voids:
        outcomes[0] = Outcome.ERROR
    checks = [Check(name=f"c{n}", outcome=outcome) for n, outcome in enumerate(outcomes)]
    return Run(
        agent=agent,
        task=task,
        repeat=repeat,
        checks=tuple(checks[: random.choice((2, 2, 2, 2, 2, 2, 1))]),
        declared_checks=2,
        declared_weight=2,
        task_weight=planned.weight,
    )


def stopped_early(evaluation: Evaluation, screen: Screen | None, prune: int | None) -> Evaluation:
    """Return the evaluation as it is with agents stopped after each round."""
    plan = evaluation.plan
    weights = {task: each.weight for task, each in plan.tasks.items()}
    field = Field(plan.agents, weights, plan.repeats, plan.at_least)
    cheap = list(screen.tasks) if screen else []
    ordered = [*cheap, *(task for task in plan.tasks if task not in cheap)]
    rounds = pruning_rounds(ordered, weights) if prune else [ordered]
    stopped: dict[str, Stop] = {}
    runs: list[Run] = []
    for tasks in [each for each in (cheap, *([t for t in r if t not in cheap] for r in rounds)) if each]:
        spent = [run for run in evaluation.runs if run.task in tasks and run.agent not in stopped]
        runs += spent
        for run in spent:
            if (points := points_of(run)) is not None:
                field.add(run.agent, run.task, points)
        screened = field.screened(screen) if screen else set()
        pruned = field.pruned(prune, screen) if prune else set()
        stopped = dict.fromkeys(pruned, Stop.PRUNED) | dict.fromkeys(screened, Stop.SCREENED) | stopped
    left = {run.agent for run in evaluation.runs} & {
        agent for agent in stopped if _has_unspent(agent, runs, evaluation)
    }
    told = {agent: stop for agent, stop in stopped.items() if agent in left}
    return replace(evaluation, runs=tuple(runs), plan=replace(plan, screen=screen, prune=prune, stopped=told))


def _has_unspent(agent: str, runs: list[Run], whole: Evaluation) -> bool:
    return sum(run.agent == agent for run in runs) < sum(run.agent == agent for run in whole.runs)


def mended(random: Random, evaluation: Evaluation) -> Evaluation:
    """Return the evaluation with every void or missing check done again, however that turns out."""
    return replace(evaluation, runs=tuple(_mended(random, run) for run in evaluation.runs))


def _mended(random: Random, run: Run) -> Run:
    again = [Check(name=f"c{n}", outcome=random.choice((Outcome.PASSED, Outcome.FAILED))) for n in range(2)]
    known = {check.name: check for check in run.checks if check.outcome is not Outcome.ERROR}
    return replace(run, checks=tuple(known.get(check.name, check) for check in again))


def ranks(board: Leaderboard) -> dict[str, int | None]:
    return {row.agent: row.rank for row in board.rows}


@pytest.mark.parametrize("part", range(PARTS))
def test_nobody_is_pruned_who_could_have_reached_the_rank_however_void_runs_turn_out(part: int):
    pruned = 0
    for number in range(part, BOARDS, PARTS):
        random = Random(number)
        whole = drawn(random)
        top = random.randint(1, 4)
        early = stopped_early(whole, None, top)
        pruned += len(early.plan.stopped)
        assert unfounded_stops(early) == "", number
        for _ in range(3):
            final = ranks(leaderboard([mended(random, whole)]))
            assert all(final[agent] > top for agent in early.plan.stopped), number

    assert pruned > BOARDS / PARTS / 4  # there was something to see


@pytest.mark.parametrize("part", range(PARTS))
def test_the_ranks_that_are_paid_are_the_same_and_paid_the_same(part: int):
    for number in range(part, BOARDS, PARTS):
        random = Random(number)
        whole = drawn(random)
        top = random.randint(1, 4)
        early = leaderboard([stopped_early(whole, None, top)])
        spent = leaderboard([replace(whole, plan=replace(whole.plan, prune=top))])
        first = {row.agent: (row.rank, row.score) for row in spent.rows if row.rank is not None and row.rank <= top}

        assert {row.agent: (row.rank, row.score) for row in early.rows if row.agent in first} == first, number
        assert {row.agent: row.reward for row in early.rows} == {row.agent: row.reward for row in spent.rows}, number
        assert sum(row.reward for row in early.rows) + early.held + early.undistributed == early.emission


@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_that_was_paid_is_taken_back_when_void_runs_are_done_again(part: int):
    for number in range(part, BOARDS, PARTS):
        random = Random(number)
        whole = drawn(random)
        tasks = tuple(task for task in whole.plan.tasks if is_of_suite(task, "cheap"))
        screen = Screen(suite="cheap", points=random.choice((20, 50, 90)), tasks=tasks)
        top = random.choice((None, 1, 2, 3))
        if len(tasks) == len(whole.plan.tasks):
            continue
        whole = replace(whole, runs=tuple(_complete(run) for run in whole.runs))
        early = stopped_early(whole, screen, top)
        assert unfounded_stops(early) == "", number
        before = leaderboard([early])
        after = leaderboard([stopped_early(mended(random, whole), screen, top)])
        later = {row.agent: row.reward for row in after.rows}

        assert not [row for row in before.rows if row.reward > later[row.agent]], number


def _complete(run: Run) -> Run:
    """Return a run whose checks were all made: what is missing makes rewards provisional, as it always has."""
    told = {check.name for check in run.checks}
    missing = [Check(name=f"c{n}", outcome=Outcome.ERROR) for n in range(2) if f"c{n}" not in told]
    return replace(run, checks=(*run.checks, *missing))


@pytest.mark.parametrize("outcome", [E, None])
def test_a_run_that_is_void_or_missing_screens_nobody_out(outcome: str | None):
    file = JunitFile().run("a", "cheap/t", [F]).run("a", "hard/t", [P])
    file.run("a", "cheap/u", [outcome] if outcome else {}, declared=1)
    evaluation = file.read()
    screen = Screen(suite="cheap", points=50, tasks=("cheap/t", "cheap/u"))

    assert stopped_early(evaluation, screen, None).plan.stopped == {}


def test_a_void_run_saves_nobody_whom_the_others_screen_out():
    evaluation = JunitFile().run("a", "cheap/t", [F]).run("a", "cheap/u", [E]).run("a", "hard/t", [P]).read()
    screen = Screen(suite="cheap", points=51, tasks=("cheap/t", "cheap/u"))

    assert stopped_early(evaluation, screen, None).plan.stopped == {"a": Stop.SCREENED}


SCREENED = {"screen": {"suite": "cheap", "points": 50, "tasks": ["cheap/t"]}, "stopped": {"weak": "screened"}}


def screened_file(**more) -> JunitFile:
    file = JunitFile(settings=SCREENED | more).run("strong", "cheap/t", [P, P]).run("strong", "hard/t", [P, F])
    return file.run("weak", "cheap/t", [F, F])


def test_a_screened_agent_is_scored_on_the_screening_has_no_rank_and_earns_nothing():
    board = leaderboard([screened_file().read()])
    strong, weak = board.rows

    assert (strong.rank, strong.score, str(strong.reward)) == (1, 75.0, "100.00")
    assert (weak.rank, weak.score, weak.low, weak.high, str(weak.reward)) == (None, 0.0, 0.0, 50.0, "0.00")
    assert (weak.stopped, weak.unspent) == (Stop.SCREENED, 1)
    assert not board.provisional
    assert "screened: 1 agent below 50 points on cheap (1 run not spent)" in board.notes


def test_what_an_agent_earns_waits_until_its_screening_is_settled():
    settings = {"screen": SCREENED["screen"]}
    file = JunitFile(settings=settings).run("sure", "cheap/t", [P]).run("sure", "hard/t", [P])
    board = leaderboard([file.run("open", "cheap/t", [E]).run("open", "hard/t", [P]).read()])
    rows = {row.agent: row for row in board.rows}

    assert (rows["open"].rank, rows["sure"].rank) == (None, 1)
    assert str(rows["open"].reward) == "0.00"
    assert str(rows["sure"].reward) == "50.00"
    assert str(board.held) == "50.00"


@pytest.mark.parametrize(
    ("cheap", "stopped", "rewards"),
    [
        (E, {"b": "screened"}, {"a": "57.14", "b": "0.00", "c": "0.00"}),
        (P, {"b": "screened"}, {"a": "57.14", "b": "0.00", "c": "42.86"}),
        (F, {"b": "screened", "c": "screened"}, {"a": "100.00", "b": "0.00", "c": "0.00"}),
    ],
)
def test_the_example_of_the_documentation(cheap: str, stopped: dict[str, str], rewards: dict[str, str]):
    settings = {"screen": {"suite": "cheap", "points": 50, "tasks": ["cheap/t"]}, "stopped": stopped}
    file = JunitFile(settings=settings).run("a", "cheap/t", [P]).run("b", "cheap/t", [F]).run("c", "cheap/t", [cheap])
    for task, last in (("hard/t", P), ("hard/u", P), ("hard/v", F)):
        file.run("a", task, [P])
        if "c" not in stopped:
            file.run("c", task, [last])
    board = leaderboard([file.read()])

    assert {row.agent: str(row.reward) for row in board.rows} == rewards


def test_an_agent_that_another_evaluation_let_through_has_a_rank_by_all_its_runs():
    through = JunitFile(evaluation="e2", started="2026-02-01T00:00:00Z").run("weak", "cheap/t", [P, P])
    board = leaderboard([screened_file().read(), through.run("weak", "hard/t", [P, P]).read()])
    weak = next(row for row in board.rows if row.agent == "weak")

    assert (weak.stopped, weak.score, weak.rank) == (None, 75.0, 1)


def test_pruned_agents_stand_before_screened_ones_and_behind_all_that_were_ranked():
    stopped = {"stopped": {"weak": "screened", "late": "pruned"}, "prune": 1}
    file = screened_file(**stopped).run("late", "cheap/t", [P, P])

    assert [row.agent for row in leaderboard([file.read()]).rows] == ["strong", "late", "weak"]


def test_as_many_as_the_rank_must_be_ahead_for_sure():
    field = {"a": Bounds(low=60, high=100), "b": Bounds(low=50, high=60), "c": Bounds(low=0, high=50)}

    assert out_of_reach(field, 1) == {"c"}  # b may yet share the first rank
    assert out_of_reach(field, 2) == set()
    assert out_of_reach(field, 4) == set()


def test_one_whose_screening_is_open_is_ahead_of_nobody():
    field = Field(["open", "weak"], {"cheap/t": 1, "hard/t": 3}, 1, None)
    file = JunitFile().run("open", "hard/t", [P]).run("weak", "hard/t", [F])
    for run in file.read().runs:
        field.add(run.agent, run.task, points_of(run))
    screen = Screen(suite="cheap", points=50, tasks=("cheap/t",))

    assert field.pruned(1) == {"weak"}
    assert field.pruned(1, screen) == set()


def test_no_round_ends_before_half_of_the_weight_is_known():
    assert pruning_rounds(["a", "b", "c", "d"], {"a": 1, "b": 1, "c": 1, "d": 1}) == [["a", "b", "c"], ["d"]]
    assert pruning_rounds(["a", "b", "c"], {"a": 9, "b": 1, "c": 1}) == [["a"], ["b"], ["c"]]


@pytest.mark.parametrize(
    "wrong",
    [
        {"screen": {"suite": "cheap", "points": 0, "tasks": []}},
        {"screen": {"suite": "cheap", "points": 101, "tasks": []}},
        {"screen": {"points": 50, "tasks": []}},
        {"prune": 0},
        {"stopped": {"a": "tired"}},
    ],
)
def test_a_record_that_stops_agents_in_no_known_way_is_refused(wrong):
    with pytest.raises(ResultsError, match=r"a bitsec\.plan in it is wrong"):
        JunitFile(settings=wrong).run("a", "t", [P]).read()


@pytest.mark.parametrize("part", range(PARTS))
def test_no_failed_check_that_goes_void_or_missing_helps_where_agents_are_stopped_early(part: int):
    """With screening, pruning or both: neither its rank nor its pay rises, and no other ends with less."""
    seen = 0
    for number in range(part, BROKEN, PARTS):
        random = Random(number)
        whole = drawn(random)
        agent = random.choice(sorted(whole.plan.agents))
        tasks = tuple(task for task in whole.plan.tasks if is_of_suite(task, "cheap"))
        screens = len(tasks) < len(whole.plan.tasks) and random.random() < 0.7
        screen = Screen(suite="cheap", points=random.choice((20, 50, 90)), tasks=tasks) if screens else None
        top = random.choice((1, 2, 3)) if not screens or random.random() < 0.5 else None
        after = broken(random, whole, agent)
        boards = [leaderboard([stopped_early(each, screen, top)]) for each in (whole, after)]
        final, same_final = (
            leaderboard([stopped_early(redone(each, agent), screen, top)]) for each in (after, whole)
        )
        (rank, paid), (rank_after, paid_after) = ((ranks(board), pays(board)) for board in boards)
        seen += after != whole

        worst = INFINITE if top is None else top + 1  # of a pruned board all ranks behind are alike
        assert min(rank_after[agent] or worst, worst) >= min(rank[agent] or worst, worst), number
        assert paid_after[agent] <= paid[agent], number
        assert pays(final)[agent] <= pays(same_final)[agent], number
        assert all(pays(final)[name] >= pays(same_final)[name] for name in paid if name != agent), number
        assert sum(paid_after.values()) + boards[1].held + boards[1].undistributed == boards[1].emission

    assert seen > BROKEN / PARTS / 3


INFINITE = 10**9
BROKEN = 10_000 if LONG else 1_000


def broken(random: Random, evaluation: Evaluation, agent: str) -> Evaluation:
    """Return the evaluation with some of the agent's failed checks void or missing."""

    def check(each: Check) -> Check | None:
        if each.outcome is not Outcome.FAILED or random.random() < 0.4:
            return each
        return replace(each, outcome=Outcome.ERROR) if random.random() < 0.7 else None

    def run(each: Run) -> Run:
        return replace(each, checks=tuple(filter(None, map(check, each.checks)))) if each.agent == agent else each

    return replace(evaluation, runs=tuple(map(run, evaluation.runs)))


def redone(evaluation: Evaluation, agent: str) -> Evaluation:
    """Return the evaluation with what is void or missing done again: the agent's checks fail, others as it happens.

    While checks are missing no board is final.
    """

    def check(each: Check, of: Run) -> Check:
        if each.outcome is not Outcome.ERROR:
            return each
        passes = Random(f"{of.agent}{of.task}{of.repeat}{each.name}").random() < 0.5
        return replace(each, outcome=Outcome.PASSED if passes and of.agent != agent else Outcome.FAILED)

    def run(each: Run) -> Run:
        return replace(each, checks=tuple(check(one, each) for one in _complete(each).checks))

    return replace(evaluation, runs=tuple(map(run, evaluation.runs)))


def pays(board: Leaderboard) -> dict[str, Decimal]:
    return {row.agent: row.reward for row in board.rows}
