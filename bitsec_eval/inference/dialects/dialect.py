"""The interface of a dialect, and the pieces that several of them share."""

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from bitsec_eval.core.llm_request import LLMResponse
from bitsec_eval.inference.completion import Completion
from bitsec_eval.inference.request.chat import ChatRequest

EVENT_STREAM = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A completion with the request it answers, the tokens that were counted, and when, in seconds since 1970."""

    completion: Completion
    request: ChatRequest
    prompt_tokens: int
    completion_tokens: int
    created: int

    @property
    def total_tokens(self) -> int:
        """All tokens."""
        return self.prompt_tokens + self.completion_tokens


class Dialect(Protocol):
    """One wire format."""

    def chat_form(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a request as one for a chat completion, to be read by the strict schema of those.

        Raises:
            RequestProblem: it says something that has no such form.
        """

    def response(self, answered: Answered) -> LLMResponse:
        """Return a completion in this format, in one piece or as events, as the request wants it."""


def new_id(prefix: str) -> str:
    """Return an id of our own: those of the provider say nothing that an agent needs."""
    return f"{prefix}{secrets.token_hex(12)}"


def named_events(events: Iterable[Mapping[str, Any]]) -> LLMResponse:
    """Return a stream of events, each under the name that its `type` says."""
    return event_stream(f"event: {event['type']}\ndata: {compact(event)}\n\n" for event in events)


def event_stream(events: Iterable[str]) -> LLMResponse:
    """Return a stream of events that are written out."""
    return LLMResponse(status=200, body="".join(events).encode("ascii"), headers=EVENT_STREAM)


def compact(value: object) -> str:
    """Return JSON without blanks."""
    return json.dumps(value, separators=(",", ":"))
