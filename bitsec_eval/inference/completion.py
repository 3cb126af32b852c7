"""A provider's answer, read field by field: text, reasoning, tool calls, why it ended, and what it used.

Nothing else of the answer is kept. So no field can tell an agent what it should not know, such as whether another
container asked the same before.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bitsec_eval.inference.numbers import finite

FINISH_REASONS = {
    **{name: name for name in ("stop", "length", "tool_calls", "content_filter")},
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "function_call": "tool_calls",
    "safety": "content_filter",
}
_CALL_ID = re.compile(r"[A-Za-z0-9_.:=/+-]{1,512}\Z")
_MOST_TOP = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A call of one of the agent's functions; `arguments` is the text of what should be a JSON object."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """One chat completion; `usage` is what the provider told of it, unread."""

    text: str | None = None
    reasoning: str = ""
    refusal: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str = "stop"
    logprobs: list[dict[str, Any]] | None = None
    usage: Mapping[str, Any] = field(default_factory=dict)

    @property
    def written_bytes(self) -> int:
        """How much the model wrote: no token of a vocabulary is longer than 256 bytes."""
        called = "".join(call.name + call.arguments for call in self.tool_calls)
        return len("".join((self.text or "", self.reasoning, self.refusal, called)).encode("utf-8", "replace"))


def read_completion(content: object) -> Completion | None:
    """Return the completion in a provider's answer, None if it holds none: no choice, or one without a message."""
    choices = content.get("choices") if isinstance(content, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(content, dict) or not isinstance(choice, dict) or not isinstance(message, dict):
        return None
    calls = _calls(message.get("tool_calls"))
    usage = content.get("usage")
    return Completion(
        text=_text(message.get("content")),
        reasoning=_reasoning(message),
        refusal=_string(message.get("refusal")),
        tool_calls=calls,
        finish_reason=_finish_reason(choice.get("finish_reason"), has_calls=bool(calls)),
        logprobs=_logprobs(choice.get("logprobs")),
        usage=usage if isinstance(usage, dict) else {},
    )


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _text(content: object) -> str | None:
    """Return the text of a message; some models answer in parts, of which the thinking ones are no text."""
    if isinstance(content, list):
        return "".join(_string(part.get("text")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else None


def _reasoning(message: Mapping[str, Any]) -> str:
    """Return what a model says it thought, under the names that OpenRouter and others give it."""
    return _string(message.get("reasoning_content")) or _string(message.get("reasoning"))


def _calls(told: object) -> tuple[ToolCall, ...]:
    listed = [call for call in told if isinstance(call, dict)] if isinstance(told, list) else []
    functions = [(call, call.get("function")) for call in listed]
    return tuple(
        ToolCall(
            id=_call_id(call.get("id"), place),
            name=_string(function.get("name")),
            arguments=_arguments(function.get("arguments")),
        )
        for place, (call, function) in enumerate(functions)
        if isinstance(function, dict)
    )


def _call_id(told: object, place: int) -> str:
    return told if isinstance(told, str) and _CALL_ID.match(told) else f"call_{place}"


def _arguments(told: object) -> str:
    return json.dumps(told) if isinstance(told, dict) else _string(told)


def _finish_reason(told: object, *, has_calls: bool) -> str:
    known = FINISH_REASONS.get(_string(told).lower())
    return known or ("tool_calls" if has_calls else "stop")


def _logprobs(told: object) -> list[dict[str, Any]] | None:
    content = told.get("content") if isinstance(told, dict) else None
    if not isinstance(content, list):
        return None
    return [_token(each, tops=_tops(each)) for each in content if isinstance(each, dict)]


def _tops(token: Mapping[str, Any]) -> list[dict[str, Any]]:
    tops = token.get("top_logprobs")
    return [_token(each) for each in tops[:_MOST_TOP] if isinstance(each, dict)] if isinstance(tops, list) else []


def _token(told: Mapping[str, Any], tops: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    text, logprob = _string(told.get("token")), finite(told.get("logprob"))
    read = {"token": text, "logprob": -9999.0 if logprob is None else logprob}
    read["bytes"] = list(text.encode("utf-8", "replace"))
    return read if tops is None else {**read, "top_logprobs": tops}
