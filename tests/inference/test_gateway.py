"""Between an agent and a provider: budgets that cannot be raced, patience, blame, and a key nobody sees."""

import json
import logging
import threading
import time
from pathlib import Path

import pytest
from inference.server import Server, answer, completion, cut_off, dribble, half_a_json, hang, held, slow, status
from inference.sessions import CANARY, CHAT, HELLO, QUICK, ask, gateway_to, send, session_of, told, usage_of

from bitsec_eval.core.errors import InferenceError, SettingsError
from bitsec_eval.core.usage import Usage
from bitsec_eval.inference.limits import RunLimits, TotalLimits
from bitsec_eval.inference.prices import Price
from bitsec_eval.inference.provider.settings import Provider
from bitsec_eval.inference.retry import RetryPolicy

PLENTY = {"calls": 10**6, "prompt_tokens": 10**9, "completion_tokens": 10**9}


def error_of(reply) -> dict:
    return told(reply)["error"]


def without_ids(content: dict) -> dict:
    choice = {name: value for name, value in content["choices"][0].items() if value is not None}
    return {**content, "id": None, "created": None, "choices": [choice]}


# -- what an agent gets


def test_a_completion_says_what_the_provider_said(upstream: Server, tmp_path: Path):
    calls = [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}]
    upstream.script(answer(None, tool_calls=calls))
    with gateway_to(upstream.url, tmp_path) as gateway:
        reply = ask(session_of(gateway))

    assert reply.status == 200
    assert without_ids(told(reply)) == without_ids(completion(None, tool_calls=calls))


def test_a_stream_is_well_formed_events(upstream: Server, tmp_path: Path):
    calls = [{"id": f"c{n}", "type": "function", "function": {"name": "look", "arguments": "{}"}} for n in (0, 1)]
    upstream.script(answer("first\nsecond", tool_calls=calls))
    with gateway_to(upstream.url, tmp_path) as gateway:
        reply = ask(session_of(gateway), {**HELLO, "stream": True, "stream_options": {"include_usage": True}})

    assert reply.headers["Content-Type"].startswith("text/event-stream")
    *events, done, rest = reply.body.decode().split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    chunks = [json.loads(event.removeprefix("data: ")) for event in events]
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    first, last, usage = chunks
    assert first["choices"][0]["delta"]["content"] == "first\nsecond"
    assert [call["index"] for call in first["choices"][0]["delta"]["tool_calls"]] == [0, 1]
    assert last["choices"][0] == {"index": 0, "delta": {}, "logprobs": None, "finish_reason": "tool_calls"}
    assert (usage["choices"], usage["usage"]["total_tokens"]) == ([], 15)
    assert not upstream.requests[0]["stream"]


def test_bitsecs_own_form_is_answered_in_both_of_its_versions(upstream: Server, tmp_path: Path):
    with gateway_to(upstream.url, tmp_path) as gateway:
        reply = told(ask(session_of(gateway), {"model": "small", **HELLO}, "/inference"))

    assert {name: reply[name] for name in ("content", "role", "input_tokens", "output_tokens")} == {
        "content": "hello",
        "role": "assistant",
        "input_tokens": 10,
        "output_tokens": 5,
    }
    assert reply["choices"][0]["message"]["content"] == "hello"
    assert reply["usage"]["prompt_tokens"] == 10


def test_models_and_usage_are_told_for_nothing(upstream: Server, tmp_path: Path):
    with gateway_to(upstream.url, tmp_path, run=RunLimits(models=("small", "org/large"), calls=7)) as gateway:
        line = session_of(gateway)
        ask(line)

        assert [model["id"] for model in told(ask(line, None, "/v1/models", "GET"))["data"]] == ["small", "org/large"]
        assert told(ask(line, None, "/v1/models/org/large", "GET"))["id"] == "org/large"
        usage = told(ask(line, None, "/v1/usage?now=1", "GET"))
        assert (usage["spent"]["calls"], usage["left"]["calls"], usage["limits"]["calls"]) == (1, 6, 7)
        assert len(upstream.requests) == 1


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [("GET", "/", 404), ("POST", "/v1/embeddings", 404), ("GET", CHAT, 405), ("DELETE", "/v1/models", 405)],
)
def test_other_addresses_are_refused_in_openais_form(
    upstream: Server, tmp_path: Path, method: str, path: str, code: int
):
    with gateway_to(upstream.url, tmp_path) as gateway:
        reply = ask(session_of(gateway), None, path, method)

    assert reply.status == code
    assert set(error_of(reply)) == {"message", "type", "param", "code"}


