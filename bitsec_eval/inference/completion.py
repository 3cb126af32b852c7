"""A provider's answer: what it cost, and how an agent gets it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bitsec_eval.core.llm_request import LLMResponse
from bitsec_eval.inference.chat import Chat
from bitsec_eval.inference.cost import Cost
from bitsec_eval.inference.problems import json_reply

MOST_TOKENS = 10**9


@dataclass(frozen=True, slots=True)
class Completion:
    """The JSON of a chat completion that has at least one choice with a message."""

    content: dict[str, Any]

    @property
    def message(self) -> dict[str, Any]:
        """The message of the first choice."""
        found: dict[str, Any] = self.content["choices"][0]["message"]
        return found

    def cost(self, chat: Chat) -> Cost:
        """Return what the provider says it billed, also where that is above what was reserved.

        Where it says nothing that can be a count, the most that the call can have cost.
        """
        usage = self.content.get("usage")
        prompt, completion = (_count(usage, name) for name in ("prompt_tokens", "completion_tokens"))
        return chat.most if prompt is None or completion is None else chat.price.cost(prompt, completion)


def _count(usage: object, name: str) -> int | None:
    told = usage.get(name) if isinstance(usage, dict) else None
    return told if isinstance(told, int) and not isinstance(told, bool) and 0 <= told <= MOST_TOKENS else None


def read_completion(body: bytes) -> Completion | None:
    """Return the completion in a provider's response, or None if there is none: cut short, or something else."""
    try:
        content = json.loads(body.decode("utf-8"))
        choices = content["choices"]
        is_whole = isinstance(choices[0]["message"], dict)
    except (ValueError, RecursionError, LookupError, TypeError):
        return None
    if not is_whole or not isinstance(choices, list):
        return None
    return Completion({**content, "choices": choices[:1]})


def openai_reply(completion: Completion, chat: Chat) -> LLMResponse:
    """Return the completion as OpenAI's API does, in one piece or as a stream of events."""
    if not chat.stream:
        return json_reply(completion.content)
    events = [f"data: {json.dumps(chunk, separators=(',', ':'))}\n\n" for chunk in _chunks(completion, chat)]
    body = "".join([*events, "data: [DONE]\n\n"]).encode("ascii")
    headers = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}
    return LLMResponse(status=200, body=body, headers=headers)


def bitsec_reply(completion: Completion, chat: Chat) -> LLMResponse:
    """Return the completion as Bitsec's proxies do: OpenAI's form today, beside it the four fields of the first."""
    cost = completion.cost(chat)
    fields = {
        "content": completion.message.get("content") or "",
        "role": completion.message.get("role") or "assistant",
        "input_tokens": cost.prompt_tokens,
        "output_tokens": cost.completion_tokens,
    }
    return json_reply({**completion.content, **fields})


def _chunks(completion: Completion, chat: Chat) -> Iterator[dict[str, Any]]:
    told = completion.content
    frame: dict[str, Any] = {
        name: told.get(name) for name in ("id", "created", "model", "system_fingerprint") if name in told
    }
    frame |= {"object": "chat.completion.chunk"}
    if chat.usage_in_stream:
        frame |= {"usage": None}
    yield {**frame, "choices": [_choice(_delta(completion.message), None)]}
    yield {**frame, "choices": [_choice({}, told["choices"][0].get("finish_reason") or "stop")]}
    if chat.usage_in_stream:
        yield {**frame, "choices": [], "usage": told.get("usage")}


def _choice(delta: dict[str, Any], finish_reason: str | None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}


def _delta(message: dict[str, Any]) -> dict[str, Any]:
    """Return a whole message as one delta: calls of tools are numbered there."""
    delta = {"role": "assistant", **{name: value for name, value in message.items() if value is not None}}
    calls = delta.get("tool_calls")
    if isinstance(calls, list):
        delta["tool_calls"] = [{"index": place, **call} for place, call in enumerate(calls) if isinstance(call, dict)]
    return delta
