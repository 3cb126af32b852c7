"""A session over a channel, whichever engine it is of: only how a guest ended is for each engine to find out."""

from abc import ABC, abstractmethod

from bitsec_eval.core.answers.answer import Ending
from bitsec_eval.core.errors import SandboxError
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.api import Frame, FrameKind
from bitsec_eval.sandbox.protocol.channel import Channel, Transport
from bitsec_eval.sandbox.protocol.guest_program import program

BEYOND_OUTPUT_BYTES = 96 << 20
"""What a guest may send in all besides its stdout: stderr, replies, questions to an LLM and the frames themselves."""

FRAMES = 1 << 17
FRAMES_A_SECOND = 512
"""More frames than a guest of ours ever sends: process 1 gathers what is written in small pieces."""


class FramedSession(ABC):
    """One guest's stream of frames; see `Session`."""

    where = ""
    engine_number = 0

    def __init__(self, transport: Transport, limits: Limits) -> None:
        most_frames = FRAMES + round(FRAMES_A_SECOND * limits.wall_seconds)
        self._channel = Channel(transport, limits.output_bytes + BEYOND_OUTPUT_BYTES, most_frames)
        self._channel.send_bytes(program())
        self.told_of_an_end = False

    def send(self, kind: str, payload: bytes = b"") -> None:
        """See `Session.send`."""
        self._channel.send(kind, payload)

    def reset_output_quota(self) -> None:
        """See `Session.reset_output_quota`."""
        self._channel.reset_output_quota()

    def receive(self, deadline: float) -> Frame | Ending:
        """See `Session.receive`."""
        heard = self._channel.receive(deadline)
        self.told_of_an_end = isinstance(heard, Frame) and heard.kind == FrameKind.EXITED
        return self.wait_exit() if heard is None else heard

    def close(self) -> None:
        """Take nothing more to send."""
        self._channel.close()

    @abstractmethod
    def wait_exit(self) -> Ending:
        """See `Session.wait_exit`."""

    def check_engine_alive(self) -> None:
        """See `Session.check_engine_alive`."""
        if self.ended_at() is not None:
            raise SandboxError("the engine kept back how a sandbox ended; is this machine overloaded?")

    @abstractmethod
    def pause(self) -> None:
        """See `Session.pause`."""

    @abstractmethod
    def resume(self) -> None:
        """See `Session.resume`."""

    @abstractmethod
    def ended_at(self) -> float | None:
        """See `Session.ended_at`."""
