"""The sessions that are open on one node: a thread for each carries what its guest sends, ready to be fetched."""

import asyncio
import secrets
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from threading import Condition, Thread

from bitsec_eval.cluster.messages import HELD_BYTES, Told, pack_told
from bitsec_eval.core.answers.answer import Ending
from bitsec_eval.core.errors import SandboxError
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.api import Frame, FrameKind, Sandbox, Session

LISTEN_SECONDS = 1.0
NUMBER_BITS = 63


class OpenSession:
    """One open session of a driver; its guest is listened to from the moment it is opened."""

    def __init__(self, opened: AbstractContextManager[Session], loop: asyncio.AbstractEventLoop) -> None:
        self._opened = opened
        self._session = opened.__enter__()
        self._loop = loop
        self._held = bytearray()
        self._room = Condition()
        self._news = asyncio.Event()
        self._closed = False
        self._over = False
        self._early: dict[int, tuple[str, bytes]] = {}
        self._next = 0
        self._thread = Thread(target=self._listen, name="bitsec-listen", daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while not self._closed:
            told = self._heard()
            if told is Ending.TIMED_OUT:  # nobody's deadline: only a look at whether this goes on
                continue
            self._tell(told)
            if not isinstance(told, Frame) or told.kind == FrameKind.EXITED:
                return  # behind its agent's end a guest has nothing to say, and how it ended is asked for

    def _heard(self) -> Told:
        try:
            return self._session.receive(time.monotonic() + LISTEN_SECONDS)
        except SandboxError as error:
            return error

    def _tell(self, told: Told) -> None:
        with self._room:
            self._room.wait_for(lambda: self._closed or len(self._held) < HELD_BYTES)
            self._held += pack_told(told)
            self._over = not isinstance(told, Frame)
        with suppress(RuntimeError):  # the node is stopping
            self._loop.call_soon_threadsafe(self._news.set)

    async def fetch(self, seconds: float) -> bytes:
        """Return what the guest has sent since, waiting so long for the first of it."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), seconds)
        with self._room:
            taken = bytes(self._held)
            self._held.clear()
            if not self._over:
                self._news.clear()
            self._room.notify()
        return taken

    def send(self, number: int, kind: str, payload: bytes) -> None:
        """Send a frame in its turn: calls of one driver may overtake one another on the way."""
        self._early[number] = (kind, payload)
        while self._next in self._early:
            self._session.send(*self._early.pop(self._next))
            self._next += 1

    def do(self, step: Callable[[Session], bytes]) -> bytes:
        """Return what a step on the session gives, or what it raises, as a message."""
        try:
            return step(self._session)
        except SandboxError as error:
            return pack_told(error)

    def close(self) -> None:
        """Listen no more and remove the sandbox."""
        with self._room:
            self._closed = True
            self._room.notify_all()
        self._thread.join(2 * LISTEN_SECONDS)
        self._opened.__exit__(None, None, None)


class NodeSessions:
    """Every open session of one driver on this node."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._sessions: dict[int, OpenSession] = {}

    def __getitem__(self, number: int) -> OpenSession:
        """Return an open session.

        Raises:
            SandboxError: it was removed.
        """
        session = self._sessions.get(number)
        if session is None:
            raise SandboxError("a sandbox was removed: its validator was not heard of for too long")
        return session

    def open(self, sandbox: Sandbox, limits: Limits) -> int:
        """Open a session and return its number; blocks while it starts.

        Raises:
            SandboxError: no sandbox with every guard set can be had.
        """
        opened = OpenSession(sandbox.open(limits), self._loop)
        number = secrets.randbits(NUMBER_BITS)  # no other session's, in this actor or one that takes its place
        self._sessions[number] = opened
        return number

    def close(self, number: int) -> None:
        """Remove a session; one that is gone is as good."""
        session = self._sessions.pop(number, None)
        if session is not None:
            session.close()

    def close_all(self) -> None:
        """Remove every session."""
        for number in list(self._sessions):
            self.close(number)
