"""The seam of every engine: a `Sandbox` opens a `Session`, a `Session` carries frames to and from one guest."""

from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from bitsec_eval.core.answer import Ending
from bitsec_eval.core.task import Limits


class Frame(NamedTuple):
    """One message of the channel: a kind of one ASCII letter and its payload."""

    kind: str
    payload: bytes


class Session(Protocol):
    """One open sandbox, fresh and not yet told anything, with nothing untrusted running."""

    def send(self, kind: str, payload: bytes = b"") -> None:
        """Queue a frame for the guest, from any thread; it leaves while `receive` waits."""

    def refill(self) -> None:
        """Let the guest send as much again as when it was opened: it is put to another use."""

    def receive(self, deadline: float) -> Frame | Ending:
        """Return the guest's next frame, or the ending after which there will be none.

        `deadline` is on the clock of `time.monotonic`; when it passes, the ending is `TIMED_OUT` and the guest, if
        still wanted, may be spoken to again.

        Raises:
            SandboxError: the sandbox is gone and the guest is not to blame.
        """

    def death(self) -> Ending:
        """Wait for the guest's end and tell an out-of-memory kill from any other.

        Raises:
            SandboxError: the engine cannot say.
        """

    def vouch(self) -> None:
        """Confirm that a guest which is late had an engine that could have told us otherwise.

        Raises:
            SandboxError: the engine is away or slow, so nobody knows what the guest did.
        """


class Sandbox(Protocol):
    """A place where untrusted code can do no harm."""

    def open(self, limits: Limits) -> AbstractContextManager[Session]:
        """Return a fresh session, gone without a trace when the context is left.

        Raises:
            SandboxError: no sandbox with every guard set can be had.
        """
