"""A run can be evaluated again from its recording, bit for bit, and what is not in it is named."""

import json
import threading
import time
from pathlib import Path

import pytest
from inference.server import Server, answer, held, status
from inference.sessions import CHAT, HELLO, ask, gateway_to, send, session_of, told

from bitsec_eval.core.errors import InferenceError
from bitsec_eval.inference.cassette import keep_seed, kept_seed
from bitsec_eval.inference.gateway import SessionKey, replaying_gateway

TASK = "suite/task"
OTHER = {"messages": [{"role": "user", "content": "other"}]}


def recorded(upstream: Server, folder: Path, *questions, **limits) -> list:
    """Ask over a line that is recorded, and return the replies."""
    with gateway_to(upstream.url, folder, recordings=folder / "llm") as gateway:
        line = session_of(gateway, "me", TASK, **limits)
        replies = [ask(line, *question) for question in questions]
        line.close()
        return [*replies, line.settled()]


def replayed(folder: Path, *questions) -> list:
    with replaying_gateway(folder / "llm") as gateway:
        line = session_of(gateway, "me", TASK)
        replies = [ask(line, *question) for question in questions]
        line.close()
        return [*replies, line.settled()]


def test_a_replay_is_the_recording_bit_for_bit(upstream: Server, tmp_path: Path):
    upstream.script(answer("one"), answer("two"), status(400, "bad"), answer("\u4e2d\ud83d\ude00 \x1b[31m"))
    questions = [
        (HELLO,),
        (HELLO,),
        (OTHER,),
        ({**HELLO, "stream": True},),
        (HELLO,),
        (HELLO, "/inference"),
        (None, "/v1/models", "GET"),
        (None, "/v1/usage", "GET"),
        (b"\xff\x00 no json",),
        (None, "/nothing", "PUT"),
    ]

    before = recorded(upstream, tmp_path, *questions, calls=5)

    assert [reply.status for reply in before[:-1]] == [200, 200, 400, 200, 200, 429, 200, 200, 400, 404]
    assert replayed(tmp_path, *questions) == before


def test_a_replay_needs_neither_order_nor_a_provider(upstream: Server, tmp_path: Path):
    upstream.script(answer("first"), answer("second"), answer("third"))
    before = recorded(upstream, tmp_path, (HELLO,), (OTHER,), (HELLO,))

    first, again, other, _ = replayed(tmp_path, (HELLO,), (HELLO,), (OTHER,))
    assert (first, again, other) == (before[0], before[2], before[1])


def test_what_was_not_recorded_is_named_and_makes_the_run_void(upstream: Server, tmp_path: Path):
    recorded(upstream, tmp_path, (HELLO,))
    with replaying_gateway(tmp_path / "llm") as gateway:
        line = session_of(gateway, "me", TASK)
        ask(line)

        assert ask(line, OTHER).status == 503
        with pytest.raises(InferenceError) as void:
            line.settled()
    assert str(void.value).startswith(f"no recording of question 2, POST {CHAT} (sha256 ")
    assert str(void.value).endswith(
        f"52 bytes) in {tmp_path}/llm/me/suite__task.jsonl; record again with --bitsec-llm=record"
    )


def test_the_runs_own_key_is_blotted_out_and_the_new_one_stands_in(upstream: Server, tmp_path: Path):
    upstream.otherwise = lambda handler, request: answer(request["messages"][0]["content"])(handler, request)

    def with_key(gateway) -> tuple[str, str]:
        line = session_of(gateway, "me", TASK)
        key = line.environment["OPENAI_API_KEY"]
        reply = ask(line, {"messages": [{"role": "user", "content": f"my key is {key}"}]})
        return key, told(reply).get("choices", [{}])[0]["message"]["content"]

    with gateway_to(upstream.url, tmp_path, recordings=tmp_path / "llm") as gateway:
        key, said = with_key(gateway)
    with replaying_gateway(tmp_path / "llm") as gateway:
        other, said_again = with_key(gateway)

    assert (said, said_again) == (f"my key is {key}", f"my key is {other}")
    assert key not in (tmp_path / "llm/me/suite__task.jsonl").read_text()


def test_a_question_without_an_answer_stays_without_one(upstream: Server, tmp_path: Path):
    release = threading.Event()
    upstream.otherwise = held(release)
    with gateway_to(upstream.url, tmp_path, recordings=tmp_path / "llm") as gateway:
        line = session_of(gateway, "me", TASK)
        for _ in range(10):  # two more than go out at once
            send(line)
        upstream.wait_for(8)
        line.close()
        release.set()
        spent = line.settled()
    with replaying_gateway(tmp_path / "llm") as gateway:
        line = session_of(gateway, "me", TASK)
        waiting = [send(line) for _ in range(10)]
        time.sleep(0.2)
        line.close()

        assert not any(there.is_set() for there, _ in waiting)
        assert line.settled() == spent
        assert spent.calls == 8


def test_a_run_that_asks_nothing_needs_no_recording(tmp_path: Path):
    assert replayed(tmp_path)[0].calls == 0


def test_a_recording_that_was_cut_short_is_our_failure(upstream: Server, tmp_path: Path):
    recorded(upstream, tmp_path, (HELLO,))
    path = tmp_path / "llm/me/suite__task.jsonl"
    path.write_text(path.read_text()[:-20])

    with pytest.raises(InferenceError, match="cannot be read .*record it again"):
        replayed(tmp_path, (HELLO,))


def test_a_recording_is_lines_of_plain_json(upstream: Server, tmp_path: Path):
    upstream.script(answer("\x1b[31m\u202e"))
    recorded(upstream, tmp_path, (HELLO,))

    offer, exchange = (tmp_path / "llm/me/suite__task.jsonl").read_bytes().splitlines()
    assert json.loads(offer) == {"offer": {"models": ["small"], "request_bytes": 1 << 20}}
    assert exchange.isascii()
    assert not any(byte < 32 for byte in exchange)
    assert json.loads(exchange)["spent"]["prompt_tokens"] == 10


def test_a_recording_begins_anew(upstream: Server, tmp_path: Path):
    recorded(upstream, tmp_path, (HELLO,))
    recorded(upstream, tmp_path, (HELLO,))

    assert len((tmp_path / "llm/me/suite__task.jsonl").read_text().splitlines()) == 2


def test_the_twin_has_a_recording_of_its_own():
    assert SessionKey(agent="me", task="a/b").file == Path("me/a__b.jsonl")
    assert SessionKey(agent="me", task="a/b", part=1).file == Path("me/a__b.twin.jsonl")


def test_the_seed_is_kept_with_the_recordings(tmp_path: Path):
    assert kept_seed(tmp_path / "llm") is None
    keep_seed(tmp_path / "llm", 7)

    assert kept_seed(tmp_path / "llm") == 7
