"""The board is what the result files say now, a status is true of the current version, and tests stay hidden."""

import hashlib
import itertools
import json
import shutil

import pytest

from bitsec_eval.render.json import schema
from tests.hub.conftest import RunningHub, agent
from tests.junit_files import SECRET, JunitFile

HIDDEN = "hidden input"


_NUMBERS = itertools.count()


@pytest.fixture(autouse=True)
def _no_results(hub: RunningHub) -> None:
    shutil.rmtree(hub.results, ignore_errors=True)


@pytest.fixture
def alice() -> str:
    """A miner id that no other test has used."""
    return f"alice-{next(_NUMBERS)}"


def put(hub: RunningHub, file: JunitFile | bytes, name: str = "junit.xml") -> None:
    hub.results.mkdir(exist_ok=True)
    draft = hub.results / f".{name}.draft"
    draft.write_bytes(file if isinstance(file, bytes) else file.text)
    draft.replace(hub.results / name)


def sha(source: bytes) -> str:
    return hashlib.sha256(source).hexdigest()


def standing(hub: RunningHub, miner_id: str) -> dict:
    return hub.get(f"/agents/{miner_id}").json()["standing"]


def test_an_agent_waits_until_its_version_was_evaluated(hub: RunningHub, alice: str):
    token = hub.upload(alice, agent(1)).json()["token"]
    assert standing(hub, alice)["status"] == "waiting"

    put(hub, JunitFile().run(alice, "demo/one", ["passed", "failed"], sha=sha(agent(1))))
    assert standing(hub, alice) | {"page": ""} == {
        "miner_id": alice,
        "status": "evaluated",
        "rank": 1,
        "score": 50.0,
        "reward": "100.00",
        "runs": {"scored": 1, "void": 0, "incomplete": 0},
        "last_evaluated": "2026-01-01T00:00:00Z",
        "evaluated_sha256": sha(agent(1)),
        "version": 1,
        "uploaded": standing(hub, alice)["uploaded"],
        "copy_of": None,
        "page": "",
        "waiting": None,
    }

    hub.upload(alice, agent(2), token=token)
    assert (standing(hub, alice)["status"], standing(hub, alice)["score"]) == ("waiting", 50.0)


def test_an_agent_whose_every_run_failed_through_us_is_void(hub: RunningHub, alice: str):
    hub.upload(alice, agent(1))
    put(hub, JunitFile().run(alice, "demo/one", ["error"], sha=sha(agent(1))))

    assert standing(hub, alice)["status"] == "void"
    assert standing(hub, alice)["score"] is None
    assert "through no fault of the agent" in hub.get(f"/miners/{alice}").text


def test_an_agents_report_names_each_check_and_its_own_output(hub: RunningHub, alice: str):
    put(hub, JunitFile().run(alice, "demo/one", {"test_a": "passed", "test_b": "failed"}, reason="came late"))
    runs = hub.results / "runs" / alice
    runs.mkdir(parents=True)
    (runs / "demo__one.json").write_text(
        json.dumps({"published": True, "stdout": "x" * 9000 + "end", "stderr": "\x1b[31mred"})
    )

    (task,) = hub.get(f"/agents/{alice}").json()["tasks"]

    assert task["checks"] == {"test_a": "passed", "test_b": "failed"}
    assert (task["state"], task["score"], task["reason"]) == ("scored", 50.0, "came late")
    (run,) = task["runs"]
    assert run["stdout"].startswith("...\n")
    assert run["stdout"].endswith("xend")
    assert run["stderr"] == "\\x1b[31mred"


ODD = {
    "stdout": {"a": 1},
    "timeline": [7, {}],
    "checks": [],
    "twin": "x",
    "score": "y",
    "ending": 3,
    "evaluation": [],
}


@pytest.mark.parametrize("kept", ["", "[]", "{", '{"stdout": 7, "stderr": null}', json.dumps(ODD), "\x00"])
def test_a_run_file_that_cannot_be_read_is_no_output(hub: RunningHub, alice: str, kept):
    put(hub, JunitFile().run(alice, "demo/one", ["passed"]))
    runs = hub.results / "runs" / alice
    runs.mkdir(parents=True)
    (runs / "demo__one.json").write_text(kept)

    assert not any(run["stdout"] for run in hub.get(f"/agents/{alice}").json()["tasks"][0]["runs"])
    assert hub.get(f"/miners/{alice}").status_code == 200


