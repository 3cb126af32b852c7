"""OpenAI's responses: `POST /v1/responses`, without a memory between requests."""

from collections.abc import Iterator, Mapping
from typing import Any

from bitsec_eval.core.llm_request import LLMResponse
from bitsec_eval.inference.completion import Completion
from bitsec_eval.inference.dialects.dialect import Answered, named_events, new_id
from bitsec_eval.inference.problems import json_reply
from bitsec_eval.inference.request.schema import listed, plain_object, shown, text, wrong

_SAME = ("model", "parallel_tool_calls", "stream", "temperature", "top_p", "top_logprobs")
_READ = {*_SAME, "input", "instructions", "max_output_tokens", "tools", "tool_choice", "text", "reasoning"}
_IGNORED = {
    *("include", "metadata", "prompt_cache_key", "prompt_cache_retention", "safety_identifier", "service_tier"),
    *("store", "stream_options", "truncation", "user", "background"),
}
_TEXTS = ("input_text", "output_text", "text")
_MOST = 2000


class OpenAIResponses:
    """`POST /v1/responses`: texts, functions and their outputs; every request holds its whole conversation."""

    def chat_form(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Dialect.chat_form`."""
        there = {name: value for name, value in asked.items() if value is not None}
        _check_fields(there)
        chat = {name: there[name] for name in _SAME if name in there}
        chat["messages"] = [*_instructions(there.get("instructions")), *_messages(there.get("input"))]
        if "max_output_tokens" in there:
            chat["max_completion_tokens"] = there["max_output_tokens"]
        if "top_logprobs" in there:
            chat["logprobs"] = True
        return {**chat, **_tools(there), **_format(there.get("text")), **_effort(there.get("reasoning"))}

    def response(self, answered: Answered) -> LLMResponse:
        """See `Dialect.response`."""
        whole = _response(answered)
        return named_events(_numbered(_events(whole))) if answered.request.stream else json_reply(whole)


# -- the request


def _check_fields(there: Mapping[str, Any]) -> None:
    if "previous_response_id" in there or "conversation" in there:
        raise wrong("nothing is remembered between requests: send the whole conversation as input")
    if there.get("background") not in (None, False):
        raise wrong("background is not offered: wait for the response")
    unknown = there.keys() - _READ - _IGNORED
    if unknown:
        names = ", ".join(shown(name) for name in sorted(unknown)[:5])
        raise wrong(f"not passed on to the LLM: {names}; leave it out")


def _instructions(told: object) -> list[dict[str, Any]]:
    return [] if told is None else [{"role": "system", "content": text()(told, "instructions")}]


def _messages(told: object) -> list[dict[str, Any]]:
    if isinstance(told, str):
        return [{"role": "user", "content": told}]
    messages: list[dict[str, Any]] = []
    for place, item in enumerate(listed(plain_object, _MOST, least=1)(told, "input")):
        _add(messages, item, f"input[{place}]")
    return messages


def _add(messages: list[dict[str, Any]], item: Mapping[str, Any], where: str) -> None:
    """Add an item to the messages; calls that follow one another are of one message."""
    kind = item.get("type", "message")
    if kind == "message":
        messages.append({"role": item.get("role"), "content": _content(item.get("content"), where)})
    elif kind == "function_call":
        if not (messages and messages[-1]["role"] == "assistant"):
            messages.append({"role": "assistant", "content": None})
        messages[-1].setdefault("tool_calls", []).append(_call(item))
    elif kind == "function_call_output":
        output = _content(item.get("output"), where)
        messages.append({"role": "tool", "tool_call_id": item.get("call_id"), "content": output})
    elif kind != "reasoning":  # what the model thought is its own affair
        raise wrong(f"{where}.type is one of message, function_call, function_call_output, reasoning")


def _call(item: Mapping[str, Any]) -> dict[str, Any]:
    function = {"name": item.get("name"), "arguments": item.get("arguments")}
    return {"id": item.get("call_id"), "type": "function", "function": function}


def _content(content: object, where: str) -> object:
    if not isinstance(content, list):
        return content
    return [_part(part, where) for part in listed(plain_object, _MOST)(content, where)]


def _part(part: Mapping[str, Any], where: str) -> dict[str, Any]:
    if part.get("type") == "refusal":
        return {"type": "refusal", "refusal": part.get("refusal")}
    if part.get("type") not in _TEXTS:
        raise wrong(f"{where}: only text goes to the LLM, no images, files or addresses")
    return {"type": "text", "text": part.get("text")}


def _tools(asked: Mapping[str, Any]) -> dict[str, Any]:
    tools = listed(plain_object, 128)(asked.get("tools", []), "tools")
    choice = asked.get("tool_choice")
    if isinstance(choice, dict) and choice.get("type") == "function":
        choice = {"type": "function", "function": {"name": choice.get("name")}}
    return {"tools": [_tool(tool) for tool in tools], "tool_choice": choice}


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    function = {name: tool.get(name) for name in ("name", "description", "parameters", "strict")}
    return {"type": tool.get("type"), "function": function}


def _format(told: object) -> dict[str, Any]:
    wanted = plain_object(told, "text").get("format") if told is not None else None
    if wanted is None:
        return {}
    kind = plain_object(wanted, "text.format").get("type")
    if kind != "json_schema":
        return {"response_format": {"type": kind}}
    schema = {name: wanted.get(name) for name in ("name", "description", "schema", "strict")}
    return {"response_format": {"type": kind, "json_schema": schema}}


def _effort(told: object) -> dict[str, Any]:
    effort = plain_object(told, "reasoning").get("effort") if told is not None else None
    return {} if effort is None else {"reasoning_effort": effort}


# -- the response


def _response(answered: Answered) -> dict[str, Any]:
    completion, fields = answered.completion, answered.request.fields
    reason = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(completion.finish_reason)
    return {
        "id": new_id("resp_"),
        "object": "response",
        "created_at": answered.created,
        "status": "incomplete" if reason else "completed",
        "error": None,
        "incomplete_details": {"reason": reason} if reason else None,
        "instructions": None,
        "max_output_tokens": answered.request.max_tokens,
        "model": answered.request.model,
        "output": _output(completion),
        "parallel_tool_calls": fields.get("parallel_tool_calls", True),
        "previous_response_id": None,
        "store": False,
        "temperature": fields.get("temperature"),
        "tool_choice": "auto",
        "tools": [],
        "top_p": fields.get("top_p"),
        "truncation": "disabled",
        "usage": _usage(answered),
        "metadata": {},
    }


def _usage(answered: Answered) -> dict[str, Any]:
    """Return the counts; what the API tells of caches and thoughts is the same for every request."""
    return {
        "input_tokens": answered.prompt_tokens,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": answered.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": answered.total_tokens,
    }


def _output(completion: Completion) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    if completion.text:
        parts.append({"type": "output_text", "text": completion.text, "annotations": [], "logprobs": []})
    if completion.refusal:
        parts.append({"type": "refusal", "refusal": completion.refusal})
    said = {"type": "message", "id": new_id("msg_"), "status": "completed", "role": "assistant", "content": parts}
    calls = [
        {
            "type": "function_call",
            "id": new_id("fc_"),
            "call_id": call.id,
            "name": call.name,
            "arguments": call.arguments,
            "status": "completed",
        }
        for call in completion.tool_calls
    ]
    return [*([said] if parts or not calls else []), *calls]


def _numbered(events: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    return ({**event, "sequence_number": number} for number, event in enumerate(events))


def _events(whole: dict[str, Any]) -> Iterator[dict[str, Any]]:
    begun = {**whole, "status": "in_progress", "incomplete_details": None, "output": [], "usage": None}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(whole["output"]):
        at = {"output_index": index, "item_id": item["id"]}
        empty = {**item, "status": "in_progress", **({"content": []} if "content" in item else {"arguments": ""})}
        yield {"type": "response.output_item.added", "output_index": index, "item": empty}
        yield from _message_events(item, at) if item["type"] == "message" else _call_events(item, at)
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    yield {"type": f"response.{whole['status']}", "response": whole}


def _message_events(item: dict[str, Any], at: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for index, part in enumerate(item["content"]):
        place = {**at, "content_index": index}
        kind, field = ("output_text", "text") if part["type"] == "output_text" else ("refusal", "refusal")
        more: dict[str, Any] = {"logprobs": []} if kind == "output_text" else {}
        yield {"type": "response.content_part.added", **place, "part": {**part, field: ""}}
        yield {"type": f"response.{kind}.delta", **place, "delta": part[field], **more}
        yield {"type": f"response.{kind}.done", **place, field: part[field], **more}
        yield {"type": "response.content_part.done", **place, "part": part}


def _call_events(item: dict[str, Any], at: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield {"type": "response.function_call_arguments.delta", **at, "delta": item["arguments"]}
    done = {"name": item["name"], "arguments": item["arguments"]}
    yield {"type": "response.function_call_arguments.done", **at, **done}
