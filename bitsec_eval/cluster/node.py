"""`bitsec-eval node`: a Dask worker that offers this machine's sandboxes to the validators of a cluster."""

import asyncio
import contextlib
import signal
from collections.abc import Callable
from dataclasses import dataclass

from distributed import Worker

from bitsec_eval.cluster.cluster import RESOURCE
from bitsec_eval.cluster.images import NodeEngines
from bitsec_eval.cluster.node_actor import NodeOffer
from bitsec_eval.cluster.settings import ClusterSettings, security
from bitsec_eval.core.text import one_line
from bitsec_eval.sandbox.hardening.host_checks import HostCheck

RETRY_SECONDS = 2.0
CONNECT_SECONDS = "10s"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSettings:
    """What a node is called, how many runs it takes at a time, and on which host and port it listens.

    `look` returns how its machine stands if each run may use so many MiB of memory.
    """

    cluster: ClusterSettings
    name: str
    jobs: int
    look: Callable[[int], list[HostCheck]]
    host: str | None = None
    port: int = 0


async def offer(settings: NodeSettings, engines: NodeEngines, log: Callable[[str], None]) -> None:
    """Offer sandboxes until SIGINT or SIGTERM; a scheduler that goes away is waited for."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    while not stopping.is_set():
        try:
            await _serve(settings, engines, log, stopping)
        except (OSError, ValueError, RuntimeError) as error:
            reason = one_line(str(error), 160) or type(error).__name__
            log(f"no scheduler at {settings.cluster.scheduler} ({reason}); trying again")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), RETRY_SECONDS)


async def _serve(
    settings: NodeSettings, engines: NodeEngines, log: Callable[[str], None], stopping: asyncio.Event
) -> None:
    worker = Worker(
        settings.cluster.scheduler,
        name=settings.name,
        nthreads=1,
        resources={RESOURCE: settings.jobs},
        security=security(settings.cluster),
        host=settings.host,
        port=settings.port,
        plugins=(NodeOffer(engines, settings.jobs, settings.look),),
        memory_limit=0,
        dashboard=False,
    )
    async with worker:
        log(f"node {settings.name} offers {settings.jobs} sandboxes at {settings.cluster.scheduler}")
        ended = asyncio.create_task(worker.finished())  # type: ignore[no-untyped-call]
        stopped = asyncio.create_task(stopping.wait())
        await asyncio.wait((ended, stopped), return_when=asyncio.FIRST_COMPLETED)
    log(f"node {settings.name} has left {settings.cluster.scheduler}")
