"""Both directions of a session's stream in one loop, so that neither side can make the other wait for ever."""

import select
import time
from collections import deque
from typing import Protocol

from bitsec_eval.core.answer import Ending
from bitsec_eval.sandbox.frames import FrameReader, MalformedFrame, pack
from bitsec_eval.sandbox.session import Frame


class Transport(Protocol):
    """A non-blocking byte stream to and from a guest's stdin and stdout."""

    def filenos(self) -> tuple[int, int]:
        """Return the descriptors to wait on for reading and for writing."""

    def read(self) -> bytes | None:
        """Return bytes the guest wrote, b"" where none of them are the channel's, None at the end.

        Raises:
            OSError: the stream broke.
        """

    def write(self, data: memoryview) -> int:
        """Write what fits now and return how many bytes that was.

        Raises:
            OSError: the stream broke.
        """


class Channel:
    """Frames over a transport, with a cap on all that a guest may ever send."""

    def __init__(self, transport: Transport, most_bytes: int) -> None:
        self._transport = transport
        self._left = most_bytes
        self._frames = FrameReader()
        self._outgoing: deque[memoryview] = deque()
        self.closed = False

    def send(self, kind: str, payload: bytes) -> None:
        """Queue a frame; it is written while `receive` waits."""
        self._outgoing.append(memoryview(pack(kind, payload)))

    def receive(self, deadline: float) -> Frame | Ending | None:
        """Return the next frame, or why there is none: late, too loud, malformed, or None for a closed stream."""
        try:
            while True:
                frame = self._frames.pop()
                if frame is not None:
                    return frame
                if self.closed:
                    return None
                if self._left < 0:
                    return Ending.TOO_LOUD
                if not self._pump(deadline - time.monotonic()):
                    return Ending.TIMED_OUT
        except MalformedFrame:
            return Ending.MALFORMED

    def _pump(self, seconds: float) -> bool:
        """Move bytes once, either way; False when `seconds` pass without any."""
        if seconds <= 0:
            return False
        reader, writer = self._transport.filenos()
        poll = select.poll()
        poll.register(reader, select.POLLIN)
        if self._outgoing:
            poll.register(writer, select.POLLOUT if writer != reader else select.POLLIN | select.POLLOUT)
        ready = dict(poll.poll(seconds * 1000))
        try:
            if self._outgoing and ready.get(writer, 0) & (select.POLLOUT | select.POLLERR):
                self._write()
            if ready.get(reader, 0) & ~select.POLLOUT:
                self._read()
        except BlockingIOError:
            pass
        except OSError:  # reset or broken: the stream is over, and its owner finds out why
            self.closed = True
        return bool(ready)

    def _write(self) -> None:
        written = self._transport.write(self._outgoing[0])
        self._outgoing[0] = self._outgoing[0][written:]
        if not self._outgoing[0]:
            self._outgoing.popleft()

    def _read(self) -> None:
        chunk = self._transport.read()
        if chunk is None:
            self.closed = True
            return
        self._left -= len(chunk)
        self._frames.feed(chunk)
