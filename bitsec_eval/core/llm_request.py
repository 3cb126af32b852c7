"""Requests and responses between an agent and an LLM, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class LLMRequest:
    """One HTTP request of an agent's, as its sandbox told it: every byte is the agent's."""

    method: str
    path: str
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class LLMResponse:
    """What an agent gets for a question: an HTTP response without what the wire adds."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
