"""What a large cluster costs its driver and its scheduler, in processor time, with nodes that start nothing.

    python benchmarks/cluster_scale.py [--nodes 20] [--sessions 20] [--seconds 10]

All nodes are Dask workers in one process, each with an engine whose guests send back what they are sent. Measured are
the driver's processor milliseconds for each node a second (heartbeats), for each open session a second whose guest
says nothing, for a frame there and back, and for a session opened and closed; and the scheduler's for each node.
"""

import argparse
import asyncio
import multiprocessing
import queue
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:1] = [str(ROOT), str(ROOT / "tests")]  # not this folder: its cluster.py is no package

from cluster.nodes import scheduler  # noqa: E402
from distributed import Worker  # noqa: E402
from psutil import Process  # noqa: E402

from benchmarks.sides import machine  # noqa: E402
from bitsec_eval.cluster.cluster import RESOURCE, Cluster, cluster_of  # noqa: E402
from bitsec_eval.cluster.images import NodeEngines  # noqa: E402
from bitsec_eval.cluster.node_actor import NodeOffer  # noqa: E402
from bitsec_eval.cluster.settings import cluster_settings  # noqa: E402
from bitsec_eval.core.answers.answer import Ending  # noqa: E402
from bitsec_eval.core.tasks.task import Limits  # noqa: E402
from bitsec_eval.sandbox.api import Frame, FrameKind, Session  # noqa: E402

FRAMES = 2000
THREADS = 8


class Echo:
    """A guest that sends back what it is sent."""

    def __init__(self) -> None:
        self._frames: queue.SimpleQueue[Frame] = queue.SimpleQueue()

    def send(self, kind: str, payload: bytes = b"") -> None:
        """See `Session.send`."""
        self._frames.put(Frame(FrameKind.STDOUT, payload))

    def receive(self, deadline: float) -> Frame | Ending:
        """See `Session.receive`."""
        try:
            return self._frames.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            return Ending.TIMED_OUT


class EchoEngine:
    """Opens guests that send back what they are sent."""

    image = "sha256:echo"

    @contextmanager
    def open(self, limits: Limits) -> Iterator[Any]:
        """See `Sandbox.open`."""
        yield Echo()

    def image_content(self) -> str:
        """See `Engine.image_content`."""
        return "echo"


def serve(address: str, count: int, sessions: int, connection: Any) -> None:
    """Run so many nodes until the other end says something."""

    async def run(folder: str) -> None:
        engines = NodeEngines(EchoEngine(), Path(folder), lambda _: nullcontext(EchoEngine()), ExitStack())
        workers = [
            Worker(
                address,
                name=f"node{number}",
                nthreads=1,
                resources={RESOURCE: sessions},
                plugins=(NodeOffer(engines, sessions, lambda _: []),),
                memory_limit=0,
                dashboard=False,
            )
            for number in range(count)
        ]
        await asyncio.gather(*workers)
        connection.send("ready")
        await asyncio.to_thread(connection.recv)

    with tempfile.TemporaryDirectory(prefix="bitsec-nodes-") as folder:
        asyncio.run(run(folder))


@contextmanager
def many_nodes(address: str, count: int, sessions: int) -> Iterator[None]:
    """Have so many nodes, all in one process of their own."""
    here, there = multiprocessing.Pipe()
    arguments = (address, count, sessions, there)
    process = multiprocessing.get_context("spawn").Process(target=serve, args=arguments, daemon=True)
    process.start()
    here.recv()
    try:
        yield
    finally:
        process.kill()
        process.join()


def spent(seconds: float, scheduling: Process) -> tuple[float, float]:
    """Wait, and return the processor milliseconds a second of this process and of the scheduler."""
    before, told = time.process_time(), sum(scheduling.cpu_times()[:2])
    time.sleep(seconds)
    mine, theirs = time.process_time() - before, sum(scheduling.cpu_times()[:2]) - told
    return mine / seconds * 1000, theirs / seconds * 1000


def echo(session: Session, count: int) -> None:
    """Send frames, one after the other, and wait for each to come back."""
    for _ in range(count):
        session.send(FrameKind.STDOUT, b"x" * 200)
        session.receive(time.monotonic() + 60)


def measured(cluster: Cluster, scheduling: Process, args: argparse.Namespace) -> None:
    """Print all figures."""
    while len(cluster.nodes) < args.nodes:
        time.sleep(0.1)
    time.sleep(2)
    quiet, schedulers = spent(args.seconds, scheduling)
    print(f"a node, each second: driver {quiet / args.nodes:.2f} ms, scheduler {schedulers / args.nodes:.2f} ms")
    count = args.nodes * args.sessions
    with ExitStack() as stack, ThreadPoolExecutor(THREADS) as threads:
        before = time.process_time()
        opening = [stack.enter_context(cluster.fleet.open(Limits())) for _ in range(count)]
        opened = (time.process_time() - before) * 1000 / count
        busy, _ = spent(args.seconds, scheduling)
        print(f"a session whose guest is silent, each second: driver {(busy - quiet) / count:.3f} ms")
        before, started = time.process_time(), time.perf_counter()
        list(threads.map(lambda session: echo(session, FRAMES // THREADS), opening[:THREADS]))
        frame, wall = (time.process_time() - before) * 1000 / FRAMES, time.perf_counter() - started
        print(f"a frame there and back: driver {frame:.2f} ms; {FRAMES / wall:.0f} a second at most")
        before = time.process_time()
    closed = (time.process_time() - before) * 1000 / count
    print(f"a session: opened {opened:.1f} ms, closed {closed:.1f} ms of the driver")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description="What a large cluster costs its driver and its scheduler.")
    parser.add_argument("--nodes", type=int, default=20)
    parser.add_argument("--sessions", type=int, default=20, help="open sessions on each node")
    parser.add_argument("--seconds", type=float, default=10.0)
    args = parser.parse_args()
    print(machine())
    with (
        tempfile.TemporaryDirectory(prefix="bitsec-cluster-") as folder,
        scheduler(Path(folder)) as (address, process),
        many_nodes(address, args.nodes, args.sessions),
        cluster_of(cluster_settings(address, None)) as cluster,
    ):
        measured(cluster, Process(process.pid), args)


if __name__ == "__main__":
    main()
