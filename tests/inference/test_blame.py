"""A void takes a failure of the gateway's own request: what only an agent's request meets is the agent's."""

import gzip
import json
import threading
import time
import zlib
from collections import deque
from pathlib import Path

import pytest
from inference.server import Handler, Server, answer, completion, dribble, half_a_json, hang, held, status
from inference.sessions import HELLO, ask, gateway_to, send, session_of, told, usage_of

from bitsec_eval.core.errors import InferenceError
from bitsec_eval.inference.limits import RunLimits
from bitsec_eval.inference.prices import Price
from bitsec_eval.inference.retry import RetryPolicy


def raw(code: int, body: bytes, **headers: str):
    """Answer with bytes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler, request: handler.send_bytes(code, body, headers=named)


def content(**more) -> dict:
    return {**completion(), **more}


def choice(**more) -> dict:
    return content(choices=[{**completion()["choices"][0], **more}])


def as_json(told: object):
    return lambda handler, request: handler.send_json(200, told)


WHOLE = json.dumps(completion()).encode()
EVENTS = b'data: {"choices": [{"delta": {"content": "hi"}}]}\n\ndata: [DONE]\n\n'


# -- what only one request meets


@pytest.mark.parametrize(
    ("trouble", "heard"),
    [
        (status(400, "no"), 400),
        (status(401, "no"), 400),
        (status(402, "no"), 400),
        (status(403, "flagged"), 403),
        (status(404, "no endpoint takes tools"), 404),
        (status(413, "no"), 413),
        (status(422, "no"), 422),
        (status(429, "no"), 429),
        (status(500, "tool without a function"), 502),
        (status(503, "no"), 502),
        (status(301, "no"), 400),
        (status(200, "in a 200"), 502),
        (as_json({"error": {"code": 404, "message": "no endpoint"}}), 404),
        (as_json({"error": "just words"}), 502),
        (as_json(choice(finish_reason="error")), 502),
        (as_json(choice(error={"code": 403, "message": "moderated"})), 403),
        (as_json(choice(message=None)), 502),
        (as_json(content(choices=[])), 502),
        (as_json(content(choices=None)), 502),
        (raw(204, b""), 502),
        (raw(200, b""), 502),
        (raw(200, b"<html>Log in</html>", Content_Type="text/html"), 502),
        (raw(200, EVENTS, Content_Type="text/event-stream"), 502),
        (raw(200, b"\xff\xfe\x00"), 502),
        (raw(200, b"[" * 100_000), 502),
        (raw(200, WHOLE, Content_Encoding="br"), 502),
        (raw(200, WHOLE, Content_Encoding="gzip"), 502),
        (half_a_json, 502),
    ],
)
def test_what_a_request_alone_meets_is_an_error_to_its_agent_and_no_void(
    upstream: Server, tmp_path: Path, trouble, heard: int
):
    upstream.otherwise = trouble
    with gateway_to(upstream.url, tmp_path) as gateway:
        line = session_of(gateway)
        reply = ask(line)

        assert reply.status == heard
        assert reply.headers["x-should-retry"] == "false"
        assert told(reply)["error"]["code"] == "refused_by_provider"
        assert line.failure is None
        assert line.settled().calls in (1, len(upstream.requests)), "each try that may have been billed is charged"
    assert len(upstream.plain_requests) <= 3


def test_no_clock_stands_still_for_a_request_that_was_to_blame(upstream: Server, tmp_path: Path):
    upstream.otherwise = status(500)
    with gateway_to(upstream.url, tmp_path, retry=RetryPolicy(tries=3, pause_seconds=0.3)) as gateway:
        line = session_of(gateway)
        ask(line)

        assert line.excluded_seconds < 0.1


def test_a_clock_stands_still_while_nobody_knows_yet(upstream: Server, tmp_path: Path):
    release = threading.Event()
    upstream.otherwise = status(500)
    upstream.known_good.append(held(release))
    with gateway_to(upstream.url, tmp_path) as gateway:
        line = session_of(gateway)
        there, _ = send(line)
        upstream.wait_for(3)
        time.sleep(0.3)

        assert line.excluded_seconds > 0.2
        release.set()
        there.wait(10)
        assert line.excluded_seconds < 0.1


def test_what_others_meanwhile_get_is_proof_enough(upstream: Server, tmp_path: Path):
    release = threading.Event()
    upstream.script(held(release, status(404)))
    with gateway_to(upstream.url, tmp_path) as gateway:
        line, other = session_of(gateway, "a"), session_of(gateway, "b")
        there, replies = send(line)
        upstream.wait_for(1)
        assert ask(other).status == 200
        release.set()
        there.wait(10)

        assert replies[0].status == 404
        assert len(upstream.plain_requests) == 1


def test_what_succeeded_before_proves_nothing_of_an_outage(upstream: Server, tmp_path: Path):
    with gateway_to(upstream.url, tmp_path) as gateway:
        line = session_of(gateway)
        assert ask(line).status == 200
        upstream.is_down(status(500, "down")).known_good.popleft()
        ask(line)

        with pytest.raises(InferenceError, match=r"plain request either \(status 500: down\)"):
            line.settled()


def test_a_void_tells_nothing_that_an_agent_wrote(upstream: Server, tmp_path: Path):
    def echo(handler: Handler, request: dict) -> None:
        handler.send_json(500, {"error": {"message": f"cannot: {request['messages'][-1]['content']}"}})

    upstream.is_down(echo)
    with gateway_to(upstream.url, tmp_path) as gateway:
        line = session_of(gateway)
        ask(line, {"messages": [{"role": "user", "content": "hidden-input"}]})

        assert "hidden-input" not in str(line.failure)
        assert "Reply with the word OK" in str(line.failure)


# -- time


def test_a_completion_that_takes_too_long_is_the_requests_while_others_come(upstream: Server, tmp_path: Path):
    upstream.otherwise = hang()
    with gateway_to(upstream.url, tmp_path, try_seconds=0.4) as gateway:
        line = session_of(gateway)
        reply = ask(line)

        assert (reply.status, told(reply)["error"]["code"]) == (504, "llm_timeout")
        assert line.settled().calls == 2
        assert line.excluded_seconds < 0.1
        assert usage_of(line)["completion_tokens"] == 2 * HELLO["max_tokens"]
    assert len(upstream.requests) == 2


def test_one_answer_that_never_comes_is_asked_for_again(upstream: Server, tmp_path: Path):
    upstream.script(hang(), answer("second time"))
    with gateway_to(upstream.url, tmp_path, try_seconds=0.4) as gateway:
        line = session_of(gateway)

        assert told(ask(line))["choices"][0]["message"]["content"] == "second time"
        assert line.excluded_seconds >= 0.4


def test_a_phase_that_ends_while_only_its_request_hangs_is_no_void(upstream: Server, tmp_path: Path):
    upstream.otherwise = dribble(20)
    with gateway_to(upstream.url, tmp_path, try_seconds=0.5) as gateway:
        line = session_of(gateway)
        send(line)
        upstream.wait_for(1)
        line.close()

        assert line.settled().calls == 1


def test_a_rate_limit_that_agents_used_up_is_waited_for_and_no_void(upstream: Server, tmp_path: Path):
    upstream.otherwise = status(429)
    upstream.known_good.extend([status(429, Retry_After="0.1"), answer("OK")])
    with gateway_to(upstream.url, tmp_path) as gateway:
        line = session_of(gateway)

        assert ask(line).status == 429
        line.settled()


def by_the_window(requests: int, seconds: float, calls: list[float]):
    """Complete so many requests in any so many seconds, the gateway's own among them, and refuse the rest."""
    lock = threading.Lock()

    def step(handler: Handler, request: dict) -> None:
        with lock:
            now = time.monotonic()
            is_within = len([each for each in calls if now - each < seconds]) < requests
            if is_within:
                calls.append(now)
        (answer() if is_within else status(429, "too many requests"))(handler, request)

    return step


