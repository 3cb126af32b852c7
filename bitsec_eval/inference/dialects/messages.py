"""Anthropic's messages: `POST /v1/messages`."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from bitsec_eval.core.llm_request import LLMResponse
from bitsec_eval.inference.completion import Completion
from bitsec_eval.inference.dialects.dialect import Answered, compact, named_events, new_id
from bitsec_eval.inference.problems import json_reply
from bitsec_eval.inference.request.schema import either, listed, plain_object, shown, text, wrong

STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}
_CHOICES = {"auto": "auto", "any": "required", "none": "none"}
_SAME = ("model", "max_tokens", "stream", "temperature", "top_p", "top_k")
_READ = {*_SAME, "system", "messages", "stop_sequences", "tools", "tool_choice", "output_config", "output_format"}
_IGNORED = {"cache_control", "metadata", "service_tier", "thinking", "container", "inference_geo"}
_EFFORTS = {"xhigh": "high", "max": "high"}  # the words that chat completions have everywhere end there
_MOST = 2000


class AnthropicMessages:
    """`POST /v1/messages`, with tools and their results; thinking is the model's own affair and not asked for."""

    def chat_form(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Dialect.chat_form`."""
        there = {name: value for name, value in asked.items() if value is not None}
        unknown = there.keys() - _READ - _IGNORED
        if unknown:
            names = ", ".join(shown(name) for name in sorted(unknown)[:5])
            raise wrong(f"not passed on to the LLM: {names}; leave it out")
        chat = {name: there[name] for name in _SAME if name in there}
        chat["messages"] = [*_system(there.get("system")), *_messages(there.get("messages"))]
        if there.get("stop_sequences"):
            chat["stop"] = there["stop_sequences"]
        return {**chat, **_tools(there), **_output(there)}

    def response(self, answered: Answered) -> LLMResponse:
        """See `Dialect.response`."""
        whole = _message(answered)
        return named_events(_events(whole)) if answered.request.stream else json_reply(whole)


# -- the request


def _system(system: object) -> list[dict[str, Any]]:
    if system is None or system == []:
        return []
    return [{"role": "system", "content": _joined(system, "system")}]


def _joined(content: object, where: str) -> str:
    """Return a content of nothing but text as one text."""
    if isinstance(content, str):
        return content
    return "\n".join(str(_text(block, where)) for block in _blocks(content, where))


def _blocks(content: object, where: str) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = listed(plain_object, _MOST)(content, where)
    return blocks


def _text(block: Mapping[str, Any], where: str) -> str:
    if block.get("type") != "text":
        raise wrong(f"{where}: only text goes to the LLM, no images, files or addresses")
    return str(text()(block.get("text"), f"{where}.text"))


def _messages(told: object) -> Iterator[dict[str, Any]]:
    for place, message in enumerate(listed(plain_object, _MOST, least=1)(told, "messages")):
        where = f"messages[{place}]"
        content = message.get("content")
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else _blocks(content, where)
        if message.get("role") == "user":
            yield from _of_user(blocks, where)
        elif message.get("role") == "assistant":
            yield _of_assistant(blocks, where)
        else:
            raise wrong(f"{where}.role is one of user, assistant")


def _of_user(blocks: list[dict[str, Any]], where: str) -> Iterator[dict[str, Any]]:
    """Yield the results of tools first: in the form of chat completions they follow the calls at once."""
    for block in blocks:
        if block.get("type") == "tool_result":
            result = _joined(block.get("content") or "", f"{where}.tool_result")
            told = f"Error: {result}" if block.get("is_error") is True else result
            yield {"role": "tool", "tool_call_id": block.get("tool_use_id"), "content": told}
    texts = [_text(block, where) for block in blocks if block.get("type") != "tool_result"]
    if texts:
        yield {"role": "user", "content": "\n".join(texts)}


def _of_assistant(blocks: list[dict[str, Any]], where: str) -> dict[str, Any]:
    calls = [_call(block, where) for block in blocks if block.get("type") == "tool_use"]
    shown_blocks = [b for b in blocks if b.get("type") not in ("tool_use", "thinking", "redacted_thinking")]
    said = "\n".join(_text(block, where) for block in shown_blocks)
    return {"role": "assistant", "content": said or None, **({"tool_calls": calls} if calls else {})}


def _call(block: Mapping[str, Any], where: str) -> dict[str, Any]:
    arguments = compact(plain_object(block.get("input", {}), f"{where}.input"))
    return {
        "id": block.get("id"),
        "type": "function",
        "function": {"name": block.get("name"), "arguments": arguments},
    }


def _tools(asked: Mapping[str, Any]) -> dict[str, Any]:
    tools = listed(plain_object, 128)(asked.get("tools", []), "tools")
    choice = either(dict, plain_object, _no_choice)(asked.get("tool_choice", {}), "tool_choice")
    found: dict[str, Any] = {"tools": [_tool(tool, f"tools[{place}]") for place, tool in enumerate(tools)]}
    if choice.get("type") == "tool":
        found["tool_choice"] = {"type": "function", "function": {"name": choice.get("name")}}
    elif choice:
        found["tool_choice"] = _CHOICES.get(str(choice.get("type"))) or _no_choice(choice, "tool_choice")
    if choice.get("disable_parallel_tool_use") is True:
        found["parallel_tool_calls"] = False
    return found


def _output(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is asked of the answer's form and of the effort; `output_format` is an older client's field."""
    told = plain_object(asked.get("output_config", {}), "output_config")
    wanted = told.get("format") or asked.get("output_format")
    unknown = told.keys() - {"format", "effort"}
    if unknown:
        raise wrong(f"not passed on to the LLM: output_config.{shown(min(unknown))}; leave it out")
    found: dict[str, Any] = {}
    if told.get("effort") is not None:
        found["reasoning_effort"] = _EFFORTS.get(str(told["effort"]), told["effort"])
    if wanted is not None:
        form = plain_object(wanted, "output_config.format")
        schema = {"name": "answer", "schema": form.get("schema"), "strict": True}
        found["response_format"] = {"type": form.get("type"), "json_schema": schema}
    return found


def _no_choice(_value: object, where: str) -> Any:
    raise wrong(f"{where} is an object with a type, one of auto, any, tool, none")


def _tool(tool: Mapping[str, Any], where: str) -> dict[str, Any]:
    if tool.get("type") not in (None, "custom"):
        raise wrong(f"{where}: a tool is a function of yours; the provider's own tools are not offered")
    function = {"name": tool.get("name"), "description": tool.get("description")}
    return {"type": "function", "function": {**function, "parameters": tool.get("input_schema")}}


# -- the response


def _message(answered: Answered) -> dict[str, Any]:
    return {
        "id": new_id("msg_"),
        "type": "message",
        "role": "assistant",
        "model": answered.request.model,
        "content": _content(answered.completion),
        "stop_reason": STOP_REASONS[answered.completion.finish_reason],
        "stop_sequence": None,
        "usage": {"input_tokens": answered.prompt_tokens, "output_tokens": answered.completion_tokens},
    }


def _content(completion: Completion) -> list[dict[str, Any]]:
    said = completion.text or completion.refusal
    texts = [{"type": "text", "text": said}] if said else []
    calls = [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": _input(call.arguments)}
        for call in completion.tool_calls
    ]
    return [*texts, *calls]


def _input(arguments: str) -> dict[str, Any]:
    """Return the arguments of a call as an object; what a model wrote that is none stands in one."""
    try:
        found = json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {"arguments": arguments}


def _events(whole: dict[str, Any]) -> Iterator[dict[str, Any]]:
    begun = {**whole, "content": [], "stop_reason": None, "usage": {**whole["usage"], "output_tokens": 0}}
    yield {"type": "message_start", "message": begun}
    for index, block in enumerate(whole["content"]):
        yield from _block_events(index, block)
    delta = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": {"output_tokens": whole["usage"]["output_tokens"]}}
    yield {"type": "message_stop"}


def _block_events(index: int, block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if block["type"] == "text":
        empty, delta = {**block, "text": ""}, {"type": "text_delta", "text": block["text"]}
    else:
        empty, delta = {**block, "input": {}}, {"type": "input_json_delta", "partial_json": compact(block["input"])}
    yield {"type": "content_block_start", "index": index, "content_block": empty}
    yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}
