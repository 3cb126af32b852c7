"""Whoever waits is told the place in the queue and, once evaluations were timed, how long it will take."""

import json

import pytest

from bitsec_eval.core.evaluations.watch_notes import BEGUN, QUEUE, QueueNote, queue_note
from bitsec_eval.hub.storage.records import Record, Version
from bitsec_eval.hub.views.waiting import Waiting, waiting_of
from tests.hub.conftest import RunningHub, agent
from tests.junit_files import JunitFile


def record(miner_id: str, sequence: int) -> Record:
    version = Version(version=1, sha256=miner_id, size=1, time="t", sequence=sequence)
    return Record(miner_id=miner_id, versions=(version,))


RECORDS = [record("anna", 3), record("bert", 1), record("carl", 2)]


def test_without_a_watch_the_order_is_that_of_uploads():
    found = waiting_of(RECORDS, QueueNote())

    assert {name: each.place for name, each in found.items()} == {"bert": 1, "carl": 2, "anna": 3}
    assert {each.of for each in found.values()} == {3}
    assert {each.expected_seconds for each in found.values()} == {None}


def test_a_watch_tells_who_is_evaluated_and_who_is_next():
    note = QueueNote(evaluating="carl", since=1000.0, queue=("anna",), durations=(20.0, 40.0, 30.0))

    found = waiting_of(RECORDS, note, clock=lambda: 1010.0)

    assert found == {
        "carl": Waiting(place=0, of=2, expected_seconds=20.0),
        "anna": Waiting(place=1, of=2, expected_seconds=50.0),
        "bert": Waiting(place=2, of=2, expected_seconds=80.0),
    }


@pytest.mark.parametrize("told", [None, {}, {"evaluating": 3, "since": "x", "queue": [1], "durations": [True, -1]}])
def test_a_note_that_is_none_is_an_empty_queue(told):
    assert queue_note(told) == QueueNote()


def test_the_place_is_on_the_board_the_agents_page_and_in_its_json(hub: RunningHub):
    hub.upload("first", agent(1))
    hub.upload("next", agent(2))
    note = hub.results / QUEUE
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps({"evaluating": "", "queue": [], "durations": [90.0]}))

    told = hub.get("/agents/next").json()["standing"]["waiting"]

    assert told == {"place": 2, "of": 2, "expected_seconds": 180.0, "stage": ""}
    for path in ("/", "/miners/next"):
        assert "place 2 of 2, in about 3 min" in hub.get(path).text


@pytest.mark.parametrize(
    ("stage", "words"), [("screening", "it is being screened now"), ("evaluating", "it is being evaluated now")]
)
def test_the_stage_of_the_one_under_way_is_on_the_board_and_its_page(hub: RunningHub, stage: str, words: str):
    hub.upload("first", agent(1))
    note = hub.results / QUEUE
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps({"evaluating": "first", "since": 1.0, "queue": [], "durations": []}))
    begun = {"ended": False, "agents": {"first": "sha"}, "stage": stage}
    (hub.results / BEGUN).write_text(json.dumps(begun))

    assert hub.get("/agents/first").json()["standing"]["waiting"]["stage"] == stage
    assert all(words in hub.get(path).text for path in ("/", "/miners/first"))


@pytest.mark.parametrize(
    "begun",
    [
        {"ended": True, "agents": {"a": ""}, "stage": "screening"},
        {"ended": False, "agents": {"b": ""}, "stage": "screening"},
        {"ended": False, "agents": {"a": ""}, "stage": "<b>"},
        {"ended": False, "agents": ["a"], "stage": "screening"},
        {"agents": {"a": ""}, "stage": 3},
    ],
)
def test_a_stage_of_another_evaluation_or_of_no_known_name_is_not_shown(begun):
    assert queue_note({"evaluating": "a"}, begun).stage == ""


def test_who_was_stopped_is_told_with_the_status(hub: RunningHub):
    settings = {
        "screen": {"suite": "cheap", "points": 50, "tasks": ["cheap/t"]},
        "prune": 1,
        "stopped": {"weak": "screened", "late": "pruned"},
    }
    file = JunitFile(settings=settings).run("strong", "cheap/t", ["passed"]).run("strong", "hard/t", ["passed"])
    file.run("weak", "cheap/t", ["failed"]).run("late", "cheap/t", ["passed"])
    hub.results.mkdir(exist_ok=True)
    (hub.results / "junit.xml").write_bytes(file.text)

    assert hub.get("/agents/weak").json()["standing"]["status"] == "screened"
    assert "Screened out" in hub.get("/miners/weak").text
    assert hub.get("/agents/late").json()["standing"]["status"] == "pruned"
    assert "Stopped early" in hub.get("/miners/late").text
    assert "screened, 1 not spent" in hub.get("/").text
    assert "screened: 1 agent below 50 points on cheap (1 run not spent)" in hub.get("/").text
