"""Each version has its score, scores have a trend, and the board can be sorted and filtered without a script."""

import json
import re

import pytest

from bitsec_eval.core.evaluations.watch_notes import HISTORY
from tests.hub.conftest import RunningHub, agent
from tests.junit_files import JunitFile


@pytest.fixture(scope="module")
def token(hub: RunningHub) -> str:
    """The token of an agent with three versions: the first two noted by a watch, the last on the board."""
    token = hub.upload("alice", agent(1)).json()["token"]
    for number in (2, 3):
        hub.upload("alice", agent(number), token=token)
    shas = [version["sha256"] for version in hub.get("/agents/alice").json()["versions"]][::-1]
    noted = [
        {"sha256": sha, "time": f"2026-01-0{n}T00:00:00+00:00", "score": score, "conditions": condition}
        for n, (sha, score, condition) in enumerate(zip(shas, (20.0, 40.0, 50.0), "abb", strict=True), start=1)
    ]
    (hub.results / HISTORY).parent.mkdir(parents=True)
    (hub.results / HISTORY).write_text(json.dumps({"alice": [*noted, {"sha256": 3}, "x"]}))
    file = JunitFile().run("alice", "demo/one", ["passed", "failed"], sha=shas[2])
    file.run("bob", "demo/one", ["passed", "passed"]).run("carol", "demo/one", ["failed", "failed"])
    (hub.results / "junit.xml").write_bytes(file.text)
    return token


def test_every_version_has_its_score_and_says_whether_it_compares(hub: RunningHub, token: str):
    versions = hub.get("/agents/alice").json()["versions"]

    assert [(each["version"], each["score"], each["comparable"]) for each in versions] == [
        (3, 50.0, True),
        (2, 40.0, True),
        (1, 20.0, False),
    ]
    page = hub.get("/miners/alice").text
    assert "version 1 20.0, version 2 40.0, version 3 50.0" in page
    assert "other tasks or options than the latest result" in page


def test_a_version_without_a_result_has_none(hub: RunningHub, token: str):
    hub.upload("alice", agent(4), token=token)

    [latest, *_] = hub.get("/agents/alice").json()["versions"]

    assert (latest["version"], latest["score"]) == (4, None)


def agents_on(page: str) -> list[str]:
    board = page.partition('<table class="board"')[2].partition("</table>")[0]
    return re.findall(r'href="/miners/(\w+)"', board)


@pytest.mark.parametrize(
    ("query", "agents"),
    [
        ("", ["bob", "alice", "carol"]),
        ("?sort=agent", ["alice", "bob", "carol"]),
        ("?sort=score", ["carol", "alice", "bob"]),
        ("?sort=nonsense", ["bob", "alice", "carol"]),
        ("?sort=agent&agent=O", ["bob", "carol"]),
        ("?agent=nobody", []),
    ],
)
def test_the_board_is_sorted_and_filtered_by_its_address(hub: RunningHub, token: str, query: str, agents: list[str]):
    page = hub.get(f"/{query}")

    assert page.status_code == 200
    assert agents_on(page.text) == agents
    assert ("of 3 agents" in page.text) == (len(agents) < 3)
    assert "<script" not in page.text


def test_what_was_asked_for_is_in_the_form_as_text(hub: RunningHub, token: str):
    page = hub.get("/", params={"sort": "agent", "agent": '"><script>'}).text

    assert '<option value="agent" selected>' in page
    assert "&#34;&gt;&lt;script&gt;" in page
    assert "<script" not in page
