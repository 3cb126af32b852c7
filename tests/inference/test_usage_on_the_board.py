"""What agents used of the LLM goes from junit to the board, and breaks ties where that is asked for."""

import json

import pytest
from jsonschema import Draft202012Validator

from bitsec_eval.core.errors import ResultsError
from bitsec_eval.core.scoring.leaderboard import Leaderboard, leaderboard
from bitsec_eval.core.usage import Usage
from bitsec_eval.render.console import board_lines
from bitsec_eval.render.html import board_html
from bitsec_eval.render.json import board_json, schema
from tests.junit_files import JunitFile

P, F, E = "passed", "failed", "error"


def used(cost: float, calls: int = 1, tokens: int = 10) -> dict:
    return {
        "calls": calls,
        "prompt_tokens": tokens,
        "completion_tokens": tokens,
        "cost": cost,
        "waiting_seconds": 0.5,
    }


def board(*files: JunitFile, **more) -> Leaderboard:
    return leaderboard([file.read() for file in files], **more)


def ranks(shown: Leaderboard) -> list[tuple[int | None, str]]:
    return [(row.rank, row.agent) for row in shown.rows]


def two_equal() -> JunitFile:
    file = JunitFile().run("dear", "t", [P], usage=used(0.2)).run("cheap", "t", [P], usage=used(0.1))
    return file.run("poor", "t", [F], usage=used(0.0))


def test_usage_is_summed_over_tasks_and_runs():
    first = JunitFile("e1").run("a", "t1", [P], usage=used(0.1)).run("a", "t2", [F], usage=used(0.2, calls=3))
    again = JunitFile("e2", "2026-02-01T00:00:00Z").run("a", "t1", [P], usage=used(0.3))

    (row,) = board(first, again).rows

    assert row.usage == Usage(calls=5, prompt_tokens=30, completion_tokens=30, cost=0.6, waiting_seconds=1.5)
    assert [cell.usage.calls for cell in row.tasks] == [2, 3]


def test_equal_scores_share_a_rank_unless_the_cost_is_to_break_the_tie():
    file = two_equal()

    assert ranks(board(file)) == [(1, "cheap"), (1, "dear"), (3, "poor")]
    assert ranks(board(file, tiebreak="cost")) == [(1, "cheap"), (2, "dear"), (3, "poor")]


def test_a_tie_broken_by_cost_changes_no_reward():
    rewards = {row.agent: row.reward for row in board(two_equal()).rows}

    assert {row.agent: row.reward for row in board(two_equal(), tiebreak="cost").rows} == rewards


def test_equal_scores_at_equal_cost_share_a_rank():
    file = JunitFile().run("b", "t", [P], usage=used(0.1)).run("a", "t", [P], usage=used(0.1)).run("c", "t", [P])

    assert ranks(board(file, tiebreak="cost")) == [(1, "c"), (2, "a"), (2, "b")]


def test_who_was_evaluated_more_often_pays_for_one_run_of_each_task():
    file = JunitFile().run("twice", "t", [P], usage=used(0.1)).run("once", "t", [P], usage=used(0.15))
    again = JunitFile("e2", "2026-02-01T00:00:00Z").run("twice", "t", [P], usage=used(0.1))

    assert ranks(board(file, again, tiebreak="cost")) == [(1, "twice"), (2, "once")]


def test_the_evaluation_says_what_breaks_ties():
    file = two_equal()
    file.settings["tiebreak"] = "cost"

    assert board(file).tiebreak == "cost"
    assert ranks(board(file))[1] == (2, "dear")
    assert ranks(board(file, tiebreak="none"))[1] == (1, "dear")


def test_a_board_without_an_llm_shows_nothing_of_one():
    plain = board(JunitFile().run("a", "t", [P]))

    assert plain.rows[0].usage is None
    assert board_lines(plain) == ["1  a  100.0  reward: 100.00 TAO"]
    assert "LLM" not in board_html(plain)


def test_usage_is_on_the_console_the_page_and_in_json():
    shown = board(JunitFile().run("a", "t", [P], usage=used(0.00123, calls=2, tokens=500)))

    assert board_lines(shown) == ["1  a  100.0  reward: 100.00 TAO  2 calls, 1000 tokens, $0.0013"]
    assert ">LLM</th>" in board_html(shown)
    assert "2 calls, 1000 tokens, $0.0013" in board_html(shown)
    told = json.loads(board_json(shown))
    Draft202012Validator(schema()).validate(told)
    assert told["agents"][0]["usage"] == told["agents"][0]["tasks"]["t"]["usage"] == used(0.00123, 2, 500)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"calls": -1}, "calls is -1"),
        ({"calls": 1.5}, "calls is 1.5, not a whole number"),
        ({"cost": "free"}, "cost is 'free'"),
        ({"prompt_tokens": None}, "prompt_tokens is None"),
    ],
)
def test_usage_that_no_evaluation_writes_is_refused(wrong: dict, words: str):
    with pytest.raises(ResultsError, match=words):
        board(JunitFile().run("a", "t", [P], usage={**used(0.1), **wrong}))


def test_a_tiebreak_that_does_not_exist_is_refused():
    file = JunitFile().run("a", "t", [P])
    file.settings["tiebreak"] = "luck"

    with pytest.raises(ResultsError, match="tiebreak is 'luck', not one of none, cost"):
        board(file)
