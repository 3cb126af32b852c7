"""As JSON the board follows its schema, sums exactly, is stable and holds nothing hidden."""

import json
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from bitsec_eval.core.scoring.leaderboard import leaderboard
from bitsec_eval.render.json import board_json, schema
from tests.junit_files import SECRET, JunitFile

P, F, E = "passed", "failed", "error"


def text_of(*files: JunitFile, **settings) -> str:
    return board_json(leaderboard([file.read() for file in files], **settings))


def several() -> JunitFile:
    file = JunitFile().run("careful", "coding/a", {"reverses": P, "keeps": P}, sha="ab12")
    return file.run("half", "coding/a", {"reverses": P, "keeps": F}, reason="wrong").run("void", "coding/a", [E, E])


def test_an_agent_is_written_with_its_tasks_and_checks_by_name():
    (_, half, _) = json.loads(text_of(several()))["agents"]

    assert half == {
        "rank": 2,
        "agent": "half",
        "version": "sha-of-half",
        "score": 50.0,
        "least": 50.0,
        "most": 50.0,
        "pending": False,
        "stopped": None,
        "unspent": 0,
        "interval": None,
        "group": None,
        "pass_at_k": {"1": 0.0},
        "history": [],
        "alike": None,
        "reward": 20.0,
        "runs": {"scored": 1, "void": 0, "incomplete": 0},
        "usage": None,
        "tasks": {
            "coding/a": {
                "score": 50.0,
                "least": 50.0,
                "most": 50.0,
                "state": "scored",
                "counts": {"scored": 1, "void": 0, "incomplete": 0},
                "runs": 1,
                "points": [50.0],
                "passed": 0,
                "pass_at_k": {"1": 0.0},
                "checks": {"keeps": "failed", "reverses": "passed"},
                "weights": {"keeps": 1, "reverses": 1},
                "reasons": {"keeps": "wrong"},
                "reason": "wrong",
                "ending": "exited",
                "seconds": 0.5,
                "usage": None,
            }
        },
        "last_evaluated": "2026-01-01T00:00:00Z",
    }


def test_the_whole_board_is_written():
    board = json.loads(text_of(several()))
    del board["agents"]

    assert board == {
        "format": 1,
        "tasks": ["coding/a"],
        "runs": {"scored": 2, "void": 1, "incomplete": 0},
        "emission": 100.0,
        "rewards": "score",
        "baseline": None,
        "half_life": None,
        "at_least": None,
        "tiebreak": "none",
        "screen": None,
        "prune": None,
        "held": 40.0,
        "undistributed": 0.0,
        "provisional": True,
        "doubts": ["1 run void"],
        "notes": [],
        "evaluations": ["e1"],
        "last_evaluated": "2026-01-01T00:00:00Z",
    }


def test_the_schema_is_a_schema():
    Draft202012Validator.check_schema(schema())


def test_boards_follow_the_schema():
    incomplete = JunitFile("e2").run("late", "coding/b", [P], declared=2, ending=None, seconds=None)

    for text in (text_of(), text_of(several()), text_of(several(), incomplete)):
        Draft202012Validator(schema()).validate(json.loads(text))


def test_the_schema_would_notice_a_field_it_does_not_know():
    board = json.loads(text_of(several())) | {"surprise": 1}

    assert not Draft202012Validator(schema()).is_valid(board)


def test_the_same_board_is_the_same_text():
    files = [several(), JunitFile("e2").run("half", "coding/a", [P])]

    assert text_of(*files) == text_of(*reversed(files))


@given(st.decimals(0, 10**9, places=6).filter(lambda tao: len(tao.as_tuple().digits) <= 15))
def test_rewards_in_the_text_sum_exactly_to_the_emission(emission):
    file = JunitFile().run("a", "t", [P, P, P]).run("b", "t", [P, P, F]).run("c", "t", [P, F, F])
    board = json.loads(text_of(file, emission=emission), parse_float=Decimal)

    assert sum(agent["reward"] for agent in board["agents"]) + board["undistributed"] == emission


def test_nothing_of_a_failure_text_is_in_it():
    assert SECRET not in text_of(JunitFile().run("a", "t", [F, E, "skipped"]))
