"""Every dialect is read by the same strict schema, goes to one provider, is paid from one ledger, and is answered."""

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inference.clients.serve import RIGHT, served, told_by, wrong_in
from inference.server import Server, answer, completion
from inference.sessions import HELLO, ask, gateway_to, session_of, told, usage_of

from bitsec_eval.core.llm_request import LLMResponse
from bitsec_eval.inference.dialects.messages import AnthropicMessages
from bitsec_eval.inference.dialects.responses import OpenAIResponses
from bitsec_eval.inference.limits import RunLimits
from bitsec_eval.inference.problems import RequestProblem
from bitsec_eval.inference.request.chat import read_chat
from bitsec_eval.inference.request.json_body import object_in

MESSAGES = {"max_tokens": 100, "messages": [{"role": "user", "content": "hello"}]}
RESPONSES = {"max_output_tokens": 100, "input": "hello"}
CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"a": 1}'}}
FUNCTION = {"name": "look", "parameters": {"type": "object"}}


def events_of(reply: LLMResponse) -> list[dict]:
    """Return the events of a stream, each of which is named by its type."""
    *events, rest = reply.body.decode().split("\n\n")
    assert rest == ""
    found = []
    for event in events:
        name, data = event.split("\n")
        found.append(json.loads(data.removeprefix("data: ")))
        assert name == f"event: {found[-1]['type']}"
    return found


def asked_of(upstream: Server, tmp_path: Path, path: str, body: dict) -> tuple[LLMResponse, dict]:
    """Ask, and return what the agent got and what the provider was asked."""
    with gateway_to(upstream.url, tmp_path) as gateway:
        reply = ask(session_of(gateway), body, path)
    return reply, upstream.requests[-1] if upstream.requests else {}


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/chat/completions", "/v1/chat/completions/", "/inference"])
def test_chat_completions_are_found_with_and_without_v1(upstream: Server, tmp_path: Path, path: str):
    reply, _ = asked_of(upstream, tmp_path, path, HELLO)

    assert told(reply)["choices"][0]["message"]["content"] == "hello"


def test_ridges_proxy_answers_the_text_alone(upstream: Server, tmp_path: Path):
    reply, asked = asked_of(upstream, tmp_path, "/api/inference", {**HELLO, "run_id": "r", "temperature": 0.5})

    assert (reply.status, reply.body) == (200, b'"hello"')
    assert "run_id" not in asked


def test_all_dialects_are_paid_from_one_ledger(upstream: Server, tmp_path: Path):
    asked = {"/v1/chat/completions": HELLO, "/v1/messages": MESSAGES, "/v1/responses": RESPONSES, "/inference": HELLO}
    asked |= {"/api/inference": HELLO}
    with gateway_to(upstream.url, tmp_path) as gateway:
        session = session_of(gateway, calls=5)
        codes = [ask(session, body, path).status for path, body in asked.items()]
        over = [ask(session, body, path).status for path, body in asked.items()]

        assert usage_of(session)["calls"] == 5
    assert (codes, over) == ([200] * 5, [429] * 5)
    assert [request["max_tokens"] for request in upstream.requests] == [100] * 5


# -- Anthropic's messages


def test_a_conversation_with_tools_becomes_one_of_chat_completions(upstream: Server, tmp_path: Path):
    turns = [
        {"role": "user", "content": "look"},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "text", "text": "I look.", "citations": None},
                {"type": "tool_use", "id": "c1", "name": "look", "input": {"a": 1}},
                {"type": "tool_use", "id": "c2", "name": "look", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "c1",
                    "content": "one",
                    "cache_control": {"type": "ephemeral"},
                },
                {
                    "type": "tool_result",
                    "tool_use_id": "c2",
                    "is_error": True,
                    "content": [{"type": "text", "text": "no"}],
                },
                {"type": "text", "text": "go on"},
            ],
        },
    ]
    system = [
        {"type": "text", "text": "be", "cache_control": {"type": "ephemeral"}},
        {"type": "text", "text": "brief"},
    ]
    tools = [{"name": "look", "description": "d", "input_schema": {"type": "object"}}]
    body = {**MESSAGES, "messages": turns, "system": system, "tools": tools, "tool_choice": {"type": "any"}}
    _, sent = asked_of(upstream, tmp_path, "/v1/messages", {**body, "stop_sequences": ["END"], "thinking": {"a": 1}})

    assert sent["messages"] == [
        {"role": "system", "content": "be\nbrief"},
        {"role": "user", "content": "look"},
        {
            "role": "assistant",
            "content": "I look.",
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"a":1}'}},
                {"id": "c2", "type": "function", "function": {"name": "look", "arguments": "{}"}},
            ],
        },
        {"role": "tool", "content": "one", "tool_call_id": "c1"},
        {"role": "tool", "content": "Error: no", "tool_call_id": "c2"},
        {"role": "user", "content": "go on"},
    ]
    function = {"name": "look", "description": "d", "parameters": {"type": "object"}}
    assert sent["tools"] == [{"type": "function", "function": function}]
    assert (sent["tool_choice"], sent["stop"]) == ("required", ["END"])


