"""Calls on an answer that was loaded in a sandbox: one request out, one reply back, every reply an enemy's bytes."""

import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any

from bitsec_eval.core.answers.answer import Ending
from bitsec_eval.core.answers.values import ValueFault, decode, dumps, encode, loads
from bitsec_eval.core.errors import AnswerFault, LackingNameFault, SandboxError, SolutionError
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.core.text import one_line
from bitsec_eval.sandbox.api import Frame, FrameKind, Session

BEGIN_SECONDS = 60
REST_SECONDS = 5
MESSAGE_CHARACTERS = 4096
LOADING = "loading the answer"
LEFT_UNUSABLE = "the solution left its sandbox unusable for the next check"

_OF_THE_LAST_CHECK = (FrameKind.REPLY, FrameKind.WORKER_EXITED)
"""What it may have left on its way when the next one begins."""

_STORIES = {
    Ending.TIMED_OUT: "took longer than {seconds:g} s",
    Ending.OUT_OF_MEMORY: "used more than {memory} MiB of memory",
    Ending.TOO_LOUD: "sent more bytes than any honest one would",
    Ending.MALFORMED: "wrote to its sandbox's own channel",
    Ending.CRASHED: "brought its sandbox down",
}


_PUBLIC_STORIES = {
    Ending.TIMED_OUT: "the solution took longer than a call may take",
    Ending.OUT_OF_MEMORY: "the solution used more memory than the task allows",
    Ending.TOO_LOUD: "the solution sent more bytes than any honest one would",
    Ending.MALFORMED: "the solution wrote to its sandbox's own channel",
    Ending.CRASHED: "the solution brought its sandbox down",
    Ending.EXITED: "the solution brought its sandbox down",
}


