"""A session whose guest is on a node: what it sends is fetched ahead, on Dask's event loop, and waits here."""

import asyncio
import itertools
import queue
import time
from collections.abc import Awaitable, Callable
from threading import Lock
from typing import Protocol

from bitsec_eval.cluster.messages import HELD_BYTES, Told, unpack_fetched, unpack_told
from bitsec_eval.core.answers.answer import Ending
from bitsec_eval.core.errors import SandboxError, UnprovenError
from bitsec_eval.sandbox.api import Frame

FETCH_SECONDS = 30.0
"""How long a question for news of a guest stays open; a node that is away is noticed by its heartbeat."""

STEP_SECONDS = 40.0
SLOW_SECONDS = 2.0
"""A node that takes longer to answer was not passing on what its guests sent either."""


class RemoteNode(Protocol):
    """The driver's end of a node: its actor, called by the name of a method, on Dask's event loop."""

    name: str
    loop: asyncio.AbstractEventLoop

    def call(self, method: str, *arguments: object) -> Awaitable[bytes]:
        """Call a method of the actor and return what it returns."""

    def lost(self, error: BaseException) -> SandboxError:
        """Return what whoever used the node is told of an error on the way to it."""


class RemoteSession:
    """One session on a node; see `Session`."""

    def __init__(self, node: RemoteNode, number: int) -> None:
        self.where = node.name
        self.engine_number = 0
        self._node = node
        self.number = number
        self._told: queue.SimpleQueue[Told] = queue.SimpleQueue()
        self._places = itertools.count()
        self._sending = Lock()
        self._held_bytes = 0
        self._holding = Lock()
        self._room = asyncio.Event()
        self._room.set()
        self._pump = asyncio.run_coroutine_threadsafe(self._fetch(), node.loop)

    async def _fetch(self) -> None:
        try:
            while True:
                await self._room.wait()
                for told in unpack_fetched(self.number, await self._node.call("fetch", self.number, FETCH_SECONDS)):
                    self._hold(told)
                    if not isinstance(told, Frame):
                        return
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever went wrong on the way, the node is lost
            self._told.put(self._node.lost(error))

    def _hold(self, told: Told) -> None:
        """Keep what the guest sent; while that is much, nothing more is fetched, and at last the guest waits."""
        with self._holding:
            self._held_bytes += _bytes_of(told)
            if self._held_bytes >= HELD_BYTES:
                self._room.clear()
        self._told.put(told)

    def _let_go(self, told: Told) -> None:
        with self._holding:
            was_full = self._held_bytes >= HELD_BYTES
            self._held_bytes -= _bytes_of(told)
            has_room = was_full and self._held_bytes < HELD_BYTES
        if has_room:
            self._node.loop.call_soon_threadsafe(self._room.set)

    def lose(self, error: SandboxError) -> None:
        """The node is gone: whoever waits for this guest need not wait longer."""
        self._told.put(error)

    def send(self, kind: str, payload: bytes = b"") -> None:
        """See `Session.send`."""
        with self._sending:
            place = next(self._places)
        self._begin("send", place, str(kind), payload)

    def _begin(self, method: str, *arguments: object) -> None:
        """Have the node do something; where that cannot be, whoever receives next hears of it."""
        asyncio.run_coroutine_threadsafe(self._done(method, *arguments), self._node.loop)

    async def _done(self, method: str, *arguments: object) -> None:
        try:
            for told in unpack_told(await self._node.call(method, self.number, *arguments)):
                self._told.put(told)
        except Exception as error:  # noqa: BLE001 - as in _fetch
            self._told.put(self._node.lost(error))

    def receive(self, deadline: float) -> Frame | Ending:
        """See `Session.receive`."""
        try:
            told = self._told.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            return Ending.TIMED_OUT
        if isinstance(told, SandboxError):
            raise told
        self._let_go(told)
        return told

    def reset_output_quota(self) -> None:
        """See `Session.reset_output_quota`."""
        self._begin("step", "reset_output_quota")

    def wait_exit(self) -> Ending:
        """See `Session.wait_exit`."""
        for told in unpack_told(self._step("wait_exit")):
            if isinstance(told, Ending):
                return told
        raise SandboxError(f"node {self.where} did not say how a sandbox ended")

    def ended_at(self) -> float | None:
        """See `Session.ended_at`: the node must answer soon, and its engine too."""
        asked = time.monotonic()
        found = [told for told in unpack_told(self._step("ended_seconds_ago")) if isinstance(told, Frame)]
        seconds = time.monotonic() - asked
        if not found and seconds > SLOW_SECONDS:
            raise UnprovenError(f"node {self.where} took {seconds:.0f} s to answer a question; is it overloaded?")
        return asked - float(found[0].payload) if found else None

    def pause(self) -> None:
        """See `Session.pause`."""
        self._step("pause")

    def resume(self) -> None:
        """See `Session.resume`."""
        self._step("resume")

    def check_engine_alive(self) -> None:
        """See `Session.check_engine_alive`."""
        if self.ended_at() is not None:
            raise SandboxError(f"node {self.where} kept back how a sandbox ended; is it overloaded?")

    def _step(self, name: str) -> bytes:
        answer = self._waited(lambda: self._node.call("step", self.number, name))
        for told in unpack_told(answer):
            if isinstance(told, SandboxError):
                raise told
        return answer

    def _waited(self, call: Callable[[], Awaitable[bytes]]) -> bytes:
        async def done() -> bytes:
            return await call()

        future = asyncio.run_coroutine_threadsafe(done(), self._node.loop)
        try:
            return future.result(STEP_SECONDS)
        except SandboxError:
            raise
        except Exception as error:
            future.cancel()
            raise self._node.lost(error) from error

    def close(self) -> None:
        """Fetch nothing more; the node removes the sandbox behind this."""
        self._pump.cancel()


def _bytes_of(told: Told) -> int:
    return len(told.payload) if isinstance(told, Frame) else 0
