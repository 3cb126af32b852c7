"""A watch evaluates what is new or changed and nothing else, and no failure makes it stop or costs anybody points."""

import json
import os
from pathlib import Path

import pytest

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.evaluations.watch_notes import HISTORY, QUEUE
from bitsec_eval.core.junit.reader import read_junit
from bitsec_eval.core.scoring.leaderboard import leaderboard
from bitsec_eval.watch.publication import Publication, sole_watch
from tests.watch.doubles import Watched


def test_every_agent_is_evaluated_once_and_not_again(tmp_path: Path):
    watched = Watched(tmp_path, alice="1", bob="2")

    assert watched.look() == ["alice", "bob"]
    assert watched.look() == []
    assert watched.published == ["agent.alice.xml", "agent.bob.xml"]
    assert watched.lines == ["alice: scored 100.0 over 1 run", "bob: scored 100.0 over 1 run"]
    assert watched.current


def test_a_new_or_changed_agent_is_evaluated_alone(tmp_path: Path):
    watched = Watched(tmp_path, alice="1", bob="2")
    watched.look()

    watched.submit("bob", "3")
    watched.submit("carol", "4")

    assert watched.look() == ["bob", "carol"]
    assert watched.evaluations.seen[-2:] == [("bob", b"3"), ("carol", b"4")]


@pytest.mark.parametrize("change", ["changed", "added", "removed", "a workspace"])
def test_another_task_means_every_agent_is_evaluated_again(tmp_path: Path, change: str):
    watched = Watched(tmp_path, alice="1", bob="2")
    beside = watched.task.with_name("test_other.py")
    beside.write_text("TASK = ...")
    watched.look()

    match change:
        case "changed":
            watched.task.write_text("TASK = 2")
        case "added":
            watched.task.with_name("test_new.py").write_text("TASK = ...")
        case "removed":
            beside.unlink()
        case "a workspace":
            (watched.task.parent / "vault").mkdir()
            (watched.task.parent / "vault/Vault.sol").write_text("contract Vault {}")

    assert watched.look() == ["alice", "bob"]
    assert watched.look() == []


def test_caches_beside_tasks_change_nothing(tmp_path: Path):
    watched = Watched(tmp_path, alice="1")
    watched.look()

    (watched.task.parent / "__pycache__").mkdir()
    (watched.task.parent / "__pycache__/test_reverse_string.pyc").write_text("x")
    (watched.task.parent / ".test_reverse_string.py.swp").write_text("x")

    assert watched.look() == []


def test_answers_are_reused_under_the_seed_of_the_version_and_another_version_draws_another(tmp_path: Path):
    watched = Watched(tmp_path, alice="1", bob="1")
    watched.look()
    watched.restarted()
    watched.task.write_text("TASK = ...  # mended\n")
    watched.look()
    watched.submit("alice", "2")
    watched.look()

    assert watched.evaluations.names == ["alice", "bob", "alice", "bob", "alice"]
    told = [options[:2] for options in watched.evaluations.options]
    assert told == [("--bitsec-reuse", f"--bitsec-seed={seed}") for seed in (1, 2, 1, 2, 3)]
    assert all("--bitsec-rewards=distinct" in options for options in watched.evaluations.options)


@pytest.mark.parametrize("kept", [b"", b"[]", b"\xff", b'{"alice": 3}', b'{"alice": ["1", "x"]}'])
def test_a_seed_that_was_lost_is_drawn_again(tmp_path: Path, kept: bytes):
    watched = Watched(tmp_path, alice="1")
    watched.look()
    (tmp_path / "results/watch/seeds.json").write_bytes(kept)
    watched.task.write_text("TASK = ...  # mended\n")

    assert watched.look() == ["alice"]
    assert watched.evaluations.options[-1][:2] == ("--bitsec-reuse", "--bitsec-seed=2")


def test_after_a_restart_nothing_is_evaluated_twice(tmp_path: Path):
    watched = Watched(tmp_path, alice="1")
    watched.look()
    watched.restarted()

    assert watched.look() == []


