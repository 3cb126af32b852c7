"""Whoever uploads a miner id first owns it; nobody else changes it, guesses its token or learns which ids exist."""

import statistics
import time

import pytest

from bitsec_eval.hub.uploads.rate_limit import RateLimit
from bitsec_eval.hub.uploads.tokens import new_token, owns, token_hash
from tests.hub.conftest import RunningHub, StartHub, agent


def test_another_miner_cannot_overwrite_an_agent(hub: RunningHub):
    hub.upload("victim", agent(1))
    thief = hub.upload("thief", agent(2)).json()["token"]
    before = {path: path.read_bytes() for path in hub.agents.rglob("victim*") if path.is_file()}

    without, with_another = hub.upload("victim", agent(3)), hub.upload("victim", agent(3), token=thief)

    assert (without.status_code, without.json()["reason"]) == (401, "token_missing")
    assert without.headers["www-authenticate"] == "Bearer"
    assert (with_another.status_code, with_another.json()["reason"]) == (403, "token_wrong")
    assert {path: path.read_bytes() for path in hub.agents.rglob("victim*") if path.is_file()} == before


def test_a_token_may_come_in_the_form_as_a_browser_sends_it(hub: RunningHub):
    token = hub.upload("browser", agent(1)).json()["token"]

    assert hub.upload("browser", agent(2), data_token="").status_code == 422
    assert (
        hub.post(data={"miner_id": "browser", "token": token}, files={"agent": ("a.py", agent(2))}).json()["version"]
        == 2
    )


def test_a_token_for_an_unknown_id_is_as_wrong_as_any_other(hub: RunningHub):
    hub.upload("known", agent(1))

    known, unknown = (hub.upload(name, agent(2), token="x" * 43) for name in ("known", "unknown"))

    assert known.status_code == unknown.status_code == 403
    assert known.content == unknown.content
    assert not list(hub.agents.rglob("unknown*"))


def test_a_client_may_choose_its_token_and_ask_again_when_the_first_answer_was_lost(hub: RunningHub):
    chosen = new_token()

    first = hub.upload("chosen", agent(1), new_token=chosen)
    again = hub.upload("chosen", agent(1), new_token=chosen)

    assert (first.status_code, first.json()["token"]) == (201, chosen)
    assert (again.status_code, again.json()["status"]) == (200, "unchanged")
    assert hub.upload("chosen", agent(2), token=chosen).json()["version"] == 2
    assert hub.upload("chosen", agent(3), new_token=new_token()).status_code == 403


@pytest.mark.parametrize("weak", ["password", "x" * 31, "x" * 129, "ä" * 40, " " * 40])
def test_a_weak_token_of_ones_own_is_refused(hub: RunningHub, weak):
    answer = hub.upload("weak", agent(1), new_token=weak)

    assert (answer.status_code, answer.json()["reason"]) == (422, "weak_token")


def test_the_operator_releases_an_id_by_removing_its_token(hub: RunningHub):
    old = hub.upload("lost", agent(1)).json()["token"]
    (hub.agents / ".tokens" / "lost.token").unlink()

    assert hub.upload("lost", agent(2), token=old).status_code == 403
    answer = hub.upload("lost", agent(2)).json()
    assert answer["version"] == 2
    assert answer["token"] not in (None, old)


def test_who_guesses_is_slowed_down_and_the_owner_elsewhere_is_not(start_hub: StartHub):
    hub = start_hub("--proxy", "127.0.0.1")
    token = hub.upload("guessed", agent(1)).json()["token"]

    answers = [hub.upload("guessed", agent(2), token=f"{n:043}") for n in range(8)]
    form = {"data": {"miner_id": "guessed"}, "files": {"agent": ("a.py", agent(2))}}
    owner = {"authorization": f"Bearer {token}", "x-forwarded-for": "192.0.2.7"}

    assert [answer.status_code for answer in answers] == [403] * 5 + [429] * 3
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60
    assert hub.upload("guessed", agent(2), token=token).status_code == 429
    assert hub.post(**form, headers=owner).status_code == 201


def test_a_limit_opens_again_when_its_minute_is_over():
    now = [0.0]
    limit = RateLimit(2, lambda: now[0])
    limit.count("a")
    now[0] = 30.0
    limit.count("a", "b")

    assert (limit.wait_seconds("a"), limit.wait_seconds("b"), limit.wait_seconds("b", "a")) == (30, 0, 30)
    now[0] = 60.0
    assert limit.wait_seconds("a") == 0


def test_a_limit_forgets_who_is_gone():
    now = [0.0]
    limit = RateLimit(2, lambda: now[0])
    for key in range(20_000):
        limit.count(key)
    now[0] = 61.0
    limit.count("last")

    assert len(limit._events) == 1


def test_only_a_hash_is_stored_and_comparing_takes_no_hint():
    token = new_token()
    stored = token_hash(token)

    assert token not in stored
    assert owns(token, stored)
    assert not owns(token[:-1], stored)
    assert not owns(token, None)
    assert not owns("\ud800", stored)


def test_a_nearly_right_token_takes_no_longer_than_a_wrong_one():
    token = new_token()
    stored = token_hash(token)

    guesses = {"nearly": token[:-1] + "-", "wrong": "-" * len(token)}
    spans: dict[str, list[float]] = {name: [] for name in guesses}
    for _ in range(2000):  # one after the other, so that whatever slows the machine slows both
        for name, guess in guesses.items():
            begun = time.perf_counter()
            owns(guess, stored)
            spans[name].append(time.perf_counter() - begun)

    assert statistics.median(spans["nearly"]) / statistics.median(spans["wrong"]) == pytest.approx(1, abs=0.5)
