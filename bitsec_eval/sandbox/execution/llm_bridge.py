"""The host's end of a container's LLM proxy: takes parts of requests, sends parts of responses, and bounds both.

What carries a request further is an `LLMTransport`. It is closed when the agent's phase ends; from then on nothing
that an agent asked is passed on, and no response goes back.
"""

import struct
import time
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

from bitsec_eval.core.answers.answer import Call, Ending
from bitsec_eval.core.answers.values import ValueFault, dumps, loads
from bitsec_eval.core.errors import InferenceError
from bitsec_eval.core.llm_request import LLMRequest, LLMResponse
from bitsec_eval.core.usage import Usage
from bitsec_eval.sandbox.protocol.guest_program import compiled

PORT = 4000
"""Where the proxy is in every container: the same one, so that equal agents see an equal world."""

PART = struct.Struct(">IB")
PART_BYTES = 1 << 18
HEAD_BYTES = 32 << 10
OPEN_QUESTIONS = 64
PARTS = 40_000
"""More questions at once, and more parts in one run, than the proxy in a container ever sends."""

NOTED_CALLS = 50


class LLMTransport(Protocol):
    """What takes the questions of one agent, once, to an LLM; usable from any thread."""

    @property
    def environment(self) -> Mapping[str, str]:
        """What the agent finds in its environment."""

    @property
    def request_bytes(self) -> int:
        """The longest body of a question."""

    @property
    def is_held_up(self) -> bool:
        """Whether the agent waits for us or the provider now, and not for the LLM: its clock stands still."""

    @property
    def excluded_seconds(self) -> float:
        """How long the agent has waited for us or the LLM's provider and not for the LLM: its clock stood still."""

    @property
    def failure(self) -> InferenceError | None:
        """Why this run is void, as soon as that is known."""

    def ask(self, question: LLMRequest, reply: Callable[[LLMResponse], None]) -> None:
        """Take a question and return at once; `reply` is called when there is one, from any thread."""

    def close(self) -> None:
        """Pass nothing on from here on, and give no reply any more."""

    def usage(self) -> Usage | None:
        """Return what was used so far; None where there is no LLM."""


class LLMBridge:
    """Every exchange of one running agent: puts questions together and takes replies apart."""

    def __init__(self, send: Callable[[str, bytes], None], transport: LLMTransport) -> None:
        self._send = send
        self._transport = transport
        self._coming: dict[int, bytearray] = {}
        self._waiting: set[int] = set()
        self._noted: dict[int, Call] = {}
        self._started = time.monotonic()
        self._asked = 0
        self._parts = 0
        self._most_bytes = transport.request_bytes + HEAD_BYTES

    @property
    def calls(self) -> tuple[Call, ...]:
        """The first questions, in seconds since this was made."""
        return tuple(self._noted.values())

    def take(self, payload: bytes) -> Ending | None:
        """Take one part of a question; an ending if no proxy of ours has sent it."""
        try:
            self._take(payload)
        except ValueFault:
            return Ending.MALFORMED
        return None

    def _take(self, payload: bytes) -> None:
        self._parts += 1
        if len(payload) < PART.size or self._parts > PARTS:
            raise ValueFault("no part of a question")
        number, last = PART.unpack_from(payload)
        coming = self._coming.setdefault(number, bytearray())
        coming += memoryview(payload)[PART.size :]
        if len(coming) > self._most_bytes or len(self._coming) + len(self._waiting) > OPEN_QUESTIONS:
            raise ValueFault("more than the proxy takes")
        if last:
            del self._coming[number]
            self._ask(number, bytes(coming))

    def _ask(self, number: int, whole: bytes) -> None:
        question = _question(whole)
        if number in self._waiting:
            raise ValueFault("a question asked twice")
        self._waiting.add(number)
        self._asked += 1
        place = self._asked
        if place <= NOTED_CALLS:
            self._noted[place] = Call(time.monotonic() - self._started)
        self._transport.ask(question, lambda reply: self._reply(number, place, reply))

    def _reply(self, number: int, place: int, reply: LLMResponse) -> None:
        self._waiting.discard(number)
        if place in self._noted:
            asked = self._noted[place].at_seconds
            self._noted[place] = Call(asked, time.monotonic() - self._started - asked)
        head = {"status": reply.status, "headers": dict(reply.headers), "length": len(reply.body)}
        whole = dumps(head) + b"\n" + reply.body
        for start in range(0, len(whole), PART_BYTES):
            last = start + PART_BYTES >= len(whole)
            self._send("R", PART.pack(number, last) + whole[start : start + PART_BYTES])


def _question(whole: bytes) -> LLMRequest:
    head, newline, body = whole.partition(b"\n")
    told = loads(head) if newline and len(head) <= HEAD_BYTES else None
    if not isinstance(told, dict) or told.keys() != {"method", "path"}:
        raise ValueFault("no question")
    if not all(isinstance(text, str) for text in told.values()):
        raise ValueFault("no question")
    return LLMRequest(method=told["method"], path=told["path"], body=body)


def environment_of(transport: LLMTransport) -> dict[str, str]:
    """Return what tells an agent where the LLM is, as the clients of OpenAI and Anthropic and Bitsec's miners do."""
    address = f"http://127.0.0.1:{PORT}"
    addresses = {"OPENAI_BASE_URL": f"{address}/v1", "ANTHROPIC_BASE_URL": address, "INFERENCE_API": address}
    return {**addresses, **transport.environment}


def proxy_order(transport: LLMTransport) -> dict[str, Any]:
    """Return what process 1 needs to open the proxy of a container."""
    return {"port": PORT, "bytes": transport.request_bytes, "program": _proxy_program()}


@cache
def _proxy_program() -> tuple[bytes, bytes, str | bytes]:
    text = files("bitsec_eval.sandbox.guest").joinpath("llm_proxy.py").read_text(encoding="utf-8")
    return compiled(text, "llm_proxy.py")