def test_an_agent_that_uses_up_the_rate_voids_neither_others_runs_nor_its_own(upstream: Server, tmp_path: Path):
    upstream.otherwise = step = by_the_window(4, 1.5, [])
    upstream.known_good = deque([answer("OK"), step])
    policy = RetryPolicy(tries=2, pause_seconds=0.05, rate_limit_seconds=20)
    with gateway_to(upstream.url, tmp_path, retry=policy) as gateway:
        flooding, honest = session_of(gateway, "flooding"), session_of(gateway, "honest")
        flood = [send(flooding) for _ in range(12)]
        upstream.wait_for(6)

        assert ask(honest).status == 200
        assert all(there.wait(20) for there, _ in flood)
        assert {replies[0].status for _, replies in flood} == {200}
        assert (honest.settled().calls, flooding.settled().calls) == (1, 12)


# -- what the operator has to mend


def test_a_model_that_does_not_answer_is_told_before_the_first_run(upstream: Server, tmp_path: Path):
    upstream.known_good[0] = status(400, "this key is not in the database")
    with gateway_to(upstream.url, tmp_path) as gateway, pytest.raises(InferenceError) as raised:
        gateway.backend.check()

    assert str(raised.value) == (
        f"the LLM small at {upstream.url} does not answer a plain request (status 400: this key is not in the"
        " database); check BITSEC_LLM_API_KEY, --bitsec-llm-models and --bitsec-llm-base-url"
    )


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (raw(200, b"<html>Log in</html>", Content_Type="text/html"), "(status 200, text/html): <html>Log in</html>"),
        (raw(204, b""), "an answer that is no chat completion (status 204"),
        (raw(200, EVENTS, Content_Type="text/event-stream"), "(status 200, text/event-stream): data:"),
    ],
)
def test_another_servers_page_is_told_with_the_address(upstream: Server, tmp_path: Path, step, words: str):
    upstream.known_good[0] = step
    with gateway_to(upstream.url, tmp_path) as gateway, pytest.raises(InferenceError) as raised:
        gateway.backend.check()

    assert words in str(raised.value)
    assert upstream.url in str(raised.value)
    assert "is an OpenAI-compatible API, which usually ends in /v1" in str(raised.value)


