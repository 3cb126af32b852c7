"""Both directions of a session's stream in one loop, so that neither side can make the other wait for ever."""

import select
import socket
import time
from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Protocol

from bitsec_eval.core.answers.answer import Ending
from bitsec_eval.sandbox.api import Frame
from bitsec_eval.sandbox.protocol.frames import FrameReader, MalformedFrame, pack


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


_NOTHING = memoryview(b"")


class Channel:
    """Frames over a transport, with a cap on all that a guest may ever send, in bytes and in frames.

    One thread receives; any thread may send, and wakes the one that receives.
    """

    def __init__(self, transport: Transport, most_bytes: int, most_frames: int) -> None:
        self._transport = transport
        self._left = self._most_bytes = most_bytes
        self._frames_left = self._most_frames = most_frames
        self._frames = FrameReader()
        self._outgoing: deque[bytes] = deque()
        self._leaving = _NOTHING
        self._waker = Waker()
        self.closed = False

    def send(self, kind: str, payload: bytes) -> None:
        """Queue a frame; it is written while `receive` waits."""
        self.send_bytes(pack(kind, payload))

    def send_bytes(self, data: bytes) -> None:
        """Queue bytes that are no frame."""
        self._outgoing.append(data)
        self._waker.wake()

    def reset_output_quota(self) -> None:
        """Let the guest send its whole share again: it is put to another use."""
        self._left, self._frames_left = self._most_bytes, self._most_frames

    def close(self) -> None:
        """Take nothing more: what is sent from now on goes nowhere."""
        self.closed = True
        self._waker.close()

    def receive(self, deadline: float) -> Frame | Ending | None:
        """Return the next frame, or why there is none: late, too loud, malformed, or None for a closed stream."""
        try:
            while True:
                frame = self._frames.pop()
                if frame is not None and self._frames_left:
                    self._frames_left -= 1
                    return frame
                if frame is not None or self._left < 0:
                    return Ending.TOO_LOUD
                if self.closed:
                    return None
                if not self._pump(deadline - time.monotonic()):
                    return Ending.TIMED_OUT
        except MalformedFrame:
            return Ending.MALFORMED

    def _pump(self, seconds: float) -> bool:
        """Move bytes once, either way; False when `seconds` pass without any: what is there already is not late."""
        reader, writer = self._transport.filenos()
        poll = select.poll()
        poll.register(self._waker, select.POLLIN)
        poll.register(reader, select.POLLIN)
        sending = bool(self._outgoing or self._leaving)
        if sending:
            poll.register(writer, select.POLLOUT if writer != reader else select.POLLIN | select.POLLOUT)
        ready = dict(poll.poll(max(0.0, seconds) * 1000))
        self._waker.clear()
        try:
            if sending and ready.get(writer, 0) & (select.POLLOUT | select.POLLERR):
                self._write()
            if ready.get(reader, 0) & ~select.POLLOUT:
                self._read()
        except BlockingIOError:
            pass
        except OSError:  # reset or broken: the stream is over, and its owner finds out why
            self.closed = True
        return bool(ready)

    def _write(self) -> None:
        # All that waits leaves at once: each write wakes whoever carries it on, and then the guest.
        if not self._leaving:
            waiting = len(self._outgoing)  # other threads only ever append
            self._leaving = memoryview(b"".join(self._outgoing.popleft() for _ in range(waiting)))
        self._leaving = self._leaving[self._transport.write(self._leaving) :] or _NOTHING  # lets go of what has left

    def _read(self) -> None:
        chunk = self._transport.read()
        if chunk is None:
            self.closed = True
            return
        self._left -= len(chunk)
        self._frames.feed(chunk)


class Waker:
    """Wakes the thread that waits for `fileno` to be readable; may be rung from any thread, also when closed."""

    def __init__(self) -> None:
        self._wait_end, self._wake_end = socket.socketpair()
        self._wait_end.setblocking(False)
        self._wake_end.setblocking(False)
        self._lock = Lock()  # a number that was closed may be another session's by the time it is written to
        self._open = True

    def fileno(self) -> int:
        """Return what to wait on."""
        return self._wait_end.fileno()

    def wake(self) -> None:
        """Wake whoever waits."""
        with self._lock:
            if self._open:
                self._ignoring(lambda: self._wake_end.send(b"\0"))

    def clear(self) -> None:
        """Forget how often it was rung."""
        self._ignoring(lambda: self._wait_end.recv(4096))

    def close(self) -> None:
        """Ring no more."""
        with self._lock:
            self._open = False
            self._wait_end.close()
            self._wake_end.close()

    def __del__(self) -> None:
        self.close()

    @staticmethod
    def _ignoring(step: Callable[[], object]) -> None:
        try:
            step()
        except BlockingIOError:  # rung and not yet heard, or not rung at all
            return