class SolutionRpc:
    """The solution's side of a run: `begin` once for each check, then `ask`.

    The first fault of a check stays: every later request of the check raises it again, so that a check which expects
    an exception cannot take a crash or a time-out for one. `fault` holds it.
    `lacking` holds a fault for each name that was looked up in vain; whoever looked decides what that means.
    A program of ours (`LOAD_PROGRAM`) is loaded once for all checks, by process 1: what an agent wrote never is.
    """

    def __init__(
        self, session: Session, answer: bytes, limits: Limits, kind: FrameKind = FrameKind.LOAD_ANSWER
    ) -> None:
        self._session = session
        self._limits = limits
        self._left_seconds = 0.0
        self.fault: AnswerFault | SandboxError | None = None
        self.lacking: list[LackingNameFault] = []
        self.usable = True
        session.send(kind, answer)

    def begin(self) -> None:
        """Load the answer in a fresh process with nothing left of the last check; a fault to load is in `fault`.

        Raises:
            SandboxError: the sandbox failed.
        """
        self.fault = None
        self.lacking = []
        self._session.reset_output_quota()
        self._left_seconds = self._limits.wall_seconds + self._limits.call_seconds
        self._session.send(FrameKind.NEW_CHECK)
        number = self._send({"op": "load"})  # one message with the other: the guest takes them in order
        try:
            self._await_begin()
            self._reply(number, LOADING)
        except AnswerFault as fault:
            self.fault = fault
        except SandboxError as error:
            self.fault, self.usable = error, False
            raise

    def quiesce(self) -> None:
        """Leave nothing running, behind the last check; a sandbox in which that fails is not `usable` any more."""
        if not self.usable:
            return
        self._session.reset_output_quota()
        self._session.send(FrameKind.NEW_CHECK)
        try:
            self._await_begin(REST_SECONDS)
        except (AnswerFault, SandboxError):
            self.usable = False

    def _await_begin(self, seconds: float = BEGIN_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        heard = self._session.receive(deadline)
        while isinstance(heard, Frame) and heard.kind in (
            FrameKind.REPLY,
            FrameKind.WORKER_EXITED,
        ):  # what the last check left on its way
            heard = self._session.receive(deadline)
        if not isinstance(heard, Frame) or heard.kind != FrameKind.BEGUN:
            self.usable = False
            raise AnswerFault(LEFT_UNUSABLE, LEFT_UNUSABLE)

    def ask(self, request: Mapping[str, Any], doing: str) -> dict[str, Any]:
        """Send one request and return its reply: a dict with "value", "callable" or "stop".

        Raises:
            SolutionError: the solution raised.
            AnswerFault: it has no such name, was late, died or broke the channel; kept in `fault`.
            SandboxError: the sandbox failed; kept in `fault`.
        """
        if self.fault is not None:
            raise self.fault
        try:
            reply = self._reply(self._send(request), doing)
        except (AnswerFault, SandboxError) as fault:
            self.fault = fault
            self.usable = self.usable and not isinstance(fault, SandboxError)
            raise
        if "missing" in reply:
            raise self._lack(request)
        return reply

    def _lack(self, request: Mapping[str, Any]) -> AnswerFault:
        """Return the fault of a name that is not there; the name is the one that was asked for, not the reply's."""
        told = f"the solution defines no {one_line(str(request.get('name', 'such name')), 200)!r}"
        if request["op"] != "get":
            self.fault = AnswerFault(told, told)
            return self.fault
        self.lacking.append(LackingNameFault(told, told))
        return self.lacking[-1]

    def _send(self, request: Mapping[str, Any]) -> str:
        number = secrets.token_hex(16)
        self._session.send(FrameKind.CALL, dumps({**request, "id": number}))
        return number

    def _reply(self, number: str, doing: str) -> dict[str, Any]:
        seconds = min(self._limits.call_seconds, self._left_seconds)
        started = time.monotonic()
        heard = self._session.receive(started + seconds)
        self._left_seconds -= time.monotonic() - started
        if heard is Ending.TIMED_OUT:
            self._session.check_engine_alive()
        if isinstance(heard, Ending):
            self.usable = heard is Ending.TIMED_OUT
            raise AnswerFault(f"{doing}: {self._story(heard, seconds)}", f"{doing}: {_PUBLIC_STORIES[heard]}")
        if heard.kind == FrameKind.WORKER_EXITED:
            told = f"{doing}: the solution's process ended"
            raise AnswerFault(f"{told} ({_death_words(heard.payload)})", told)
        return self._read(heard, number, doing)

    def _story(self, ending: Ending, seconds: float) -> str:
        return "the solution " + _STORIES[ending].format(seconds=seconds, memory=self._limits.memory_mib)

    def _read(self, heard: Frame, number: str, doing: str) -> dict[str, Any]:
        try:
            reply = _checked_reply(heard, number)
        except ValueFault as fault:
            self.usable = False
            raise AnswerFault(f"{doing}: the sandbox sent {fault}", f"{doing} gave no reply") from None
        if "raised" in reply:
            kind, message = reply["raised"]
            raise SolutionError(one_line(kind, 200), message[:MESSAGE_CHARACTERS])
        if "fault" in reply:
            public = f"{doing} failed" if doing == LOADING else f"{doing} gave no plain value"
            raise AnswerFault(f"{doing}: {one_line(reply['fault'])}", public)
        return reply

    def value(self, reply: Mapping[str, Any], doing: str) -> Any:
        """Return the value in a reply: plain data or a `HandleRef`."""
        try:
            return decode(reply.get("value"))
        except ValueFault as fault:
            told = f"{doing}: the value that came back is {fault}"
            self.fault = AnswerFault(told, f"{doing} gave no plain value")
            raise self.fault from None


_REPLY_KINDS: Mapping[str, type] = {
    "value": list,
    "callable": str,
    "stop": bool,
    "missing": str,
    "fault": str,
    "raised": list,
}


def _checked_reply(heard: Frame, number: str) -> dict[str, Any]:
    if heard.kind != FrameKind.REPLY:
        raise ValueFault(f"a frame of kind {heard.kind!r} for a reply")
    reply = loads(heard.payload)
    if not isinstance(reply, dict) or reply.pop("id", None) != number or len(reply) != 1:
        raise ValueFault("a reply to no call of ours")
    name, content = next(iter(reply.items()))
    if name not in _REPLY_KINDS or not isinstance(content, _REPLY_KINDS[name]):
        raise ValueFault("a reply of no known form")
    if name == "raised" and [type(part) for part in reply["raised"]] != [str, str]:
        raise ValueFault("a reply of no known form")
    return reply


def _death_words(payload: bytes) -> str:
    try:
        told = loads(payload)
    except ValueFault:
        return "no word on how"
    if told == {"signal": 9}:
        return "killed, most likely for using more memory than the task allows"
    words = told.items() if isinstance(told, dict) else ()
    return one_line(", ".join(f"{word} {number}" for word, number in words), 80)


def encoded_arguments(arguments: Sequence[object], named: Mapping[str, object]) -> dict[str, Any]:
    """Return the request fields of a call's arguments.

    Raises:
        TypeError: an argument is not plain data nor one of the solution's own handles: the check is wrong.
    """
    try:
        return {
            "args": [encode(argument) for argument in arguments],
            "kwargs": {name: encode(value) for name, value in named.items()},
        }
    except ValueFault as fault:
        raise TypeError(f"an argument cannot be passed to the solution: {fault}") from None
