"""Whoever waits is told the place in the queue and, once evaluations were timed, how long it will take."""

import json

import pytest

from bitsec_eval.core.watch_notes import QUEUE, QueueNote, queue_note
from bitsec_eval.hub.storage.records import Record, Version
from bitsec_eval.hub.views.waiting import Waiting, waiting_of
from tests.hub.conftest import RunningHub, agent


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

    assert told == {"place": 2, "of": 2, "expected_seconds": 180.0}
    for path in ("/", "/miners/next"):
        assert "place 2 of 2, in about 3 min" in hub.get(path).text
