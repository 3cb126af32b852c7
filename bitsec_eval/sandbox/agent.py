"""Run an agent once in an open session; whatever it does, the result is an `Answer`."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from bitsec_eval.core.answer import Answer, Ending
from bitsec_eval.core.errors import SandboxError
from bitsec_eval.core.task import Limits
from bitsec_eval.core.values import ValueFault, dumps, loads
from bitsec_eval.sandbox.guards import ENVIRONMENT
from bitsec_eval.sandbox.session import Frame, Session

BEGIN_SECONDS = 60
STDERR_BYTES = 64 << 10
SIGKILL = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentOrder:
    """What a guest gets: the agent's source, its prompt, and files by their path in its working directory."""

    source: bytes
    prompt: str
    files: Mapping[str, bytes]


def run_agent(session: Session, order: AgentOrder, limits: Limits) -> Answer:
    """Run `python agent.py --task PROMPT` in the session, within the limits.

    Raises:
        SandboxError: the sandbox failed; the agent is not to blame.
    """
    session.send("P", b"/tmp/agent/agent.py\0" + order.source)
    for path, content in sorted(order.files.items()):
        session.send("P", f"/workspace/{path}".encode() + b"\0" + content)
    session.send("A", dumps({"argv": ["--task", order.prompt], "env": ENVIRONMENT}))
    heard = session.receive(time.monotonic() + BEGIN_SECONDS)
    if not isinstance(heard, Frame) or heard.kind != "B":
        raise SandboxError("a sandbox did not take the agent and its workspace; is this machine overloaded?")
    return _Listening(session, limits).answer()


class _Listening:
    """Collects what one running agent sends until it ends or must be stopped."""

    def __init__(self, session: Session, limits: Limits) -> None:
        self._session = session
        self._limits = limits
        self._started = time.monotonic()
        self._stdout = bytearray()
        self._stderr = bytearray()
        self._status = ""

    def answer(self) -> Answer:
        ending = None
        while ending is None:
            ending = self._hear(self._session.receive(self._started + self._limits.wall_seconds))
        return Answer(
            ending=ending,
            stdout=bytes(self._stdout[: self._limits.output_bytes]),
            stderr=bytes(self._stderr),
            seconds=time.monotonic() - self._started,
            status=self._status,
        )

    def _hear(self, heard: Frame | Ending) -> Ending | None:
        if isinstance(heard, Ending):
            return heard
        if heard.kind == "O":
            self._stdout += heard.payload
            return Ending.TOO_LOUD if len(self._stdout) > self._limits.output_bytes else None
        if heard.kind == "E":
            self._stderr = (self._stderr + heard.payload)[-STDERR_BYTES:]
            return None
        if heard.kind == "X":
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
        return self._session.death() if number == SIGKILL else Ending.CRASHED


def _exit_words(told: object) -> tuple[str, int]:
    """Return ("status", n) or ("signal", n) from the guest's word on how a process ended."""
    if isinstance(told, dict) and len(told) == 1:
        word, number = next(iter(told.items()))
        if word in ("status", "signal") and type(number) is int and 0 <= number < 256:
            return word, number
    raise ValueFault("not how a process ends")