def test_a_result_that_was_removed_is_made_again(tmp_path: Path):
    watched = Watched(tmp_path, alice="1")
    watched.look()
    (tmp_path / "results/agent.alice.xml").unlink()

    assert watched.look() == ["alice"]


@pytest.mark.parametrize("notes", [b"", b"[]", b"\xff", b'{"alice": 3}'])
def test_lost_notes_cost_an_evaluation_and_no_more(tmp_path: Path, notes: bytes):
    watched = Watched(tmp_path, alice="1")
    watched.look()
    (tmp_path / "results/watch/evaluated.json").write_bytes(notes)

    assert watched.look() == ["alice"]
    assert watched.look() == []


def test_what_the_hub_keeps_beside_agents_is_no_agent(tmp_path: Path):
    watched = Watched(tmp_path, alice="1")
    agents = tmp_path / "agents"
    (agents / "alice.json").write_text("{}")
    (agents / ".hub.lock").touch()
    (agents / ".versions/alice").mkdir(parents=True)
    (agents / ".versions/alice/0f.py").write_text("0")
    (agents / "bob").mkdir()
    (agents / "bob/agent.py").write_text("2")

    assert watched.look() == ["alice", "bob"]


def test_a_file_that_cannot_be_an_agent_is_named_once_and_holds_nobody_up(tmp_path: Path):
    watched = Watched(tmp_path, alice="1")
    watched.submit("test_mine", "2")
    watched.submit("Bob", "3")

    assert watched.look() == ["alice"]
    assert watched.look() == []
    told = [line for line in watched.lines if "cannot name an agent" in line]
    assert len(told) == 2
    assert told[0].startswith(f"{tmp_path}/agents/Bob.py: cannot name an agent (1 to 64 of a-z")
    assert told[0].endswith("; rename it")
    assert not watched.current


def test_one_failing_evaluation_does_not_keep_the_others_from_theirs(tmp_path: Path):
    watched = Watched(tmp_path, alice="1", bob="2", carol="3")
    watched.evaluations.outcomes["bob"] = None

    assert watched.look() == ["alice", "bob", "carol"]
    assert watched.published == ["agent.alice.xml", "agent.carol.xml"]
    assert watched.lines[1] == (
        "bob: not evaluated (pytest ended with 4): the task is wrong; mend it;"
        f" trying again in 60 s, see {tmp_path}/results/watch/bob.log"
    )
    assert not watched.current


def test_what_fails_is_tried_again_after_twice_as_long_each_time(tmp_path: Path):
    watched = Watched(tmp_path, bob="2")
    watched.evaluations.outcomes["bob"] = None

    tries = [second for second in range(0, 2000, 20) if watched.look(after_seconds=20)]

    assert tries == [0, 60, 180, 420, 900, 1860]


def test_a_new_version_need_not_wait_for_the_old_one(tmp_path: Path):
    watched = Watched(tmp_path, bob="2")
    watched.evaluations.outcomes["bob"] = None
    watched.look()
    watched.submit("bob", "3")

    assert watched.look() == ["bob"]


def test_a_junit_that_cannot_be_read_is_a_failure_of_that_agent_alone(tmp_path: Path):
    watched = Watched(tmp_path, alice="1", bob="2")
    watched.evaluations.outcomes["alice"] = []

    assert watched.look() == ["alice", "bob"]
    assert watched.published == ["agent.bob.xml"]
    assert watched.lines[0].startswith("alice: alice.xml: ")


def test_a_surprise_is_said_and_survived(tmp_path: Path):
    watched = Watched(tmp_path, alice="1", bob="2")

    def surprise(order):
        if order.agent.stem == "alice":
            raise RuntimeError("half of an upgrade")

    watched.evaluations.during = surprise

    assert watched.look() == ["alice", "bob"]
    assert watched.lines[0].startswith("alice: RuntimeError: half of an upgrade; trying again in 60 s, see ")
    assert watched.published == ["agent.bob.xml"]


