"""Run an agent once in an open session; whatever it does, the result is an `Answer`."""

import marshal
import time
from collections.abc import Mapping
from dataclasses import dataclass

from bitsec_eval.core.answers.answer import Answer, Ending
from bitsec_eval.core.answers.values import ValueFault, loads
from bitsec_eval.core.errors import InferenceError, SandboxError
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.api import Frame, FrameKind, Session
from bitsec_eval.sandbox.execution.llm_bridge import LLMBridge, LLMTransport, environment_of, proxy_order
from bitsec_eval.sandbox.hardening.policy import ENVIRONMENT

BEGIN_SECONDS = 60
STDERR_BYTES = 64 << 10
GLANCE_SECONDS = 0.25
"""How long a failure of the LLM, or a change of the agent's clock, may go unnoticed."""

LATE_FRAMES = 64
"""What may be read after an agent's time, of what was there by then: a full pipe is a few frames, and no more."""

SILENCE_SECONDS = 5.0
"""How long the stream of a guest that has ended may be silent before its end; the engine passes it on by itself."""

FROZEN_SECONDS = 0.05
"""How long an agent that may go on is frozen at most."""

MARSHAL_VERSION = 2
"""The newest that every Python reads alike."""

SIGKILL = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentOrder:
    """What a guest gets: the agent's source, its prompt, and files by their path in its working directory."""

    source: bytes
    prompt: str
    files: Mapping[str, bytes]


def run_agent(session: Session, order: AgentOrder, limits: Limits, line: LLMTransport | None = None) -> Answer:
    """Run `python agent.py --task PROMPT` in the session, within the limits.

    What the agent asks an LLM goes over `line`, which is closed when this returns; without one nobody listens.

    Raises:
        SandboxError: the sandbox failed; the agent is not to blame.
        InferenceError: the LLM failed; the agent is not to blame.
    """
    try:
        _start(session, order, line)
        return _Listening(session, limits, line).answer()
    finally:
        if line is not None:
            line.close()


def _start(session: Session, order: AgentOrder, line: LLMTransport | None) -> None:
    session.send(FrameKind.PUT_FILE, b"/tmp/agent/agent.py\0" + order.source)
    for path, content in sorted(order.files.items()):
        session.send(FrameKind.PUT_FILE, f"/workspace/{path}".encode() + b"\0" + content)
    environment = {**ENVIRONMENT, **(environment_of(line) if line else {})}
    proxy = proxy_order(line) if line else None
    whole = {"argv": ["--task", order.prompt], "env": environment, "proxy": proxy}
    session.send(FrameKind.RUN_AGENT, marshal.dumps(whole, MARSHAL_VERSION))
    heard = session.receive(time.monotonic() + BEGIN_SECONDS)
    if not isinstance(heard, Frame) or heard.kind != FrameKind.BEGUN:
        raise SandboxError("a sandbox did not take the agent and its workspace; is this machine overloaded?")


