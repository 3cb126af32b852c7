"""What an agent asks for is read as an enemy's, and goes out written anew."""

import json

import pytest

from bitsec_eval.inference.chat import read_chat
from bitsec_eval.inference.limits import RunLimits
from bitsec_eval.inference.prices import Price
from bitsec_eval.inference.problems import Problem

LIMITS = RunLimits(models=("small", "large"), max_tokens=1000)
MESSAGES = [{"role": "user", "content": "hello"}]
FUNCTION = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}


def read(prices: dict | None = None, limits: RunLimits = LIMITS, **asked):
    return read_chat(json.dumps({"messages": MESSAGES, **asked}).encode(), limits, prices or {})


def outgoing(**asked) -> dict:
    return json.loads(read(**asked).outgoing)


def refusal(body: bytes | None = None, limits: RunLimits = LIMITS, **asked) -> Problem:
    with pytest.raises(Problem) as caught:
        read_chat(body if body is not None else json.dumps({"messages": MESSAGES, **asked}).encode(), limits, {})
    return caught.value


def test_a_plain_request_goes_out_with_a_model_a_limit_and_no_stream():
    assert outgoing() == {"model": "small", "messages": MESSAGES, "max_tokens": 1000, "stream": False}


def test_tools_turns_and_formats_go_out_as_they_came():
    turns = [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": [{"type": "text", "text": "look"}]},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function", "function": {}}]},
        {"role": "tool", "tool_call_id": "1", "content": "nothing"},
    ]
    asked = {"tools": [FUNCTION], "tool_choice": "auto", "response_format": {"type": "json_object"}, "seed": 7}

    sent = outgoing(messages=turns, **asked)

    assert sent["messages"] == turns
    assert {name: sent[name] for name in asked} == asked


@pytest.mark.parametrize(("asked", "sent"), [(None, 1000), (1, 1), (999, 999), (1001, 1000), (10**9, 1000)])
def test_the_length_of_a_completion_is_clamped(asked: int | None, sent: int):
    assert outgoing(max_tokens=asked)["max_tokens"] == sent


def test_the_limit_keeps_the_name_the_agent_gave_it_unless_the_prices_give_another():
    price = Price(max_tokens_field="max_completion_tokens")

    assert outgoing(max_completion_tokens=5)["max_completion_tokens"] == 5
    assert outgoing(max_tokens=5, prices={"small": price})["max_completion_tokens"] == 5
    assert "max_tokens" not in outgoing(max_tokens=5, prices={"small": price})


def test_the_lower_of_two_limits_holds():
    assert outgoing(max_tokens=50, max_completion_tokens=20)["max_tokens"] == 20


@pytest.mark.parametrize(
    "asked",
    [
        {"n": 2},
        {"n": 128},
        {"n": True},
        {"best_of": 3},
        {"logprobs": True},
        {"models": ["large", "dearer"]},
        {"provider": {"order": ["dearest"]}},
        {"plugins": [{"id": "web"}]},
        {"web_search_options": {}},
        {"tools": [{"type": "web_search"}]},
        {"tools": [FUNCTION] * 129},
        {"tools": "all"},
        {"stream": 1},
        {"max_tokens": 0},
        {"max_tokens": -5},
        {"max_tokens": True},
        {"max_tokens": 1.5},
        {"max_tokens": "many"},
        {"messages": []},
        {"messages": "hello"},
        {"messages": [{"role": "root", "content": "x"}]},
        {"messages": ["hello"]},
        {"messages": [{"role": "user", "content": 7}]},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://x"}}]}]},
        {"messages": [{"role": "user", "content": [{"type": "file", "file": {}}]}]},
        {"messages": [{"role": "user", "content": ["x"]}]},
    ],
)
def test_what_could_cost_more_or_fetch_something_is_refused(asked: dict):
    assert refusal(**asked).status == 400


def test_what_is_not_passed_on_is_named():
    assert str(refusal(logprobs=True, best_of=2)) == "not passed on to the LLM: best_of, logprobs; leave it out"


def test_how_a_call_is_billed_is_not_the_agents_to_say():
    assert set(outgoing(service_tier="priority", store=True, user="me", metadata={})) == {
        "model",
        "messages",
        "max_tokens",
        "stream",
    }


def test_a_model_that_is_not_offered_is_refused_and_the_others_are_told():
    problem = refusal(model="dearest")

    assert (problem.status, problem.code) == (404, "model_not_found")
    assert str(problem) == "the model 'dearest' is not offered; offered are: small, large"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff\xfe{\x00}\x00",
        b'{"messages": [{"role": "user", "content": "\xff"}]}',
        b'{"messages": [{"role": "user", "content": "\\ud800"}]}',
        b'{"messages": [{"role": "user", "content": "x"}], "temperature": NaN}',
        b'{"messages": [{"role": "user", "content": "x"}], "temperature": 1e999}',
        b'{"messages": [{"role": "user", "content": "x"}], "seed": ' + b"9" * 5000 + b"}",
        b'{"messages": ' + b"[" * 200_000,
        b'{"messages": [{"role": "user", "content": "x"}], "stop": ' + b"[" * 90 + b"]" * 90 + b"}",
        b'{"messages": [{"role": "user", "content": "x"}], "stop": ' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}",
    ],
)
def test_what_is_no_decent_json_is_refused(body: bytes):
    assert refusal(body).status == 400


def test_a_body_that_is_too_long_is_refused():
    assert refusal(limits=RunLimits(models=("small",), request_bytes=20)).status == 413


def test_the_most_that_a_call_can_cost_is_known_before_it_is_made():
    text = "\u4e2d\u6587" * 500
    chat = read(
        messages=[{"role": "user", "content": text}], max_tokens=200, prices={"small": Price(prompt=2, completion=3)}
    )

    assert chat.most.calls == 1
    assert chat.most.prompt_tokens >= len(text.encode())
    assert chat.most.completion_tokens == 200
    assert chat.most.pico_dollars == chat.most.prompt_tokens * 2 + 200 * 3