def test_an_evaluation_with_a_void_run_is_published_as_such_and_done_again(tmp_path: Path):
    watched = Watched(tmp_path, alice="1")
    watched.evaluations.void_elsewhere.add("alice")

    watched.look()

    assert watched.published == ["agent.alice.xml"]
    assert watched.lines == [
        "alice: scored 100.0 over 1 run",
        f"alice: 1 run void; trying again in 60 s, see {tmp_path}/results/watch/alice.log",
    ]
    assert not watched.current
    watched.evaluations.void_elsewhere.clear()
    assert watched.look(after_seconds=60) == ["alice"]
    assert watched.current


def test_nothing_is_published_where_every_run_is_void(tmp_path: Path):
    watched = Watched(tmp_path, alice="1")
    watched.evaluations.outcomes["alice"] = ["passed", "error"]

    watched.look()

    assert watched.published == []
    assert watched.lines[0] == "alice: scored nothing over 0 runs"
    assert list((tmp_path / "results/watch").glob("alice.xml")) == []
    watched.evaluations.outcomes["alice"] = ["passed"]
    assert watched.look(after_seconds=60) == ["alice"]
    assert watched.published == ["agent.alice.xml"]


@pytest.mark.parametrize("status", [0, 1, 2])
def test_a_task_that_cannot_be_collected_replaces_no_result_and_is_named(tmp_path: Path, status: int):
    watched = Watched(tmp_path, alice="1", bob="2")
    watched.look()
    before = {name: (tmp_path / "results" / name).read_bytes() for name in watched.published}
    watched.evaluations.outcomes["alice"] = ["failed"]
    watched.evaluations.collection_error = "coding/test_typo.py:3: TypeError: no such field"
    watched.evaluations.status = status
    watched.task.write_text("TASK = 2")

    assert watched.look() == ["alice", "bob"]
    assert {name: (tmp_path / "results" / name).read_bytes() for name in watched.published} == before
    told = f"pytest ended with {status}): coding/test_typo.py:3: TypeError: no such field; trying again in"
    words = f"not evaluated ({told}"
    assert [line.partition(": ")[2].startswith(words) for line in watched.lines[-2:]] == [True, True]
    assert not watched.current


def test_an_evaluation_of_which_nothing_could_be_scored_replaces_no_score(tmp_path: Path):
    watched = Watched(tmp_path, alice="1")
    watched.look()
    watched.evaluations.outcomes["alice"] = ["error"]
    watched.task.write_text("TASK = 2")

    assert watched.look() == ["alice"]
    with (tmp_path / "results/agent.alice.xml").open("rb") as junit:
        assert [row.score for row in leaderboard([read_junit(junit)]).rows] == [100.0]
    assert watched.look(after_seconds=60) == ["alice"]


def test_an_engine_that_is_away_is_asked_less_and_less_often_and_then_all_is_made_good(tmp_path: Path):
    watched = Watched(tmp_path, alice="1")
    watched.engine.on = False

    for _ in range(20):
        watched.look(after_seconds=60)

    assert watched.engine.asked == 5
    assert watched.evaluations.seen == []
    assert watched.lines[:2] == [
        "no Docker engine answers; asking again in 60 s",
        "no Docker engine answers; asking again in 120 s",
    ]
    watched.engine.on = True
    assert watched.look(after_seconds=1800) == ["alice"]


def test_with_nothing_to_do_the_engine_is_left_alone(tmp_path: Path):
    watched = Watched(tmp_path, alice="1")
    watched.look()
    watched.look()

    assert watched.engine.asked == 1


def test_an_agent_that_is_gone_leaves_the_board_and_comes_back_with_an_evaluation(tmp_path: Path):
    watched = Watched(tmp_path, alice="1", bob="2")
    watched.look()
    (tmp_path / "agents/bob.py").unlink()

    assert watched.look() == []
    assert watched.published == ["agent.alice.xml"]
    assert watched.lines[-1] == "bob: gone, and off the board"
    watched.submit("bob", "2")
    assert watched.look() == ["bob"]


def test_a_folder_that_is_empty_by_mistake_does_not_empty_the_board(tmp_path: Path):
    watched = Watched(tmp_path, alice="1")
    watched.look()
    (tmp_path / "agents/alice.py").unlink()

    watched.look()

    assert watched.published == ["agent.alice.xml"]


