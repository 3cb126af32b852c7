"""An agent's page tells of every run what its author may read, from the queue to the last check, and nothing else."""

import json
import shutil

import pytest

from tests.hub.conftest import RunningHub
from tests.junit_files import JunitFile

HIDDEN = "hidden-1b7e"
STEPS = [
    {"kind": "queue", "what": "queued", "at": 0.0, "seconds": 3.0, "input": HIDDEN},
    {"kind": "run", "what": "started: a sandbox is made ready", "at": 3.0, "seconds": 0.25},
    {"kind": "run", "what": "the agent runs", "at": 3.25, "seconds": 1.0},
    {"kind": "call", "what": "LLM call 1", "at": 3.5, "seconds": 0.5, "question": HIDDEN},
    {"kind": "moment", "what": "first byte of the answer", "at": 4.0, "seconds": None},
    {"kind": "moment", "what": "exited", "at": 4.25, "seconds": None},
    {"kind": "check", "what": "test_a", "at": 4.3, "seconds": 0.4321, "outcome": "failed", "expected": HIDDEN},
]


@pytest.fixture(autouse=True)
def _no_results(hub: RunningHub) -> None:
    shutil.rmtree(hub.results, ignore_errors=True)


def kept(hub: RunningHub, name: str, **told: object) -> None:
    """Write a run's file as an evaluation does, with more in it than it ever should hold."""
    run = {"agent": "alice", "task": "demo/one", "evaluation": "e1", "timeline": STEPS, "truth": HIDDEN}
    path = hub.results / "runs/alice" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**run, "ending": "exited", "checks": {"test_a": "failed"}, **told}))


def repeated(hub: RunningHub, times: int) -> None:
    file = JunitFile(settings={"repeats": times})
    for repeat in range(times):
        file.run("alice", "demo/one", {"test_a": "failed" if repeat else "passed"}, repeat=repeat)
    hub.results.mkdir(exist_ok=True)
    (hub.results / "junit.xml").write_bytes(file.text)


def runs(hub: RunningHub) -> list[dict]:
    (task,) = hub.get("/agents/alice").json()["tasks"]
    return task["runs"]


def test_every_repeat_is_shown_with_its_ending_and_without_what_it_printed(hub: RunningHub):
    repeated(hub, 2)
    kept(hub, "demo__one", stdout="the first answer", checks={"test_a": "passed"}, score=100.0, state="scored")
    kept(hub, "demo__one.r2", stdout="a second", stderr="in a hurry", ending="timed_out", seconds=10.04, score=0.0)

    page = hub.get("/miners/alice").text
    assert [(run["number"], run["ending"], run["stdout"], run["stderr"]) for run in runs(hub)] == [
        (1, "exited", "", ""),
        (2, "timed_out", "", ""),
    ]
    assert not any(text in page for text in ("the first answer", "a second", "in a hurry"))
    for shown in (
        "timed out, 10.04 s",
        "Run 2",
        "passed in 1 of 2 runs",
    ):
        assert shown in page


def test_the_timeline_is_that_of_the_runs_own_page(hub: RunningHub):
    repeated(hub, 1)
    kept(hub, "demo__one")

    page = hub.get("/miners/alice").text
    assert [step["what"] for step in runs(hub)[0]["timeline"]] == [step["what"] for step in STEPS]
    assert runs(hub)[0]["timeline"][3] == {
        "kind": "call",
        "what": "LLM call 1",
        "at": 3.5,
        "seconds": 0.5,
        "outcome": "",
    }
    for shown in ("queued", "3.50 s", "first byte of the answer", "≤ 0.5 s"):
        assert shown in page
    assert page.count("<svg") == len(STEPS) - 1


def test_of_a_runs_file_only_what_is_meant_to_be_shown_is_shown(hub: RunningHub):
    repeated(hub, 2)
    twin = {"stdout": HIDDEN, "expected": HIDDEN}
    for name in ("demo__one", "demo__one.r2"):
        more = {"twin": twin, "stdout": HIDDEN, "stderr": HIDDEN, "reason": HIDDEN, "published": "yes"}
        kept(hub, name, prompt=HIDDEN, settings={HIDDEN: HIDDEN}, exchanges=[HIDDEN], reported=[HIDDEN], **more)

    for path in ("/miners/alice", "/agents/alice"):
        text = hub.get(path).text
        assert HIDDEN not in text
        assert "4321" not in text  # how long a check took is told in steps, whatever the file says


def test_a_file_of_an_evaluation_that_is_not_on_the_board_is_no_run_of_it(hub: RunningHub):
    """While a new version is evaluated its output is there already, and the board is still of the one before."""
    repeated(hub, 2)
    kept(hub, "demo__one", evaluation="a later one", stdout="of the next version")
    kept(hub, "demo__one.r2")

    page = hub.get("/miners/alice").text
    assert [run["number"] for run in runs(hub)] == [2]
    assert "2 runs; of 1 of them more is kept here." in page


def test_a_reason_stands_beside_its_check_or_once_for_all(hub: RunningHub):
    file = JunitFile().run("alice", "demo/one", {"test_a": "failed"}, declared=2, reason="no f is defined")
    file.run("alice", "demo/two", {"test_a": "failed", "test_b": "failed"}, reason="it was late")
    hub.results.mkdir()
    (hub.results / "junit.xml").write_bytes(file.run("alice", "demo/one", {"test_b": "failed"}, declared=2).text)

    page = hub.get("/miners/alice").text
    assert page.partition("<h2>Tasks")[2].count("it was late") == 1
    assert '<span class="tally">no f is defined</span>' in page
    assert hub.get("/agents/alice").json()["tasks"][0]["reasons"] == {"test_a": "no f is defined"}


def test_a_miner_is_led_from_a_task_to_its_prompt_and_told_that_rewards_may_change(hub: RunningHub):
    file = JunitFile().run("alice", "demo/one", {"test_a": "failed"}).run("alice", "gone/task", {"test_a": "error"})
    file.run("bob", "demo/one", {"test_a": "passed"}).run("bob", "gone/task", {"test_a": "passed"})
    hub.results.mkdir()
    (hub.results / "junit.xml").write_bytes(file.text)

    page = hub.get("/miners/alice").text
    assert page.count("What the task asks") == 1
    assert 'href="/submit#prompt-demo/one"' in page
    assert 'id="prompt-demo/one"' in hub.get("/submit").text
    assert "provisional" in page
    assert "provisional" not in hub.get("/miners/bob").text
    assert "Void: our failure" in page


def test_a_run_without_a_file_is_told_by_its_outcomes(hub: RunningHub):
    repeated(hub, 1)

    assert runs(hub) == []
    assert "exited, 0.50 s" in hub.get("/miners/alice").text