def test_a_request_the_provider_refuses_is_the_agents(upstream: Server, tmp_path: Path):
    upstream.script(status(400, "tools[0] is wrong"), status(422, "no"))
    with gateway_to(upstream.url, tmp_path) as gateway:
        line = session_of(gateway)
        first, second = ask(line), ask(line)

        assert (first.status, second.status) == (400, 422)
        assert "tools[0] is wrong" in error_of(first)["message"]
        assert line.settled() == Usage(calls=2, waiting_seconds=line.settled().waiting_seconds)


# -- budgets


def test_200_calls_at_once_in_50_rounds_never_exceed_a_runs_budget(upstream: Server, tmp_path: Path):
    upstream.otherwise = answer(completion_tokens=100)
    run = RunLimits(**{**PLENTY, "completion_tokens": 2050}, models=("small",))
    with gateway_to(upstream.url, tmp_path, run=run, total=TotalLimits(**PLENTY)) as gateway:
        for _ in range(50):
            before, line = len(upstream.requests), session_of(gateway)
            replies = [send(line) for _ in range(200)]
            for there, _ in replies:
                assert there.wait(30)

            billed = 100 * (len(upstream.requests) - before)
            assert billed == usage_of(line)["completion_tokens"] == 2000
            assert sorted({reply.status for _, got in replies for reply in got}) == [200, 429]


def test_200_calls_of_25_runs_at_once_never_exceed_the_evaluations_budget(upstream: Server, tmp_path: Path):
    upstream.otherwise = answer(prompt_tokens=900, completion_tokens=100)
    total = TotalLimits(**{**PLENTY, "completion_tokens": 9_950})
    with gateway_to(upstream.url, tmp_path, run=RunLimits(**PLENTY, models=("small",)), total=total) as gateway:
        lines = [session_of(gateway, f"a{n}") for n in range(25)]
        replies = [send(line) for line in lines for _ in range(8)]
        for there, _ in replies:
            assert there.wait(30)

    assert 100 * len(upstream.requests) <= 9_950
    assert len(upstream.requests) > 50


def test_over_its_budget_a_run_hears_429_and_goes_on(upstream: Server, tmp_path: Path):
    with gateway_to(upstream.url, tmp_path) as gateway:
        line = session_of(gateway, calls=1)
        ask(line)
        reply = ask(line)

        assert reply.status == 429
        assert error_of(reply) == {
            "message": "the budget of this run does not allow the call: 0 of 1 calls are left",
            "type": "insufficient_quota",
            "param": None,
            "code": "budget_calls",
        }
        assert line.settled().calls == 1


def test_a_run_does_not_count_where_the_evaluations_budget_ends_first(upstream: Server, tmp_path: Path):
    with gateway_to(upstream.url, tmp_path, total=TotalLimits(calls=1)) as gateway:
        first, second = session_of(gateway, "first"), session_of(gateway, "second")

        assert ask(first).status == 200
        assert ask(second).status == 429
        assert first.settled().calls == 1
        assert second.failure is None
        with pytest.raises(InferenceError, match=r"used up \(calls\); raise --bitsec-llm-total-calls"):
            second.settled()


def test_money_is_counted_by_the_price_table(upstream: Server, tmp_path: Path):
    upstream.otherwise = answer(prompt_tokens=1000, completion_tokens=100)
    prices = {"small": Price(prompt=150_000, completion=600_000)}
    with gateway_to(upstream.url, tmp_path, prices=prices) as gateway:
        line = session_of(gateway, cost=0.0005)
        while ask(line).status == 200:
            pass

        assert line.settled().cost == pytest.approx(len(upstream.requests) * 0.00021)
        assert line.settled().cost <= 0.0005
        assert error_of(ask(line))["code"] == "budget_cost"


