"""Void and missing checks raise no rank and no payment, take nothing from others for good, and sums stay exact.

Ten thousand boards are drawn from fixed seeds. On each, some failed checks of one agent become void or go missing, as
if it had managed to break them; then every void run is done again.
"""

from dataclasses import replace
from random import Random

import pytest

from bitsec_eval.core.agents.behaviour import print_of
from bitsec_eval.core.evaluations.evaluation import Check, Evaluation, Outcome, Plan, PlannedTask, Run
from bitsec_eval.core.scoring.leaderboard import Leaderboard, leaderboard
from bitsec_eval.core.scoring.rewards import RULE_NAMES
from bitsec_eval.core.usage import Usage

BOARDS = 10_000
PARTS = 10
PRINTS = (print_of("one " * 200, code=False), print_of("two " * 200, code=False), "")
WEIGHTS = (1, 2, 0.5)
OUTCOMES = (Outcome.PASSED, Outcome.FAILED, Outcome.FAILED, Outcome.ERROR)


def drawn(random: Random) -> list[Evaluation]:
    """Return one to two evaluations of two to four agents."""
    agents = dict.fromkeys("abcd"[: random.randint(2, 4)], "v1")
    tasks = {
        name: tuple(random.choice(WEIGHTS) for _ in range(random.randint(1, 3)))
        for name in "tu"[: random.randint(1, 2)]
    }
    repeats = random.randint(1, 3)
    planned = {
        name: PlannedTask(checks=len(weights), declared_weight=sum(weights), weight=random.choice(WEIGHTS))
        for name, weights in tasks.items()
    }
    plan = Plan(agents=agents, tasks=planned, repeats=repeats)
    return [
        Evaluation(
            id=f"e{number}",
            plan=plan,
            runs=tuple(
                a_run(random, agent, task, repeat, weights, planned[task])
                for agent in agents
                for task, weights in tasks.items()
                for repeat in range(repeats)
            ),
        )
        for number in range(random.choice((1, 1, 2)))
    ]


def a_run(random: Random, agent: str, task: str, repeat: int, weights, planned: PlannedTask) -> Run:
    alike = random.random() < 0.4  # ties and full scores are where rules turn
    every = random.choice(OUTCOMES)
    checks = [
        Check(name=f"c{n}", outcome=every if alike else random.choice(OUTCOMES), weight=weight)
        for n, weight in enumerate(weights)
    ]
    return Run(
        agent=agent,
        task=task,
        repeat=repeat,
        checks=tuple(check for check in checks if random.random() < 0.95),
        declared_checks=planned.checks,
        declared_weight=planned.declared_weight,
        task_weight=planned.weight,
        print=random.choice(PRINTS),
        usage=Usage(calls=1, cost=random.choice((0.1, 0.2))),
    )


def broken(random: Random, evaluations: list[Evaluation], agent: str, to: dict[Outcome, Outcome | None]):
    """Return `evaluations` with some of the agent's checks of each outcome in `to` turned into what it says."""

    def check(each: Check) -> Check | None:
        if each.outcome not in to or random.random() < 0.4:
            return each
        into = to[each.outcome] if random.random() < 0.7 else None
        return None if into is None else replace(each, outcome=into)

    def run(each: Run) -> Run:
        return replace(each, checks=tuple(filter(None, map(check, each.checks)))) if each.agent == agent else each

    return [replace(evaluation, runs=tuple(map(run, evaluation.runs))) for evaluation in evaluations]


def done_again(evaluations: list[Evaluation], agent: str) -> list[Evaluation]:
    """Return `evaluations` with every void check made again: those of `agent` fail, the others as it happens."""

    def check(each: Check, of: str) -> Check:
        if each.outcome is not Outcome.ERROR:
            return each
        told = Random(f"{of}{each.name}")
        return replace(each, outcome=Outcome.FAILED if of == agent else told.choice(OUTCOMES[:2]))

    def run(each: Run) -> Run:
        return replace(each, checks=tuple(check(one, each.agent) for one in each.checks))

    return [replace(evaluation, runs=tuple(map(run, evaluation.runs))) for evaluation in evaluations]


def paid(board: Leaderboard):
    return {row.agent: row.reward for row in board.rows}


def rank(board: Leaderboard, agent: str) -> float:
    return next(row.rank or float("inf") for row in board.rows if row.agent == agent)


@pytest.mark.parametrize("part", range(PARTS))
def test_no_failed_check_that_goes_void_or_missing_raises_a_rank_or_a_payment(part):
    for number in range(part * BOARDS // PARTS, (part + 1) * BOARDS // PARTS):
        random = Random(number)
        evaluations, agent = drawn(random), random.choice("ab")
        rules = {
            "rewards": RULE_NAMES[number % len(RULE_NAMES)],
            "baseline": random.choice((0.0, 40.0, 100.0)),
            "at_least": random.choice((None, None, 1)),
            "tiebreak": random.choice(("none", "cost")),
            "emission": random.choice(("100", "0.07")),
        }
        after = broken(random, evaluations, agent, {Outcome.FAILED: Outcome.ERROR})
        before_board, board = leaderboard(evaluations, **rules), leaderboard(after, **rules)
        final = paid(leaderboard(done_again(after, agent), **rules))

        assert rank(board, agent) >= rank(before_board, agent), number
        assert paid(board)[agent] <= paid(before_board)[agent], number
        assert all(reward <= final[name] for name, reward in paid(board).items()), number
        assert sum(paid(board).values()) + board.held + board.undistributed == board.emission, number
        if number % 10 == 0:
            same_final = paid(leaderboard(done_again(evaluations, agent), **rules))
            if rules["rewards"] == "winner":  # the cost of an agent whose checks are missing is not known
                assert final[agent] <= same_final[agent], number
                assert all(final[name] >= same_final[name] for name in final if name != agent), number
            else:
                assert final == same_final, number
            assert leaderboard([replace(one, runs=one.runs[::-1]) for one in reversed(after)], **rules) == board, (
                number
            )


def test_the_boards_hold_what_the_claim_is_about():
    pending = held = alike = 0
    for number in range(300):
        random = Random(number)
        board = leaderboard(drawn(random), rewards=RULE_NAMES[number % len(RULE_NAMES)], baseline=40.0)
        pending += len(board.pending) > 0
        held += board.held > 0
        alike += any(row.alike for row in board.rows)

    assert pending > 100
    assert held > 50
    assert alike > 30