def test_the_board_changes_with_its_files_and_without_a_restart(hub: RunningHub, alice: str):
    put(hub, JunitFile().run(alice, "demo/one", ["failed"]))
    first = hub.get("/leaderboard").json()["agents"][0]["score"]
    put(hub, JunitFile().run(alice, "demo/one", ["passed"]))
    second = hub.get("/leaderboard").json()["agents"][0]["score"]
    (hub.results / "junit.xml").unlink()

    assert (first, second) == (0.0, 100.0)
    assert hub.get("/leaderboard").json()["agents"] == []


def test_several_files_make_one_board(hub: RunningHub, alice: str):
    put(hub, JunitFile(evaluation="e1").run(alice, "demo/one", ["passed"]), "one.xml")
    put(hub, JunitFile(evaluation="e2").run("bob", "demo/one", ["failed"]), "two.xml")

    agents = hub.get("/leaderboard").json()["agents"]

    assert [(each["rank"], each["agent"]) for each in agents] == [(1, alice), (2, "bob")]


def test_the_board_is_the_json_of_every_other_part(hub: RunningHub, alice: str):
    put(hub, JunitFile().run(alice, "demo/one", ["passed"]))
    board = hub.get("/leaderboard").json()

    assert set(board) == set(schema()["properties"])
    assert set(board["agents"][0]) == set(schema()["$defs"]["agent"]["properties"])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<testsuites>",
        b"not xml",
        b"<html/>",
        b"\xff" * 100,
        b"<testsuites/>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><a/>',
    ],
    ids=range(7),
)
def test_a_damaged_result_file_is_told_on_the_board_and_the_rest_counts(hub: RunningHub, alice: str, content):
    put(hub, JunitFile().run(alice, "demo/one", ["passed"]))
    put(hub, content, "damaged.xml")

    board = hub.get("/leaderboard").json()

    assert [each["agent"] for each in board["agents"]] == [alice]
    assert board["provisional"] is True
    assert any(doubt.startswith("damaged.xml: ") for doubt in board["doubts"])
    assert "damaged.xml: " in hub.get("/").text


def test_a_board_of_damaged_files_only_says_so(hub: RunningHub):
    put(hub, b"cut", "damaged.xml")

    assert "damaged.xml: " in hub.get("/").text


def test_files_that_contradict_each_other_are_told_too(hub: RunningHub, alice: str):
    put(hub, JunitFile().run(alice, "demo/one", ["passed"]), "one.xml")
    put(hub, JunitFile(started="2026-02-02T00:00:00Z").run(alice, "demo/one", ["passed"]), "two.xml")

    assert "different plans" in hub.get("/").text


def test_no_hidden_input_is_told_anywhere(hub: RunningHub, alice: str):
    hub.upload(alice, agent(1))
    put(hub, JunitFile().run(alice, "demo/one", ["failed", "error", "passed"], sha=sha(agent(1))))

    assert HIDDEN in SECRET
    for path in ("/", f"/miners/{alice}", "/agents", f"/agents/{alice}", "/leaderboard", "/tasks", "/submit"):
        answer = hub.get(path)
        assert answer.status_code == 200
        assert HIDDEN not in answer.text


def test_no_source_is_told_anywhere(hub: RunningHub, alice: str):
    hub.upload(alice, agent(1) + b"# my clever trick\n")

    for path in (
        "/",
        f"/miners/{alice}",
        "/agents",
        f"/agents/{alice}",
        f"/miners/{alice}.py",
        f"/agents/{alice}.py",
    ):
        assert "clever trick" not in hub.get(path).text


def test_agents_of_the_board_and_of_the_folder_are_listed_once_each(hub: RunningHub, alice: str):
    hub.upload("waits", agent(1))
    hub.upload(alice, agent(2))
    put(hub, JunitFile().run(alice, "demo/one", ["passed"]).run("operators", "demo/one", ["failed"]))

    listed = [(each["miner_id"], each["version"]) for each in hub.get("/agents").json()]

    assert listed[:2] == [(alice, 1), ("operators", None)]
    assert listed.count(("waits", 1)) == 1
    assert len(dict(listed)) == len(listed)


def test_an_unknown_agent_is_404(hub: RunningHub):
    for path in ("/agents/nobody", "/miners/nobody", "/agents/..%2f..%2fetc", "/agents/%00", "/agents/A"):
        assert hub.get(path).status_code == 404