@pytest.mark.parametrize(
    "usage",
    [
        None,
        {},
        {"prompt_tokens": -5, "completion_tokens": 1},
        {"prompt_tokens": "many", "completion_tokens": 1},
        {"prompt_tokens": True, "completion_tokens": 1},
        {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
        {"prompt_tokens": 0, "completion_tokens": 5},
        {"prompt_tokens": 10, "completion_tokens": 0},
        {"prompt_tokens": 10**10, "completion_tokens": 1},
        7,
    ],
)
def test_what_no_provider_bills_is_not_believed(upstream: Server, tmp_path: Path, usage: object):
    upstream.script(answer(usage=usage))
    with gateway_to(upstream.url, tmp_path) as gateway:
        line = session_of(gateway)
        ask(line)

        assert usage_of(line)["completion_tokens"] == HELLO["max_tokens"]
        assert usage_of(line)["prompt_tokens"] > 50


def test_what_was_billed_beyond_the_most_is_counted_and_nothing_follows(upstream: Server, tmp_path: Path):
    upstream.script(answer(completion_tokens=300_000))
    with gateway_to(upstream.url, tmp_path) as gateway:
        line = session_of(gateway)

        assert ask(line).status == 200
        assert usage_of(line)["completion_tokens"] == 300_000
        assert (ask(line).status, len(upstream.requests)) == (429, 1)


def test_runs_never_see_each_others_usage(upstream: Server, tmp_path: Path):
    with gateway_to(upstream.url, tmp_path) as gateway:
        one, other, again = session_of(gateway, "one"), session_of(gateway, "other"), session_of(gateway, "one")
        ask(one)
        ask(one)
        ask(other)

        assert [usage_of(line)["calls"] for line in (one, other, again)] == [2, 1, 0]


def test_a_run_that_asks_without_end_is_answered_without_end_at_no_cost(
    upstream: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bitsec_eval.inference.session.QUESTIONS", 20)
    with gateway_to(upstream.url, tmp_path) as gateway:
        line = session_of(gateway)
        codes = [ask(line, None, "/v1/models", "GET").status for _ in range(25)]

    assert codes == [200] * 20 + [429] * 5


# -- patience and blame


@pytest.mark.parametrize(
    "trouble",
    [status(429), status(500), status(502), status(503), half_a_json, cut_off, answer(usage=None)],
    ids=["429", "500", "502", "503", "half", "cut", "none"],
)
def test_trouble_that_passes_is_nobodys_fault(upstream: Server, tmp_path: Path, trouble):
    upstream.script(trouble)
    with gateway_to(upstream.url, tmp_path) as gateway:
        line = session_of(gateway)

        assert ask(line).status == 200
        assert line.settled().calls == 1


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (status(429), "failed 3 times, lastly with status 429"),
        (status(500), "failed 3 times, lastly with status 500"),
        (half_a_json, "lastly with an answer that is no chat completion"),
        (cut_off, "lastly with RemoteProtocolError"),
        (status(200, "overloaded"), "(an error in the body of a 200: overloaded)"),
    ],
)
def test_trouble_that_stays_makes_the_run_void_and_costs_it_nothing(
    upstream: Server, tmp_path: Path, trouble, words: str
):
    upstream.is_down(trouble)
    with gateway_to(upstream.url, tmp_path) as gateway:
        line = session_of(gateway)

        assert ask(line).status == 503
        assert words in str(line.failure)
        assert usage_of(line)["calls"] == 0
        with pytest.raises(InferenceError, match="the run is void"):
            line.settled()
        assert len(upstream.requests) == 3


def test_a_provider_that_hangs_or_dribbles_is_given_up(upstream: Server, tmp_path: Path):
    upstream.script(hang(), dribble(30), hang()).is_down(hang())
    with gateway_to(upstream.url, tmp_path, try_seconds=0.4) as gateway:
        line = session_of(gateway)
        started = time.monotonic()

        assert ask(line).status == 503
        assert time.monotonic() - started < 10
        with pytest.raises(
            InferenceError, match="lastly with ReadTimeout after 0.4 s, and does not answer a plain request"
        ):
            line.settled()


def test_a_slow_answer_in_time_is_an_answer(upstream: Server, tmp_path: Path):
    upstream.script(dribble(0.5, "slow but whole"))
    with gateway_to(upstream.url, tmp_path) as gateway:
        assert told(ask(session_of(gateway)))["choices"][0]["message"]["content"] == "slow but whole"