@pytest.mark.parametrize("error", [{"code": "insufficient_quota"}, {"type": "insufficient_quota"}])
def test_an_account_without_credit_is_not_asked_again(upstream: Server, tmp_path: Path, error: dict):
    upstream.known_good[0] = lambda handler, request: handler.send_json(
        429, {"error": {"message": "you exceeded your quota", **error}}
    )
    with gateway_to(upstream.url, tmp_path) as gateway, pytest.raises(InferenceError, match="the account's credit"):
        gateway.backend.check()
    assert len(upstream.plain_requests) == 1


def only_new_field(handler: Handler, request: dict) -> None:
    if "max_tokens" in request:
        handler.send_json(400, {"error": {"message": "use 'max_completion_tokens' instead"}})
    else:
        handler.send_json(200, completion())


def context_of(tokens: int):
    """Refuse what is longer than a context, of which the prompt takes a token for each 4 characters."""

    def step(handler: Handler, request: dict) -> None:
        limit = request.get("max_tokens") or request["max_completion_tokens"]
        needed = limit + sum(len(message["content"]) for message in request["messages"]) // 4
        if needed > tokens:
            words = f"This model's maximum context length is {tokens} tokens; you requested {needed}"
            handler.send_json(400, {"error": {"message": words}})
        else:
            handler.send_json(200, completion())

    return step


def test_the_name_of_the_limit_is_the_providers(upstream: Server, tmp_path: Path):
    upstream.otherwise = upstream.known_good[0] = only_new_field
    with gateway_to(upstream.url, tmp_path) as gateway:
        line = session_of(gateway)
        assert [ask(line, {**HELLO, name: 7}).status for name in ("max_tokens", "max_completion_tokens")] == [
            200,
            200,
        ]

    assert [request["max_completion_tokens"] for request in upstream.requests] == [7, 7]


def test_a_limit_of_ours_is_lowered_to_what_the_context_holds(upstream: Server, tmp_path: Path):
    upstream.otherwise = upstream.known_good[0] = context_of(4096)
    with gateway_to(upstream.url, tmp_path) as gateway:
        line = session_of(gateway)
        asked = {"messages": [{"role": "user", "content": "x" * 12_000}]}
        assert ask(line, asked).status == 200
        assert line.settled().calls == 1

    assert [request["max_tokens"] for request in upstream.requests] == [2048, 512]


