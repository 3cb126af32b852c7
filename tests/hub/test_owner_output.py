"""What an agent printed is shown to whoever holds its token, and only where it tells nothing of the answer."""

import json

import pytest

from tests.hub.conftest import RunningHub, StartHub, agent
from tests.junit_files import JunitFile

ANSWER = "the answer is 42"


def evaluated(hub: RunningHub, miner_id: str, *, kind: str = "code", private: bool = True, **told: object) -> str:
    """Upload an agent, publish a result of it with what it printed, and return its token."""
    token = hub.upload(miner_id, agent(sum(map(ord, miner_id)))).json()["token"]
    sha = hub.get(f"/agents/{miner_id}").json()["versions"][0]["sha256"]
    file = JunitFile(evaluation=miner_id).run(miner_id, "demo/one", ["failed"], sha=sha)
    file.tasks["demo/one"]["kind"] = kind
    hub.results.mkdir(exist_ok=True)
    (hub.results / f"{miner_id}.xml").write_bytes(file.text)
    folder = hub.results / "private" if private else hub.results
    kept = folder / "runs" / miner_id / "demo__one.json"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps({"evaluation": miner_id, "stdout": ANSWER, "stderr": "a note", **told}))
    return token


def output(hub: RunningHub, miner_id: str, token: str | None):
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return hub.get(f"/agents/{miner_id}/output", headers=headers)


@pytest.mark.parametrize("private", [True, False])
@pytest.mark.parametrize("kind", ["code", "answer"])
def test_the_owner_reads_both_streams(hub: RunningHub, kind: str, private: bool):
    token = evaluated(hub, f"owner-{kind}-{private}".lower(), kind=kind, private=private, ending="exited")

    [run] = output(hub, f"owner-{kind}-{private}".lower(), token).json()

    assert run == {
        "task": "demo/one",
        "number": 1,
        "shown": True,
        "ending": "exited",
        "reason": "",
        "stdout": ANSWER,
        "stderr": "a note",
    }


def test_nobody_else_reads_them_anywhere(hub: RunningHub):
    evaluated(hub, "victim")
    other = evaluated(hub, "thief")

    refused = [output(hub, "victim", token) for token in (None, other, "x" * 43)]

    assert [(answer.status_code, answer.json()["reason"]) for answer in refused] == [
        (401, "token_missing"),
        (403, "token_wrong"),
        (403, "token_wrong"),
    ]
    assert "shown to its owner only" in refused[0].json()["sentence"]
    assert refused[0].headers["www-authenticate"] == "Bearer"
    for path in ("/agents/victim", "/miners/victim", "/agents", "/leaderboard", "/"):
        assert ANSWER not in hub.get(path).text


@pytest.mark.parametrize("kind", ["findings", "patch", "exploit", "", "another"])
def test_of_a_task_that_hides_something_not_even_the_owner_reads_them(hub: RunningHub, kind: str):
    name = f"hidden-{kind or 'none'}"
    token = evaluated(hub, name, kind=kind, ending="exited", reason=ANSWER)

    [run] = output(hub, name, token).json()

    assert (run["shown"], run["stdout"], run["stderr"], run["reason"], run["ending"]) == (False, "", "", "", None)


def test_the_twins_streams_are_in_no_answer(hub: RunningHub):
    token = evaluated(hub, "twinned", twin={"stdout": "of the twin"})

    assert "of the twin" not in output(hub, "twinned", token).text


def test_a_version_that_was_not_uploaded_here_is_nobodys(hub: RunningHub):
    token = evaluated(hub, "elsewhere")
    text = (hub.results / "elsewhere.xml").read_text()
    sha = hub.get("/agents/elsewhere").json()["versions"][0]["sha256"]
    (hub.results / "elsewhere.xml").write_text(text.replace(sha, "0" * 64))

    assert output(hub, "elsewhere", token).json() == []


def test_whoever_guesses_is_slowed_down(start_hub: StartHub):
    hub = start_hub("--wrong-tokens-per-minute", "2")
    token = evaluated(hub, "guessed")

    statuses = [output(hub, "guessed", "x" * 43).status_code for _ in range(3)]

    assert statuses == [403, 403, 429]
    assert output(hub, "guessed", token).status_code == 429


def test_where_answers_are_published_everybody_reads_them(hub: RunningHub):
    evaluated(hub, "open-book", private=False, published=True)

    assert ANSWER in hub.get("/miners/open-book").text