SCHEMA = {"type": "json_schema", "schema": {"type": "object"}}


@pytest.mark.parametrize(
    ("asked", "effort"),
    [
        ({"output_config": {"format": SCHEMA}}, None),
        ({"output_format": SCHEMA}, None),
        ({"output_config": {"format": SCHEMA, "effort": "low"}}, "low"),
        ({"output_config": {"effort": "max"}, "output_format": SCHEMA}, "high"),
    ],
)
def test_a_message_may_ask_for_json_of_a_schema(upstream: Server, tmp_path: Path, asked: dict, effort: str | None):
    _, sent = asked_of(upstream, tmp_path, "/v1/messages", {**MESSAGES, **asked})

    schema = {"name": "answer", "schema": {"type": "object"}, "strict": True}
    assert sent["response_format"] == {"type": "json_schema", "json_schema": schema}
    assert sent.get("reasoning_effort") == effort


def test_a_completion_becomes_a_message(upstream: Server, tmp_path: Path):
    upstream.script(answer("text", tool_calls=[CALL]))
    reply, _ = asked_of(upstream, tmp_path, "/v1/messages", MESSAGES)
    said = told(reply)

    assert said["content"] == [
        {"type": "text", "text": "text"},
        {"type": "tool_use", "id": "c1", "name": "look", "input": {"a": 1}},
    ]
    assert (said["role"], said["stop_reason"], said["stop_sequence"]) == ("assistant", "tool_use", None)
    assert said["usage"] == {"input_tokens": 10, "output_tokens": 5}


def test_a_message_as_events_is_the_message(upstream: Server, tmp_path: Path):
    upstream.script(answer("text", tool_calls=[CALL]))
    reply, _ = asked_of(upstream, tmp_path, "/v1/messages", {**MESSAGES, "stream": True})
    events = events_of(reply)

    block = ["content_block_start", "content_block_delta", "content_block_stop"]
    assert [e["type"] for e in events] == ["message_start", *block, *block, "message_delta", "message_stop"]
    assert events[2]["delta"] == {"type": "text_delta", "text": "text"}
    assert json.loads(events[5]["delta"]["partial_json"]) == {"a": 1}
    assert events[-2]["delta"]["stop_reason"] == "tool_use"


def test_arguments_that_are_no_object_are_given_as_they_are(upstream: Server, tmp_path: Path):
    broken = {**CALL, "function": {"name": "look", "arguments": '{"a": '}}
    upstream.script(answer(None, tool_calls=[broken]))
    reply, _ = asked_of(upstream, tmp_path, "/v1/messages", MESSAGES)

    assert told(reply)["content"][0]["input"] == {"arguments": '{"a": '}


# -- OpenAI's responses


