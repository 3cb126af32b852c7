"""OpenAI's chat completions, and Bitsec's form of them."""

from collections.abc import Iterator, Mapping
from typing import Any

from bitsec_eval.core.llm_request import LLMResponse
from bitsec_eval.inference.completion import Completion
from bitsec_eval.inference.dialects.dialect import Answered, compact, event_stream, new_id
from bitsec_eval.inference.problems import json_reply


class ChatCompletions:
    """`POST /v1/chat/completions`."""

    def chat_form(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Dialect.chat_form`."""
        return asked

    def response(self, answered: Answered) -> LLMResponse:
        """See `Dialect.response`."""
        if not answered.request.stream:
            return json_reply(content_of(answered))
        events = [f"data: {compact(chunk)}\n\n" for chunk in _chunks(answered)]
        return event_stream([*events, "data: [DONE]\n\n"])


class BitsecInference(ChatCompletions):
    """`POST /inference`: OpenAI's form, and beside it the four fields that the first of Bitsec's proxies had."""

    def response(self, answered: Answered) -> LLMResponse:
        """See `Dialect.response`."""
        fields = {
            "content": answered.completion.text or "",
            "role": "assistant",
            "input_tokens": answered.prompt_tokens,
            "output_tokens": answered.completion_tokens,
        }
        return json_reply({**content_of(answered), **fields})


class RidgesInference(ChatCompletions):
    """`POST /api/inference`: OpenAI's form with a run_id, answered by the text alone, as a JSON string."""

    def chat_form(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Dialect.chat_form`."""
        return {name: value for name, value in asked.items() if name != "run_id"}

    def response(self, answered: Answered) -> LLMResponse:
        """See `Dialect.response`."""
        return json_reply(answered.completion.text or "")


def content_of(answered: Answered) -> dict[str, Any]:
    """Return the JSON of a chat completion."""
    completion = answered.completion
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": completion.text, **_beside_text(completion)},
        "logprobs": _logprobs(completion),
        "finish_reason": completion.finish_reason,
    }
    return {**_frame(answered, "chat.completion"), "choices": [choice], "usage": _usage(answered)}


def _frame(answered: Answered, kind: str) -> dict[str, Any]:
    model = answered.request.model
    return {"id": new_id("chatcmpl-"), "object": kind, "created": answered.created, "model": model}


def _usage(answered: Answered) -> dict[str, int]:
    return {
        "prompt_tokens": answered.prompt_tokens,
        "completion_tokens": answered.completion_tokens,
        "total_tokens": answered.total_tokens,
    }


def _logprobs(completion: Completion) -> dict[str, Any] | None:
    return None if completion.logprobs is None else {"content": completion.logprobs}


def _beside_text(completion: Completion) -> dict[str, Any]:
    beside: dict[str, Any] = {"refusal": completion.refusal} if completion.refusal else {}
    if completion.reasoning:
        beside |= {"reasoning_content": completion.reasoning, "reasoning": completion.reasoning}
    if completion.tool_calls:
        beside |= {"tool_calls": [_call(call.id, call.name, call.arguments) for call in completion.tool_calls]}
    return beside


def _call(identity: str, name: str, arguments: str) -> dict[str, Any]:
    return {"id": identity, "type": "function", "function": {"name": name, "arguments": arguments}}


def _chunks(answered: Answered) -> Iterator[dict[str, Any]]:
    frame = _frame(answered, "chat.completion.chunk")
    if answered.request.usage_in_stream:
        frame |= {"usage": None}
    completion = answered.completion
    yield {**frame, "choices": [_choice(_delta(completion), None, _logprobs(completion))]}
    yield {**frame, "choices": [_choice({}, completion.finish_reason)]}
    if answered.request.usage_in_stream:
        yield {**frame, "choices": [], "usage": _usage(answered)}


def _choice(delta: dict[str, Any], finish_reason: str | None, logprobs: object = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish_reason}


def _delta(completion: Completion) -> dict[str, Any]:
    """Return a whole message as one delta: calls of tools are numbered there."""
    whole = {"role": "assistant", "content": completion.text, **_beside_text(completion)}
    delta = {name: value for name, value in whole.items() if value is not None}
    calls = delta.get("tool_calls")
    return {**delta, "tool_calls": [{"index": n, **call} for n, call in enumerate(calls)]} if calls else delta