def test_a_folder_that_is_away_for_a_while_is_said_and_survived(tmp_path: Path):
    watched = Watched(tmp_path, alice="1")
    watched.look()
    (tmp_path / "agents").rename(tmp_path / "elsewhere")

    assert watched.look() == []
    assert watched.lines[-1].startswith("not now: ")
    assert watched.published == ["agent.alice.xml"]
    (tmp_path / "elsewhere").rename(tmp_path / "agents")
    assert watched.look() == []
    assert watched.current


def test_what_is_evaluated_is_what_was_read_whatever_happens_to_the_file(tmp_path: Path):
    watched = Watched(tmp_path, alice="1")
    watched.evaluations.during = lambda order: watched.submit("alice", "2")
    watched.look()

    assert watched.evaluations.seen == [("alice", b"1")]
    assert watched.look() == ["alice"]
    assert watched.evaluations.seen[-1] == ("alice", b"2")


def test_a_stop_ends_the_pass_sweeps_what_force_left_and_publishes_nothing(tmp_path: Path):
    watched = Watched(tmp_path, alice="1", bob="2")
    watched.evaluations.during = lambda order: watched.stop.set()

    assert watched.look() == ["alice"]
    assert watched.published == []
    assert watched.engine.swept == 1
    assert watched.lines == []
    assert list((tmp_path / "results/watch/agents").iterdir()) == []


def test_two_watches_cannot_have_one_results_folder(tmp_path: Path):
    publication = Publication(tmp_path / "results")
    publication.prepare()
    with sole_watch(publication):
        words = "another watch, or an evaluation it left, is at work there; stop it or give another folder$"
        with pytest.raises(SettingsError, match=words), sole_watch(publication):
            pass

    with sole_watch(publication):
        pass


def test_notes_hold_what_each_result_was_made_of(tmp_path: Path):
    watched = Watched(tmp_path, alice="1")
    watched.look()

    notes = json.loads((tmp_path / "results/watch/evaluated.json").read_text())
    assert [len(digest) for digest in notes["alice"]] == [64, 64]


def test_first_come_is_first_evaluated_and_the_queue_is_noted(tmp_path: Path):
    watched = Watched(tmp_path, zoe="1", alice="2")
    os.utime(tmp_path / "agents/zoe.py", (1000, 1000))
    notes = []
    watched.evaluations.during = lambda order: notes.append(json.loads((tmp_path / "results" / QUEUE).read_text()))

    assert watched.look() == ["zoe", "alice"]
    assert [(note["evaluating"], note["queue"]) for note in notes] == [("zoe", ["alice"]), ("alice", [])]
    assert notes[0]["since"] > 1e9
    after = json.loads((tmp_path / "results" / QUEUE).read_text())
    assert (after["evaluating"], after["queue"], len(after["durations"])) == ("", [], 2)


def test_an_agent_that_was_screened_is_told_of_as_such_and_is_current(tmp_path: Path):
    watched = Watched(tmp_path, alice="1")
    watched.evaluations.outcomes["alice"] = ["failed"]
    watched.evaluations.settings = {"stopped": {"alice": "screened"}}

    assert watched.look() == ["alice"]
    assert watched.lines == ["alice: scored 0.0 over 1 run, screened"]
    assert watched.look() == []
    assert watched.current


def test_the_score_of_every_version_is_kept(tmp_path: Path):
    watched = Watched(tmp_path, alice="1")
    watched.evaluations.outcomes["alice"] = ["passed", "failed"]
    watched.look()
    watched.submit("alice", "2")
    watched.evaluations.outcomes["alice"] = ["passed"]
    watched.look()
    (tmp_path / "results/agent.alice.xml").unlink()
    watched.look()

    kept = json.loads((tmp_path / "results" / HISTORY).read_text())["alice"]
    assert [each["score"] for each in kept] == [50.0, 100.0]
    assert len({each["sha256"] for each in kept}) == 2
    assert len({each["conditions"] for each in kept}) == 1