def test_an_unreachable_provider_makes_runs_void(tmp_path: Path):
    with gateway_to("http://127.0.0.1:9/v1", tmp_path) as gateway:
        line = session_of(gateway)
        ask(line)

        with pytest.raises(InferenceError, match="ConnectError"):
            line.settled()


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (400, "check BITSEC_LLM_API_KEY, --bitsec-llm-models and --bitsec-llm-base-url"),
        (401, "correct BITSEC_LLM_API_KEY"),
        (402, "see to the account's credit"),
        (403, "correct BITSEC_LLM_API_KEY"),
        (404, "correct --bitsec-llm-models or --bitsec-llm-base-url"),
        (301, "check BITSEC_LLM_API_KEY, --bitsec-llm-models and --bitsec-llm-base-url"),
    ],
)
def test_what_the_operator_must_mend_is_not_tried_again_and_voids_the_run(
    upstream: Server, tmp_path: Path, code: int, remedy: str
):
    upstream.is_down(status(code, "who are you"))
    with gateway_to(upstream.url, tmp_path) as gateway:
        line = session_of(gateway)
        ask(line)

        with pytest.raises(InferenceError, match=f"plain request either .status {code}: who are you.; .*: {remedy}"):
            line.settled()
        assert len(upstream.requests) == 1


def test_a_pause_the_provider_asks_for_is_kept(upstream: Server, tmp_path: Path):
    upstream.script(status(429, Retry_After="1"))
    with gateway_to(upstream.url, tmp_path) as gateway:
        assert ask(session_of(gateway)).status == 200

    assert 1.0 <= upstream.times[1] - upstream.times[0] < 10


def test_a_pause_longer_than_our_patience_ends_it(upstream: Server, tmp_path: Path):
    upstream.is_down(status(429, Retry_After="3600"))
    with gateway_to(upstream.url, tmp_path, retry=RetryPolicy(run_seconds=60)) as gateway:
        line = session_of(gateway)
        ask(line)

        with pytest.raises(InferenceError, match="failed once, lastly with status 429"):
            line.settled()


def test_an_agents_clock_stands_still_in_trouble_and_not_while_the_llm_thinks(upstream: Server, tmp_path: Path):
    upstream.script(slow(0.5), hang(), answer())
    with gateway_to(upstream.url, tmp_path, try_seconds=1.0) as gateway:
        line = session_of(gateway)
        ask(line)
        thinking = line.excluded_seconds
        ask(line)

        assert thinking < 0.4
        assert line.excluded_seconds >= 1.0
        assert line.settled().waiting_seconds >= 1.5


# -- the end of a phase


def test_nothing_is_served_after_the_phase(upstream: Server, tmp_path: Path):
    release = threading.Event()
    upstream.otherwise = held(release)
    with gateway_to(upstream.url, tmp_path) as gateway:
        line = session_of(gateway)
        waiting = [send(line) for _ in range(30)]
        upstream.wait_for(8)
        line.close()
        waiting += [send(line), send(line, None, "/v1/usage", "GET")]
        release.set()
        line.settled()
        time.sleep(0.3)

        assert len(upstream.requests) == 8
        assert not any(there.is_set() for there, _ in waiting)


def test_what_was_under_way_is_waited_for_and_paid(upstream: Server, tmp_path: Path):
    release = threading.Event()
    upstream.otherwise = held(release)
    with gateway_to(upstream.url, tmp_path) as gateway:
        line = session_of(gateway)
        send(line)
        upstream.wait_for(1)
        line.close()
        threading.Timer(0.2, release.set).start()

        assert line.settled().completion_tokens == 5


def test_a_phase_that_ends_in_trouble_makes_the_run_void(upstream: Server, tmp_path: Path):
    release = threading.Event()
    upstream.is_down(status(500)).otherwise = held(release, status(500))
    with gateway_to(upstream.url, tmp_path) as gateway:
        line = session_of(gateway)
        send(line)
        upstream.wait_for(1)
        line.close()
        release.set()

        with pytest.raises(InferenceError, match="failed once, lastly with status 500"):
            line.settled()
        assert len(upstream.requests) == 1


