"""The seam of every engine: a `Sandbox` opens a `Session`, a `Session` carries frames to and from one guest."""

from contextlib import AbstractContextManager
from enum import StrEnum
from typing import NamedTuple, Protocol

from bitsec_eval.core.answers.answer import Ending
from bitsec_eval.core.tasks.task import Limits


class FrameKind(StrEnum):
    """What a frame is for: one ASCII letter on the wire; `guest/runner.py` has the table of both directions."""

    PUT_FILE = "P"
    RUN_AGENT = "A"
    LOAD_ANSWER = "L"
    LOAD_PROGRAM = "M"
    NEW_CHECK = "N"
    CALL = "C"
    LLM_RESPONSE = "R"

    HELLO = "H"
    BEGUN = "B"
    STDOUT = "O"
    STDERR = "E"
    EXITED = "X"
    REPLY = "V"
    WORKER_EXITED = "D"
    LLM_REQUEST = "Q"


class Frame(NamedTuple):
    """One message of the channel."""

    kind: FrameKind
    payload: bytes


class Session(Protocol):
    """One open sandbox, fresh and not yet told anything, with nothing untrusted running.

    `where` names the engine it is on, and `engine_number` says which of several that is, from 1; they are empty and 0
    where there is only one.
    """

    where: str
    engine_number: int

    def send(self, kind: str, payload: bytes = b"") -> None:
        """Queue a frame for the guest, from any thread; it leaves while `receive` waits."""

    def reset_output_quota(self) -> None:
        """Let the guest send as much again as when it was opened: it is put to another use."""

    def receive(self, deadline: float) -> Frame | Ending:
        """Return the guest's next frame, or the ending after which there will be none.

        `deadline` is on the clock of `time.monotonic`; when it passes, the ending is `TIMED_OUT` and the guest, if
        still wanted, may be spoken to again.

        Raises:
            SandboxError: the sandbox is gone and the guest is not to blame.
        """

    def wait_exit(self) -> Ending:
        """Wait for the guest's end and tell an out-of-memory kill from any other.

        Raises:
            SandboxError: the engine cannot say.
        """

    def ended_at(self) -> float | None:
        """Return when the guest ended, or None while it runs, by whoever can tell and not by what the guest sent.

        The time is on the clock of `time.monotonic` and the earliest that it can have been: news of an end may be
        long on its way behind what else was sent.

        Raises:
            SandboxError: the engine is away, so nobody knows what the guest did.
            UnprovenError: the engine is slow.
        """

    def pause(self) -> None:
        """Freeze every process of the guest until `resume`; what is sent to it meanwhile waits.

        Raises:
            SandboxError: the engine cannot.
        """

    def resume(self) -> None:
        """Let a paused guest go on.

        Raises:
            SandboxError: the engine cannot.
        """

    def check_engine_alive(self) -> None:
        """Confirm that a guest which is late lives, and had an engine that could have told us otherwise.

        Raises:
            SandboxError: the engine is away or slow, or kept back that the guest has ended.
        """


class Sandbox(Protocol):
    """A place where untrusted code can do no harm."""

    def open(self, limits: Limits) -> AbstractContextManager[Session]:
        """Return a fresh session, gone without a trace when the context is left.

        Raises:
            SandboxError: no sandbox with every guard set can be had.
        """