class _Listening:
    """Collects what one running agent sends until it ends or must be stopped."""

    def __init__(self, session: Session, limits: Limits, line: LLMTransport | None) -> None:
        self._session = session
        self._limits = limits
        self._line = line
        self._bridge = LLMBridge(session.send, line) if line else None
        self._started = time.monotonic()
        self._late_frames = 0
        self._is_frozen = False
        self._stdout = bytearray()
        self._stderr = bytearray()
        self._status = ""
        self._first_byte_seconds: float | None = None

    def answer(self) -> Answer:
        try:
            ending = self._ending()
        finally:
            if self._is_frozen:
                self._session.resume()
        return Answer(
            ending=ending,
            stdout=bytes(self._stdout[: self._limits.output_bytes]),
            stderr=bytes(self._stderr[-STDERR_BYTES:]),
            seconds=time.monotonic() - self._started,
            status=self._status,
            first_byte_seconds=self._first_byte_seconds,
            calls=self._bridge.calls if self._bridge else (),
        )

    def _ending(self) -> Ending:
        ending = None
        while ending is None:
            ending = self._hear(self._next())
        if ending is Ending.TIMED_OUT:
            self._refuse_to_blame()
            return self._late()
        return ending

    @property
    def _deadline(self) -> float:
        """When the agent's time is up; its clock stands still while it is held up by us."""
        return self._started + self._limits.wall_seconds + self._excluded_seconds

    @property
    def _excluded_seconds(self) -> float:
        """How long the agent's clock has stood still, which is never longer than its own time."""
        excluded = self._line.excluded_seconds if self._line is not None else 0.0
        return min(excluded, self._limits.wall_seconds)

    def _freeze_while_held_up(self) -> None:
        """Pause the agent's sandbox while its clock stands still: time that does not count is not to be used."""
        line, seconds = self._line, self._limits.wall_seconds
        is_held_up = line is not None and line.is_held_up and line.excluded_seconds < seconds
        if is_held_up != self._is_frozen:
            self._is_frozen = is_held_up
            (self._session.pause if is_held_up else self._session.resume)()

    def _refuse_to_blame(self) -> None:
        """Blame no agent for being late that was held up by us for longer than its clock may stand still.

        Raises:
            InferenceError: it was.
        """
        if self._line is not None and self._line.excluded_seconds > self._limits.wall_seconds:
            raise InferenceError("the LLM's provider held up an agent for longer than its task's timeout")

    def _late(self) -> Ending:
        """Return how an agent ended of whom no end was heard in time.

        It is late if it still runs, or ended too late by the engine's own time. The news of an end in time may have
        been held up behind what the agent sent before; that is read, however long it takes.
        """
        ended_at = self._session.ended_at()
        if ended_at is None:
            return Ending.TIMED_OUT
        ending = None
        while ending is None:
            ending = self._hear(self._session.receive(time.monotonic() + SILENCE_SECONDS))
        if ending is Ending.TIMED_OUT:  # nothing that has ended can hold back its own end
            raise SandboxError("the engine kept back how a sandbox ended; is this machine overloaded?")
        return ending if ended_at <= self._deadline else Ending.TIMED_OUT

    def _next(self) -> Frame | Ending:
        """Return the next frame or the ending."""
        if time.monotonic() >= self._deadline:
            self._late_frames += 1
            if self._late_frames > LATE_FRAMES:
                return Ending.TIMED_OUT
        if self._line is None:
            return self._session.receive(self._deadline)
        while True:
            self._freeze_while_held_up()
            glance = time.monotonic() + (FROZEN_SECONDS if self._is_frozen else GLANCE_SECONDS)
            heard = self._session.receive(min(self._deadline, glance))
            if self._line.failure is not None:
                raise self._line.failure
            late = time.monotonic() >= self._deadline
            if heard is not Ending.TIMED_OUT or late:
                return heard

    def _hear(self, heard: Frame | Ending) -> Ending | None:
        if isinstance(heard, Ending):
            return heard
        if heard.kind == FrameKind.STDOUT:
            if self._first_byte_seconds is None:
                self._first_byte_seconds = time.monotonic() - self._started
            self._stdout += heard.payload
            return Ending.TOO_LOUD if len(self._stdout) > self._limits.output_bytes else None
        if heard.kind == FrameKind.STDERR:
            self._stderr += heard.payload
            if len(self._stderr) > 2 * STDERR_BYTES:  # not each time, or small pieces would cost more than they are
                del self._stderr[:-STDERR_BYTES]
            return None
        if heard.kind == FrameKind.LLM_REQUEST and self._bridge is not None:
            return self._bridge.take(heard.payload)
        if heard.kind == FrameKind.EXITED:
            return self._exited(heard.payload)
        return Ending.MALFORMED

    def _exited(self, payload: bytes) -> Ending:
        try:
            word, number = _exit_words(loads(payload))
        except ValueFault:
            return Ending.MALFORMED
        self._status = f"{word} {number}"
        if word == "status":
            return Ending.EXITED
        return self._session.wait_exit() if number == SIGKILL else Ending.CRASHED


def _exit_words(told: object) -> tuple[str, int]:
    """Return ("status", n) or ("signal", n) from the guest's word on how a process ended."""
    if isinstance(told, dict) and len(told) == 1:
        word, number = next(iter(told.items()))
        if word in ("status", "signal") and type(number) is int and 0 <= number < 256:
            return word, number
    raise ValueFault("not how a process ends")