def test_stopping_the_evaluation_waits_for_no_provider(upstream: Server, tmp_path: Path):
    upstream.otherwise = hang()
    with gateway_to(upstream.url, tmp_path) as gateway:
        line = session_of(gateway)
        send(line)
        upstream.wait_for(1)
        started = time.monotonic()
        gateway.stop()

        with pytest.raises(InferenceError, match="was stopped"):
            line.settled()
        with pytest.raises(InferenceError, match="was stopped"):
            session_of(gateway).settled()
        assert time.monotonic() - started < 5


# -- side by side


def test_calls_to_the_provider_are_bounded(upstream: Server, tmp_path: Path):
    upstream.otherwise = slow(0.05)
    with gateway_to(upstream.url, tmp_path, concurrency=3) as gateway:
        replies = [send(session_of(gateway, f"a{n}")) for n in range(4) for _ in range(5)]
        for there, _ in replies:
            assert there.wait(20)

    assert upstream.most_at_once == 3


def test_seven_runs_do_not_queue_behind_a_slow_one(upstream: Server, tmp_path: Path):
    release = threading.Event()
    slowly = held(release)
    upstream.otherwise = lambda handler, request: (
        slowly if request["messages"][0]["content"] == "slow" else answer()
    )(handler, request)
    asked = {"messages": [{"role": "user", "content": "slow"}], "max_tokens": 100}
    with gateway_to(upstream.url, tmp_path, concurrency=9, try_seconds=30) as gateway:
        slow_line = session_of(gateway, "slow")
        waiting = [send(slow_line, asked) for _ in range(20)]
        upstream.wait_for(8)
        for number in range(7):
            line = session_of(gateway, f"quick{number}")
            assert [ask(line).status for _ in range(10)] == [200] * 10

        assert not any(there.is_set() for there, _ in waiting)
        release.set()


# -- the key


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    return caplog


def test_the_key_is_in_no_reply_error_log_or_file(
    upstream: Server, tmp_path: Path, everything_logged: pytest.LogCaptureFixture
):
    echo = f"Incorrect API key provided: {CANARY}."
    upstream.script(status(400, echo), status(500, echo), answer(), status(401, echo))
    upstream.known_good.append(status(401, echo))
    with gateway_to(upstream.url, tmp_path, recordings=tmp_path / "llm") as gateway:
        line = session_of(gateway)
        replies = [ask(line) for _ in range(3)]
        with pytest.raises(InferenceError) as void:
            line.settled()

    assert {headers["authorization"] for headers in upstream.headers} == {f"Bearer {CANARY}"}
    assert "provided: [key]." in str(void.value)
    shown = [str(void.value), repr(void.value.__cause__), everything_logged.text, repr(gateway), repr(line)]
    shown += [reply.body.decode() for reply in replies]
    shown += [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    shown += [repr(Provider(base_url=upstream.url, key=CANARY))]
    assert not [text for text in shown if CANARY in text]


@pytest.mark.parametrize(
    "url", ["", "ftp://x/v1", "http://", "https://me:secret@x/v1", "https://x/v1?key=secret", "http://x:y/", "x"]
)
def test_a_base_url_that_is_none_or_holds_a_secret_is_refused_without_showing_it(url: str):
    with pytest.raises(SettingsError, match="LLM base URL: .*give one like https://api.openai.com/v1") as caught:
        Provider(base_url=url, key=CANARY)

    assert "secret" not in str(caught.value)


def test_the_agent_gets_a_key_of_its_own_for_each_run(upstream: Server, tmp_path: Path):
    with gateway_to(upstream.url, tmp_path) as gateway:
        keys = {session_of(gateway).environment["OPENAI_API_KEY"] for _ in range(10)}

    assert len(keys) == 10
    assert not any(CANARY in key for key in keys)


def test_no_thread_is_left(upstream: Server, tmp_path: Path):
    before = set(threading.enumerate())
    with gateway_to(upstream.url, tmp_path, retry=QUICK) as gateway:
        ask(session_of(gateway))
    time.sleep(0.2)

    assert not [thread for thread in set(threading.enumerate()) - before if thread.name.startswith("bitsec")]
