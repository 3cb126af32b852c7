"""The actor that serves one driver on a node: opens sessions, passes bytes, and cleans up after a lost driver.

Every method returns bytes, whatever goes wrong: Dask pickles exceptions, and their words may be a guest's.
Numbers and texts that come in are the driver's own.
"""

import asyncio
import json
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial, wraps
from typing import Concatenate, ParamSpec, TypeVar, cast

from distributed import WorkerPlugin, get_worker

from bitsec_eval import __version__
from bitsec_eval.cluster.images import NodeEngines
from bitsec_eval.cluster.messages import pack_fetched, pack_told
from bitsec_eval.cluster.node_sessions import NodeSessions
from bitsec_eval.core.errors import SandboxError
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.core.text import one_line
from bitsec_eval.sandbox.api import Frame, FrameKind, Session
from bitsec_eval.sandbox.hardening.host_checks import HostCheck

PLUGIN = "bitsec-node"
LEASE_SECONDS = 10.0
"""A driver that has not asked for so long is gone: what it had open is removed."""

THREADS = 16
OPENED = b"O"
"""Begins what a method returns that has more to say than a message."""

Result = TypeVar("Result")
Given = ParamSpec("Given")
Method = Callable[Concatenate["NodeActor", Given], Coroutine[object, object, bytes]]


def _told(method: Method[Given]) -> Method[Given]:
    """Return what a method raises as a message."""

    @wraps(method)
    async def told(actor: "NodeActor", *args: Given.args, **kwargs: Given.kwargs) -> bytes:
        try:
            return await method(actor, *args, **kwargs)
        except SandboxError as error:
            return pack_told(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody shall unpickle it
            return pack_told(SandboxError(f"{type(error).__name__}: {one_line(str(error), 160)}"))

    return cast("Method[Given]", told)


class NodeOffer(WorkerPlugin):
    """What a node offers, in the worker's keeping: its engines, and how many runs it takes at a time.

    `look` returns how this machine stands if each run may use so many MiB of memory.
    """

    name = PLUGIN

    def __init__(self, engines: NodeEngines, jobs: int, look: Callable[[int], list[HostCheck]]) -> None:
        self.engines = engines
        self.jobs = jobs
        self.look = look


class NodeActor:
    """The node's end of one driver's sessions, of one image; Dask calls its coroutines on the node's event loop."""

    def __init__(self, image: str = "") -> None:
        worker = get_worker()
        self._offer = cast("NodeOffer", worker.plugins[PLUGIN])
        self._loop: asyncio.AbstractEventLoop = worker.loop.asyncio_loop  # type: ignore[attr-defined]
        self._image = image
        self._sessions = NodeSessions(self._loop)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="bitsec-node")
        self._asked = time.monotonic()
        self._is_watched = False

    @_told
    async def hello(self) -> bytes:
        """Return what this node is, as JSON: version, image content, image name and how many runs it takes."""
        offer = self._offer
        content = await self._in_thread(partial(offer.engines.content, self._image))
        image = offer.engines.engine(self._image).image
        told = {"version": __version__, "content": content, "image": image, "jobs": offer.jobs}
        return OPENED + json.dumps(told).encode()

    @_told
    async def look(self, memory_mib: int) -> bytes:
        """Return the checks of this machine and its engine, as JSON."""
        checks = await self._in_thread(partial(self._offer.look, memory_mib))
        return OPENED + json.dumps([asdict(check) for check in checks]).encode()

    async def ping(self) -> bytes:
        """Keep this driver's sessions: it is there."""
        self._asked = time.monotonic()
        return b""

    @_told
    async def open(self, limits: bytes) -> bytes:
        """Open a session with these limits (JSON); return its number, or the fault as a message."""
        self._asked = time.monotonic()
        self._be_watched()
        number = await self._in_thread(partial(self._open, Limits(**json.loads(limits))))
        return OPENED + str(number).encode()

    def _open(self, limits: Limits) -> int:
        return self._sessions.open(self._offer.engines.engine(self._image), limits)

    @_told
    async def fetch(self, number: int, seconds: float) -> bytes:
        """Return a session's number and its messages that are new, waiting so long for the first."""
        self._asked = time.monotonic()
        return pack_fetched(number, await self._sessions[number].fetch(seconds))

    @_told
    async def send(self, number: int, place: int, kind: str, payload: bytes) -> bytes:
        """Send the `place`-th frame of a session."""
        self._sessions[number].send(place, kind, payload)
        return b""

    @_told
    async def step(self, number: int, name: str) -> bytes:
        """Do one of the things that a session does besides sending; return what came of it, as a message."""
        return await self._in_thread(partial(self._sessions[number].do, STEPS[name]))

    @_told
    async def close(self, number: int) -> bytes:
        """Remove a session."""
        await self._in_thread(partial(self._sessions.close, number))
        return b""

    @_told
    async def close_all(self) -> bytes:
        """Remove every session of this driver."""
        await self._in_thread(self._sessions.close_all)
        return b""

    async def _in_thread(self, step: Callable[[], Result]) -> Result:
        return await self._loop.run_in_executor(self._threads, step)

    def _be_watched(self) -> None:
        if not self._is_watched:
            self._is_watched = True
            asyncio.run_coroutine_threadsafe(self._watch(), self._loop)

    async def _watch(self) -> None:
        """Remove every session once the driver is gone."""
        while time.monotonic() - self._asked <= LEASE_SECONDS:
            await asyncio.sleep(LEASE_SECONDS / 4)
        self._is_watched = False
        await self._in_thread(self._sessions.close_all)


def limits_order(limits: Limits) -> bytes:
    """Return limits as `NodeActor.open` takes them."""
    return json.dumps(asdict(limits)).encode()


def _wait_exit(session: Session) -> bytes:
    return pack_told(session.wait_exit())


def _ended_seconds_ago(session: Session) -> bytes:
    """Say how long ago a guest ended, since clocks differ between machines; say nothing of one that runs."""
    ended_at = session.ended_at()
    if ended_at is None:
        return b""
    return pack_told(Frame(FrameKind.EXITED, f"{time.monotonic() - ended_at:.6f}".encode()))


def _nothing(step: Callable[[Session], object]) -> Callable[[Session], bytes]:
    def done(session: Session) -> bytes:
        step(session)
        return b""

    return done


STEPS: dict[str, Callable[[Session], bytes]] = {
    "wait_exit": _wait_exit,
    "pause": _nothing(lambda session: session.pause()),
    "resume": _nothing(lambda session: session.resume()),
    "ended_seconds_ago": _ended_seconds_ago,
    "reset_output_quota": _nothing(lambda session: session.reset_output_quota()),
}
