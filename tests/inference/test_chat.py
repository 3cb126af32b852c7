"""What an agent asks for is read as an enemy's, and goes out written anew."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitsec_eval.inference.limits import RunLimits
from bitsec_eval.inference.prices import Price
from bitsec_eval.inference.problems import RequestProblem
from bitsec_eval.inference.request.chat import read_chat
from bitsec_eval.inference.request.json_body import object_in
from bitsec_eval.inference.request.options import OPTIONS

LIMITS = RunLimits(models=("small", "large"), max_tokens=1000)
MESSAGES = [{"role": "user", "content": "hello"}]
CALL = {"id": "1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
FUNCTION = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}


def read(prices: dict | None = None, limits: RunLimits = LIMITS, **asked):
    return read_chat(object_in(json.dumps({"messages": MESSAGES, **asked}).encode()), limits, prices or {})


def outgoing(**asked) -> dict:
    return json.loads(read(**asked).body())


def refusal(body: bytes | None = None, limits: RunLimits = LIMITS, **asked) -> RequestProblem:
    with pytest.raises(RequestProblem) as caught:
        whole = body if body is not None else json.dumps({"messages": MESSAGES, **asked}).encode()
        read_chat(object_in(whole), limits, {})
    return caught.value


def test_a_plain_request_goes_out_with_a_model_a_limit_and_no_stream():
    assert outgoing() == {"model": "small", "messages": MESSAGES, "max_tokens": 1000, "stream": False}


def test_tools_turns_and_formats_go_out_as_they_came():
    turns = [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": [{"type": "text", "text": "look"}]},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "1", "content": "nothing"},
    ]
    asked = {"tools": [FUNCTION], "tool_choice": "auto", "response_format": {"type": "json_object"}, "seed": 7}

    sent = outgoing(messages=turns, **asked)

    assert sent["messages"] == turns
    assert {name: sent[name] for name in asked} == asked


@pytest.mark.parametrize(("asked", "sent"), [(None, 1000), (1, 1), (999, 999), (1001, 1000), (10**9, 1000)])
def test_the_length_of_a_completion_is_clamped(asked: int | None, sent: int):
    assert outgoing(max_tokens=asked)["max_tokens"] == sent


def test_the_limit_has_the_name_that_the_model_takes_whatever_the_agent_calls_it():
    request = read(max_completion_tokens=5)

    assert json.loads(request.body())["max_tokens"] == 5
    assert json.loads(request.body("max_completion_tokens"))["max_completion_tokens"] == 5
    assert "max_tokens" not in json.loads(request.body("max_completion_tokens"))


def test_only_a_limit_of_ours_may_be_lowered():
    assert read().is_our_limit
    assert not read(max_tokens=5).is_our_limit
    assert not read(max_completion_tokens=9000).is_our_limit


def test_the_lower_of_two_limits_holds():
    assert outgoing(max_tokens=50, max_completion_tokens=20)["max_tokens"] == 20


@pytest.mark.parametrize(
    "asked",
    [
        {"n": 2},
        {"n": 128},
        {"n": True},
        {"best_of": 3},
        {"logit_bias": {"7": 100}},
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
    assert str(refusal(logit_bias={}, best_of=2)) == "not passed on to the LLM: best_of, logit_bias; leave it out"


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


def test_the_most_that_a_call_can_cost_is_known_before_it_is_made():
    text = "\u4e2d\u6587" * 500
    chat = read(
        messages=[{"role": "user", "content": text}], max_tokens=200, prices={"small": Price(prompt=2, completion=3)}
    )

    assert chat.most.calls == 1
    assert chat.most.prompt_tokens >= len(text.encode())
    assert chat.most.completion_tokens == 200
    assert chat.most.pico_dollars == chat.most.prompt_tokens * 2 + 200 * 3


# -- rebuilt from a strict schema


EVIL = {"x": 1, "cache_control": {"type": "ephemeral"}, "url": "http://elsewhere"}


def test_keys_that_no_schema_names_never_leave_at_any_depth():
    turns = [
        {"role": "user", "content": [{"type": "text", "text": "look", **EVIL}], **EVIL},
        {"role": "assistant", "tool_calls": [{**CALL, **EVIL, "function": {**CALL["function"], **EVIL}}], **EVIL},
        {"role": "tool", "tool_call_id": "1", "content": "nothing", **EVIL},
    ]
    asked = {
        "tools": [{**FUNCTION, **EVIL, "function": {"name": "look", **EVIL}}],
        "tool_choice": {"type": "function", "function": {"name": "look", **EVIL}, **EVIL},
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {}, **EVIL}, **EVIL},
        "reasoning": {"effort": "low", **EVIL},
    }

    sent = json.dumps(outgoing(messages=turns, **asked))

    assert not [name for name in EVIL if f'"{name}"' in sent]
    assert json.loads(sent)["messages"][1] == {"role": "assistant", "content": None, "tool_calls": [CALL]}


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"temperature": "hot"}, "temperature is a number from 0 to 2"),
        ({"temperature": 3}, "temperature is a number from 0 to 2"),
        ({"temperature": True}, "temperature is a number"),
        ({"top_p": -0.1}, "top_p is a number from 0 to 1"),
        ({"top_k": 1.5}, "top_k is a whole number"),
        ({"seed": "7"}, "seed is a whole number"),
        ({"stop": [""] * 17}, "stop is a list of 0 to 16"),
        ({"stop": [7]}, "stop[0] is a text"),
        ({"stop": {"a": 1}}, "stop is a text"),
        ({"logprobs": 5}, "logprobs is true or false"),
        ({"top_logprobs": 21}, "top_logprobs is a whole number from 0 to 20"),
        ({"tools": [{"type": "function"}]}, "tools[0] has no function"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function has no name"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools[0].function.name is a name"),
        ({"tools": [{"type": "function", "function": {"name": "a", "parameters": []}}]}, ".parameters is an object"),
        ({"tools": [FUNCTION], "tool_choice": "look"}, "tool_choice is one of none, auto, required"),
        ({"tools": [FUNCTION], "tool_choice": {"type": "web"}}, "tool_choice has no function"),
        ({"response_format": "json"}, "response_format is an object"),
        ({"response_format": {"type": "xml"}}, "response_format.type is one of text, json_object, json_schema"),
        ({"response_format": {"type": "json_schema"}}, "response_format has no json_schema"),
        ({"reasoning_effort": 5}, "reasoning_effort is a word"),
        ({"messages": [{"role": "user"}]}, "messages[0] has no content"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0] has no tool_call_id"),
        ({"messages": [{"role": "user", "content": []}]}, "messages[0].content is a list of 1"),
        ({"messages": [{"role": "assistant", "tool_calls": [{}]}]}, "messages[0].tool_calls[0] has no id"),
        ({"messages": [{"role": ["user"], "content": "x"}]}, "messages[0]: a message is an object with a role"),
    ],
)
def test_an_odd_value_is_refused_by_the_name_of_its_field(asked: dict, named: str):
    problem = refusal(**asked)

    assert (problem.status, problem.billed) == (400, False)
    assert named in str(problem)


def test_null_is_as_absent():
    names = ["temperature", "tools", "tool_choice", "stop", "n", "stream", "max_tokens", "seed", "user", "made_up"]

    assert outgoing(**dict.fromkeys(names)) == outgoing()


def test_a_choice_among_no_tools_is_left_out():
    assert outgoing(tools=[], tool_choice="auto", parallel_tool_calls=False) == outgoing()


def test_what_some_providers_have_goes_out():
    asked = {"top_k": 40, "min_p": 0.1, "logprobs": True, "top_logprobs": 3, "reasoning": {"effort": "high"}}

    assert {name: outgoing(**asked)[name] for name in asked} == asked


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*OPTIONS, "messages", "max_tokens", "n", "stream", "model"]), JSON))
def test_whatever_is_asked_is_read_or_refused_and_nothing_else(asked: dict):
    for whole in (asked, {"messages": MESSAGES, **asked}):
        try:
            request = read_chat(object_in(json.dumps(whole).encode()), LIMITS, {})
        except RequestProblem as problem:
            assert problem.status in (400, 404)
        else:
            assert len(request.body()) <= request.most.prompt_tokens