def test_a_limit_of_the_agents_is_never_lowered_for_the_provider(upstream: Server, tmp_path: Path):
    upstream.otherwise = upstream.known_good[0] = context_of(4096)
    with gateway_to(upstream.url, tmp_path) as gateway:
        line = session_of(gateway)
        assert ask(line, {**HELLO, "max_tokens": 5000}).status == 400
        line.settled()


# -- what a provider's bodies and headers may look like


@pytest.mark.parametrize(
    "step",
    [
        raw(201, WHOLE),
        raw(200, b"\xef\xbb\xbf" + WHOLE),
        raw(200, WHOLE, Content_Encoding="Identity"),
        raw(200, gzip.compress(WHOLE), Content_Encoding="gzip"),
        raw(200, gzip.compress(WHOLE), Content_Encoding="X-GZip"),
        raw(200, zlib.compress(WHOLE), Content_Encoding="deflate"),
        as_json(content(error=None)),
        as_json(
            choice(finish_reason=None, message={"role": "assistant", "content": [{"type": "text", "text": "hello"}]})
        ),
    ],
)
def test_an_odd_form_of_a_completion_is_one(upstream: Server, tmp_path: Path, step):
    upstream.script(step)
    with gateway_to(upstream.url, tmp_path) as gateway:
        reply = ask(session_of(gateway))

    assert told(reply)["choices"][0]["message"]["content"] == "hello"
    assert len(upstream.requests) == 1


def test_what_is_unpacked_is_bounded(upstream: Server, tmp_path: Path):
    upstream.otherwise = raw(200, gzip.compress(b" " * (64 << 20)), Content_Encoding="gzip")
    with gateway_to(upstream.url, tmp_path) as gateway:
        reply = ask(session_of(gateway))

    assert (reply.status, told(reply)["error"]["code"]) == (400, "response_too_large")


def test_nothing_but_text_and_counts_of_a_providers_answer_reaches_an_agent(upstream: Server, tmp_path: Path):
    usage = {
        "prompt_tokens": 2000,
        "completion_tokens": 5,
        "total_tokens": 2005,
        "prompt_tokens_details": {"cached_tokens": 1920},
        "cost": 0.001,
        "queue_time": 0.7,
    }
    upstream.otherwise = as_json(
        content(usage=usage, system_fingerprint="fp_1", provider="X", id="gen-77", model="y-0613")
    )
    with gateway_to(
        upstream.url, tmp_path, prices={"small": Price(prompt=100, completion=100, cached=10)}
    ) as gateway:
        line = session_of(gateway)
        replies = [ask(line), ask(line, {"model": "small", **HELLO}, "/inference")]
        spent, paid = usage_of(line), line.settled().cost

    for reply in replies:
        assert told(reply)["usage"] == {"prompt_tokens": 2000, "completion_tokens": 5, "total_tokens": 2005}
        assert not [word for word in (b"1920", b"fp_1", b"gen-77", b"0613", b"queue", b"cost") if word in reply.body]
    assert spent["cost"] == 2 * 2005 * 100 / 10**12, "what is left of the budget would tell of a cache"
    assert paid == pytest.approx(2 * (80 * 100 + 1920 * 10 + 5 * 100) / 10**12)


@pytest.mark.parametrize("key", ["EMPTY", "ollama", "x", "hello", "sk-no-key"])
def test_a_key_that_is_a_word_changes_no_answer(upstream: Server, tmp_path: Path, key: str):
    text = f'{key} = "EMPTY ollama x hello sk-no-key"'
    upstream.script(answer(text))
    with gateway_to(upstream.url, tmp_path, key=key) as gateway:
        assert told(ask(session_of(gateway)))["choices"][0]["message"]["content"] == text


def test_a_limit_on_the_answers_bytes_is_the_requests(upstream: Server, tmp_path: Path):
    upstream.otherwise = answer("x" * 5000)
    with gateway_to(upstream.url, tmp_path, run=RunLimits(models=("small",), response_bytes=1000)) as gateway:
        upstream.known_good[0] = answer("OK")
        reply = ask(session_of(gateway))

    assert told(reply)["error"]["code"] == "response_too_large"