def test_items_become_messages(upstream: Server, tmp_path: Path):
    items = [
        {"role": "user", "content": [{"type": "input_text", "text": "look"}]},
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "I look.", "annotations": []}],
        },
        {
            "type": "function_call",
            "call_id": "c1",
            "name": "look",
            "arguments": "{}",
            "id": "fc_1",
            "status": "completed",
        },
        {"type": "function_call", "call_id": "c2", "name": "look", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "one"},
        {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "two"}]},
    ]
    form = {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": True}
    body = {"input": items, "instructions": "be brief", "text": {"format": form}, "reasoning": {"effort": "low"}}
    tools = {"tools": [{"type": "function", **FUNCTION}], "tool_choice": {"type": "function", "name": "look"}}
    _, sent = asked_of(upstream, tmp_path, "/v1/responses", {**body, **tools, "store": True, "include": ["x"]})

    call = {"type": "function", "function": {"name": "look", "arguments": "{}"}}
    assert sent["messages"] == [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": [{"type": "text", "text": "look"}]},
        {
            "role": "assistant",
            "content": [{"type": "text", "text": "I look."}],
            "tool_calls": [{"id": "c1", **call}, {"id": "c2", **call}],
        },
        {"role": "tool", "content": "one", "tool_call_id": "c1"},
        {"role": "tool", "content": [{"type": "text", "text": "two"}], "tool_call_id": "c2"},
    ]
    assert sent["response_format"]["json_schema"] == {"name": "n", "schema": {"type": "object"}, "strict": True}
    assert sent["tool_choice"] == {"type": "function", "function": {"name": "look"}}
    assert (sent["reasoning_effort"], sent["max_tokens"]) == ("low", 8192)


@pytest.mark.parametrize(
    ("finish", "status", "details"),
    [("stop", "completed", None), ("length", "incomplete", {"reason": "max_output_tokens"})],
)
def test_a_response_as_events_is_the_response(upstream: Server, tmp_path: Path, finish: str, status: str, details):
    whole = completion("text", tool_calls=[CALL])
    whole["choices"][0]["finish_reason"] = finish
    upstream.otherwise = lambda handler, request: handler.send_json(200, whole)
    one, _ = asked_of(upstream, tmp_path, "/v1/responses", RESPONSES)
    reply, _ = asked_of(upstream, tmp_path, "/v1/responses", {**RESPONSES, "stream": True})
    events = events_of(reply)
    last = events[-1]["response"]

    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert events[-1]["type"] == f"response.{status}"
    assert [item["type"] for item in last["output"]] == [item["type"] for item in told(one)["output"]]
    assert (last["status"], last["incomplete_details"], last["usage"]["total_tokens"]) == (status, details, 15)
    assert "".join(e["delta"] for e in events if e["type"] == "response.output_text.delta") == "text"
    assert "".join(e["delta"] for e in events if e["type"] == "response.function_call_arguments.delta") == '{"a": 1}'


# -- what is refused


@pytest.mark.parametrize(
    ("path", "more", "named"),
    [
        ("/v1/messages", {"mcp_servers": []}, "not passed on to the LLM: mcp_servers"),
        ("/v1/messages", {"messages": []}, "messages is a list of 1"),
        (
            "/v1/messages",
            {"messages": [{"role": "system", "content": "x"}]},
            "messages[0].role is one of user, assistant",
        ),
        (
            "/v1/messages",
            {"messages": [{"role": "user", "content": [{"type": "image"}]}]},
            "only text goes to the LLM",
        ),
        ("/v1/messages", {"tools": [{"type": "bash_20250124", "name": "bash"}]}, "the provider's own tools"),
        ("/v1/messages", {"tools": [{"input_schema": {}}]}, "tools[0].function has no name"),
        ("/v1/messages", {"tool_choice": "auto"}, "tool_choice is an object"),
        ("/v1/messages", {"output_config": {"speed": 1}}, "not passed on to the LLM: output_config.speed"),
        ("/v1/messages", {"output_format": "json"}, "output_config.format is an object"),
        ("/v1/messages", {"max_tokens": 0}, "max_tokens is a whole number from 1"),
        ("/v1/messages", {"temperature": "hot"}, "temperature is a number"),
        ("/v1/responses", {"previous_response_id": "resp_1"}, "nothing is remembered between requests"),
        ("/v1/responses", {"background": True}, "background is not offered"),
        ("/v1/responses", {"input": [{"type": "item_reference", "id": "x"}]}, "input[0].type is one of message"),
        ("/v1/responses", {"input": [{"role": "user", "content": [{"type": "input_image"}]}]}, "only text goes"),
        ("/v1/responses", {"tools": [{"type": "web_search"}]}, "the provider's own tools are not offered"),
        ("/v1/responses", {"text": {"format": {"type": "grammar"}}}, "response_format.type is one of text"),
        ("/v1/responses", {"modalities": ["audio"]}, "not passed on to the LLM: modalities"),
    ],
)
def test_what_has_no_such_form_is_refused_at_no_cost(
    upstream: Server, tmp_path: Path, path: str, more: dict, named: str
):
    body = {**(MESSAGES if path == "/v1/messages" else RESPONSES), **more}
    reply, sent = asked_of(upstream, tmp_path, path, body)

    assert (reply.status, told(reply)["type"], sent) == (400, "error", {})
    assert named in told(reply)["error"]["message"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "role", "content", "name", "id", "input", "tool_use", "message"]), inner
        )
    ),
    max_leaves=10,
)
FIELDS = [
    "messages",
    "input",
    "system",
    "tools",
    "tool_choice",
    "text",
    "reasoning",
    "instructions",
    "stop_sequences",
]


@given(st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_whatever_is_asked_is_read_or_refused_and_nothing_else(asked: dict):
    limits = RunLimits(models=("small",))
    for dialect in (AnthropicMessages(), OpenAIResponses()):
        try:
            read_chat(dialect.chat_form(object_in(json.dumps(asked).encode())), limits, {})
        except RequestProblem as problem:
            assert problem.status == 400


# -- the official client that is installed; script/clients tries others


def test_openais_own_client_is_served_by_the_proxy():
    with served() as address:
        said = told_by("openai", sys.executable, address)

    assert not wrong_in("openai", said)
    missing = RIGHT["openai"].keys() - said.keys()
    assert missing in (set(), {"responses", "responses_stream", "responses_tools"}), "openai before 1.66 has none"
