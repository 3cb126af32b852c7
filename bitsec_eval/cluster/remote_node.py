"""One node of a cluster as the driver sees it: an engine like any other, whose sandboxes are elsewhere."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast

from distributed import Client

from bitsec_eval import __version__
from bitsec_eval.cluster.messages import unpack_told
from bitsec_eval.cluster.node_actor import OPENED, NodeActor, limits_order
from bitsec_eval.cluster.remote_session import RemoteSession
from bitsec_eval.core.errors import SandboxError
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.core.text import one_line
from bitsec_eval.sandbox.engines import with_remedy
from bitsec_eval.sandbox.hardening.host_checks import CheckStatus, HostCheck

START_SECONDS = 60.0
HELLO_SECONDS = 180.0
"""A node that is asked for an image for the first time reads all of it."""

CLOSE_SECONDS = 5.0
STOP_SECONDS = 20.0
MOST_JOBS = 100_000
HEARTBEAT_SECONDS = 0.3
SILENCE_SECONDS = 1.2
"""A node that says nothing for so long is away, whatever its connection looks like: runs start elsewhere in 2 s."""


class ClusterNode:
    """One node as an engine of one image: opens its sessions through an actor of ours on it.

    `content` is the digest of what the image holds, `image` what the node's engine calls it.

    Raises:
        SandboxError: the node does not answer, has no such image, or runs another version; the message names it.
    """

    def __init__(self, client: Client, name: str, address: str, image: str = "") -> None:
        self.name = name
        self.loop = cast("asyncio.AbstractEventLoop", cast("Any", client.loop).asyncio_loop)
        self._client = client
        self.address = address
        self._sessions: set[RemoteSession] = set()
        self._calls: set[asyncio.Future[bytes]] = set()  # under way, on Dask's event loop
        self._unclosed: list[int] = []  # numbers of sessions that are still to be removed there
        self._lock = threading.Lock()
        self._away = ""
        self._stopped = False
        self._image = image
        self._actor = self._placed(image)
        try:
            told = json.loads(self._answer(HELLO_SECONDS, "hello"))
            if told["version"] != __version__:
                versions = f"{one_line(str(told['version']), 40)}, this is {__version__}"
                raise SandboxError(f"node {name} runs bitsec-eval {versions}; install the same version on all")
            self.image, self.content = str(told["image"]), str(told["content"])
            self.jobs = min(max(1, int(told["jobs"])), MOST_JOBS)
        except (ValueError, KeyError, TypeError) as error:
            raise SandboxError(f"node {name} did not say what it is; install the same version on all") from error
        self._beating = asyncio.run_coroutine_threadsafe(self._beat(), self.loop)

    def _placed(self, image: str) -> Any:
        try:
            self._made = self._client.submit(
                NodeActor, image, actor=True, workers=[self.address], allow_other_workers=False, pure=False
            )
            return self._made.result(START_SECONDS)
        except Exception as error:
            raise self.lost(error) from error

    # -- what a fleet asks of an engine

    @contextmanager
    def open(self, limits: Limits) -> Iterator[RemoteSession]:
        """Return a session in a fresh sandbox on the node; see `Sandbox.open`."""
        self._refuse_if_away()
        session = RemoteSession(self, int(self._answer(START_SECONDS, "open", limits_order(limits))))
        with self._lock:
            self._sessions.add(session)
        try:
            yield session
        finally:
            with self._lock:
                self._sessions.discard(session)
            session.close()
            self._close(session.number)

    def _close(self, number: int) -> None:
        """Remove a session on the node; where that cannot be now it is done when the node is back.

        Nobody waits for a node that is away: it may never come back, and removes by itself what nobody asks for.
        """
        if not self._away:
            with suppress(SandboxError):
                self._waited(CLOSE_SECONDS, "close", number)
                return
        with self._lock:
            self._unclosed.append(number)

    def ask(self) -> None:
        """Ask whether the node is there.

        Raises:
            SandboxError: it is not.
        """
        self._refuse_if_away()
        self._waited(SILENCE_SECONDS, "ping")

    def look(self, memory_mib: int) -> list[HostCheck]:
        """Return how the node's machine and engine stand if each run may use so many MiB of memory.

        Raises:
            SandboxError: the node does not answer.
        """
        told = json.loads(self._answer(START_SECONDS, "look", memory_mib))
        return [HostCheck(**{**each, "status": CheckStatus(each["status"])}) for each in told]

    def image_content(self) -> str:
        """Return the digest of what the node's image holds; see `image.content`."""
        return self.content.removeprefix("sha256:")

    @property
    def processors(self) -> int:
        """How many runs the node takes at a time."""
        return self.jobs

    @property
    def is_gone(self) -> bool:
        """Whether our actor is no more: what listens at this address now, if anything, is another process."""
        return self._made.status not in ("finished", "pending")

    def stop(self) -> None:
        """Open nothing more and remove everything of ours on the node."""
        is_first, self._stopped = not self._stopped, True
        self._beating.cancel()
        if is_first and not self._away:
            with suppress(SandboxError):
                self._waited(STOP_SECONDS, "close_all")

    # -- the way to the node

    async def call(self, method: str, *arguments: object) -> bytes:
        """Call a method of the node's actor; see `RemoteNode.call`.

        Raises:
            SandboxError: the node was lost meanwhile: nobody waits for its answer any longer.
        """
        called = self._begun(method, *arguments)
        self._calls.add(called)
        try:
            return await called
        except asyncio.CancelledError:
            if self._away:
                raise SandboxError(self._away) from None
            raise
        finally:
            self._calls.discard(called)

    def _begun(self, method: str, *arguments: object) -> "asyncio.Future[bytes]":
        """Begin a call; where nobody waits for it any longer, asyncio is not to report how it failed."""
        called = asyncio.ensure_future(self._called(method, *arguments))
        called.add_done_callback(lambda done: done.cancelled() or done.exception())
        return called

    async def _called(self, method: str, *arguments: object) -> bytes:
        answer: bytes = await getattr(self._actor, method)(*arguments)
        return answer

    def lost(self, error: BaseException) -> SandboxError:
        """Return what whoever used the node is told of an error on the way to it."""
        if isinstance(error, SandboxError):
            return error
        words = one_line(str(error), 160) or type(error).__name__
        return SandboxError(f"node {self.name} was lost: {words}")

    def _answer(self, seconds: float, method: str, *arguments: object) -> bytes:
        """Return what a method says besides that it went well.

        Raises:
            SandboxError: it did not; the message names the node.
        """
        answer = self._waited(seconds, method, *arguments)
        if answer.startswith(OPENED):
            return answer[len(OPENED) :]
        told = str(next(unpack_told(answer), "said nothing"))
        raise SandboxError(f"node {self.name}: {with_remedy(told, self._image)}")

    def _waited(self, seconds: float, method: str, *arguments: object) -> bytes:
        async def done() -> bytes:
            return await asyncio.wait_for(self.call(method, *arguments), seconds)

        try:
            return asyncio.run_coroutine_threadsafe(done(), self.loop).result(seconds + 1.0)
        except Exception as error:
            raise self.lost(error) from error

    def _refuse_if_away(self) -> None:
        if self._away or self._stopped:
            raise SandboxError(self._away or "the evaluation was stopped")

    async def _beat(self) -> None:
        """Ask again and again; a node that is silent is lost to everybody who waits for a guest on it."""
        heard = time.monotonic()
        asked: asyncio.Future[bytes] | None = None
        while True:
            asked = asked or self._begun("ping")
            began = time.monotonic()
            await asyncio.sleep(HEARTBEAT_SECONDS)
            heard += time.monotonic() - began - HEARTBEAT_SECONDS  # while this loop stood still nobody could be heard
            if asked.done():
                heard, error = time.monotonic(), asked.exception()
                asked = None
                if error is None:
                    self._away = ""
                    await self._close_rest()
                else:
                    self._lose_all(self.lost(error))
            elif time.monotonic() - heard > SILENCE_SECONDS:
                asked.cancel()
                heard, asked = time.monotonic(), None
                self._lose_all(self.lost(TimeoutError(f"no answer for {SILENCE_SECONDS:g} s")))

    async def _close_rest(self) -> None:
        with self._lock:
            numbers, self._unclosed = self._unclosed, []
        if numbers:  # one that fails is removed by the node, which is away again
            closing = [asyncio.ensure_future(self._closed(number)) for number in numbers]
            await asyncio.wait(closing, timeout=CLOSE_SECONDS)

    async def _closed(self, number: int) -> None:
        with suppress(Exception):
            await self.call("close", number)

    def _lose_all(self, error: SandboxError) -> None:
        self._away = str(error)
        with self._lock:
            sessions, self._sessions = self._sessions, set()
        for session in sessions:
            session.lose(error)
        for call in list(self._calls):
            call.cancel()
