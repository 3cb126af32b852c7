"""What several machines gain, and what the way to a node costs, beside the same work without them, in one run.

    python benchmarks/cluster.py ROOTFS [--rounds 3] [--agents 24] [--only latency|gain|loss]

Everything runs on this machine: a Dask scheduler, nodes as processes with engines and state of their own, and a
server that answers an LLM's calls after two seconds. Runs mostly wait for it, as real agents do, so that one machine
can stand for several. Each node, and each engine, takes 2 runs at a time.
Where nodes are counted or lost, each is in a network namespace of its own, over TLS.
Loss is the time from a strike to the moment when a run has another sandbox elsewhere: of a node that is killed, cut
off without a word, or frozen, and of a Docker engine behind a proxy that dies or falls silent.
"""

import argparse
import multiprocessing
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:1] = [str(ROOT), str(ROOT / "tests")]  # not this folder: its cluster.py is no package

from cluster.certificates import make_certificates  # noqa: E402
from cluster.network import Link, network  # noqa: E402
from cluster.nodes import Node, nodes, scheduler  # noqa: E402
from inference.server import Handler, completion, serving  # noqa: E402
from plugin.evaluations import command, lay_out, run  # noqa: E402
from plugin.proxy import EngineProxy  # noqa: E402
from sandbox.sessions import solution_of  # noqa: E402

from bitsec_eval.cluster.cluster import cluster_of  # noqa: E402
from bitsec_eval.cluster.settings import ClusterSettings, cluster_settings  # noqa: E402
from bitsec_eval.core.errors import SandboxError  # noqa: E402
from bitsec_eval.core.tasks.task import Limits  # noqa: E402
from bitsec_eval.sandbox.api import Sandbox  # noqa: E402
from bitsec_eval.sandbox.execution.agent_run import AgentOrder, run_agent  # noqa: E402
from bitsec_eval.sandbox.fleet.address import parse_engines  # noqa: E402
from bitsec_eval.sandbox.fleet.fleet import Fleet  # noqa: E402
from bitsec_eval.sandbox.fleet.opening import FleetSettings, fleet_of  # noqa: E402
from bitsec_eval.sandbox.oci.engine import OciSettings, oci_sandbox  # noqa: E402

CALL_SECONDS = 2.0
CALLS = 2
PLACES = 2
FRAMES = 300
ASKING = f"""
import json, os, urllib.request
url = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
body = json.dumps({{"model": "small", "messages": [{{"role": "user", "content": "wait"}}]}}).encode()
headers = {{"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}}
for _ in range({CALLS}):
    urllib.request.urlopen(urllib.request.Request(url, data=body, headers=headers)).read()
print("hello")
"""
TASK = """
from bitsec_eval import LLM, Task
TASK = Task(prompt="ask, then say hello", timeout=60, llm=LLM())
def test_says_hello(answer):
    assert "hello" in answer
"""


class Spans:
    """When the agents' calls began and ended, from the first to the last."""

    def __init__(self) -> None:
        self.first, self.last = 0.0, 0.0

    def answer(self, handler: Handler, request: dict) -> None:
        """Answer after a while, as an LLM does."""
        asked = request["messages"][0]["content"] == "wait"  # the gateway asks something of its own first
        if asked:
            self.first = self.first or time.monotonic()
            handler.upstream.wait(CALL_SECONDS)
        handler.send_json(200, completion("hello"))
        if asked:
            self.last = time.monotonic()


def serve(connection) -> None:
    """Run the LLM's server in a process of its own; "span" gets the seconds of the calls since the last one."""
    spans = Spans()
    with serving() as upstream:
        upstream.otherwise = lambda handler, request: spans.answer(handler, request)
        connection.send(upstream.url)
        while connection.recv() == "span":
            connection.send(spans.last - spans.first)
            spans.first = 0.0


class LLMServer:
    """The LLM's server: its address, and how long the calls of an evaluation took from the first to the last."""

    def __init__(self, url: str, connection) -> None:
        self.url = url
        self._connection = connection

    def span_seconds(self) -> float:
        """Return the seconds since the first call after the last question."""
        self._connection.send("span")
        return self._connection.recv()


@contextmanager
def server_process() -> Iterator[LLMServer]:
    """Run the server until the context is left."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    process.start()
    try:
        yield LLMServer(here.recv(), here)
    finally:
        here.send("enough")
        process.join()


def evaluated(folder: Path, llm: LLMServer, agents: int, places: int, *options: str) -> float:
    """Return how many runs a second an evaluation of so many waiting agents does, from its first call to its last.

    `places` is how many agents run at once; nearly all of them wait.
    """
    lay_out(folder, {f"agent_{n}": ASKING for n in range(agents)}, {"suite/test_hello.py": TASK})
    told = ("--bitsec-llm=live", f"--bitsec-llm-base-url={llm.url}", "--bitsec-llm-models=small")
    ran = run(
        folder,
        *command("-q", *told, f"--bitsec-jobs={places}", *options),
        BITSEC_LLM_API_KEY="a-key-for-a-benchmark",
    )
    assert ran.status == 0, ran.output
    return agents / llm.span_seconds()


def frames(sandbox: Sandbox) -> list[float]:
    """Return the milliseconds of calls on a solution: one frame there, one back."""
    taken = []
    with solution_of(sandbox, "def same(x): return x") as solution:
        for _ in range(FRAMES):
            started = time.perf_counter()
            solution.same(1)
            taken.append((time.perf_counter() - started) * 1000)
    return taken


def latency(root: Path, folder: Path, rounds: int) -> None:
    """Print what a call takes on an engine here and on a node, in turns."""
    here: list[float] = []
    there: list[float] = []
    with (
        scheduler(folder) as (address, _),
        nodes(address, root, folder, "node"),
        cluster_of(cluster_settings(address, None)) as cluster,
        oci_sandbox(OciSettings(state=folder / "state", root=root)) as engine,
    ):
        for _ in range(rounds):
            here += frames(engine)
            there += frames(cluster.fleet)
    local, remote = statistics.median(here), statistics.median(there)
    print(f"a call on a solution, median of {len(here)}, milliseconds: here {local:.2f}, on a node {remote:.2f}")
    print(f"  added for both ways: {remote - local:.2f}; for one frame: {(remote - local) / 2:.2f}")


def in_turns(name: str, one: Callable[[Path], float], several: Callable[[Path], float], rounds: int) -> None:
    """Print runs a second of both, and how many times more the second does."""
    figures: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for side, measured in zip((one, several), figures, strict=True):
            with tempfile.TemporaryDirectory(prefix="bitsec-cluster-") as folder:
                Path(folder).chmod(0o755)
                measured.append(side(Path(folder)))
    first, second = (statistics.median(each) for each in figures)
    print(f"{name}: {first:.2f} and {second:.2f} runs a second, {second / first:.2f} times", flush=True)


def on_nodes(llm: LLMServer, root: Path, agents: int, count: int) -> Callable[[Path], float]:
    """Return an evaluation on so many nodes."""

    def side(folder: Path) -> float:
        with far_nodes(folder, root, count) as (settings, _):
            options = (f"--bitsec-cluster={settings.scheduler}", f"--bitsec-cluster-tls={settings.certificates}")
            return evaluated(folder, llm, agents, PLACES * count, *options)

    return side


def on_engines(llm: LLMServer, root: Path, agents: int, count: int) -> Callable[[Path], float]:
    """Return an evaluation on so many engines: one folder of the image for each."""

    def side(folder: Path) -> float:
        engines = []
        for number in range(count):
            (folder / f"root{number}").symlink_to(root)
            engines.append(f"--bitsec-engine=oci:{folder / f'root{number}'},jobs=2")
        return evaluated(folder, llm, agents, PLACES * count, f"--bitsec-state={folder / 'state'}", *engines)

    return side


def moved(fleet: Fleet, strike: Callable[[str], None]) -> float:
    """Return the seconds from a strike at the place of a run to the moment when its agent can begin elsewhere."""
    order = AgentOrder(source=b"import time; time.sleep(60)", prompt="", files={})
    limits = Limits(wall_seconds=60)
    struck: list[float] = []
    try:
        with fleet.open(limits) as session:
            first = session.where

            def later() -> None:
                struck.append(time.monotonic())
                strike(first)

            threading.Timer(1.0, later).start()
            run_agent(session, order, limits)
    except SandboxError:
        pass
    with fleet.open(Limits()) as session:
        assert session.where != first, first
        return time.monotonic() - struck[0]


def loss(root: Path, rounds: int) -> None:
    """Print how long it takes until a run that was lost has another sandbox elsewhere."""
    sides = {
        "killed": lambda folder: lost_node(folder, root, lambda node, _: node.signal(signal.SIGKILL)),
        "cut off": lambda folder: lost_node(folder, root, lambda _, link: link.cut()),
        "frozen": lambda folder: lost_node(folder, root, lambda node, _: node.signal(signal.SIGSTOP)),
        "engine died": lambda folder: lost_engine(folder, root, EngineProxy.die),
        "engine silent": lambda folder: lost_engine(folder, root, EngineProxy.hang),
    }
    for name, side in sides.items():
        taken = []
        for _ in range(rounds):
            with tempfile.TemporaryDirectory(prefix="bitsec-cluster-") as folder:
                Path(folder).chmod(0o755)
                taken.append(side(Path(folder)))
        told = ", ".join(f"{seconds:.2f}" for seconds in taken)
        print(f"{name}: elsewhere after {statistics.median(taken):.2f} s ({told})", flush=True)


def lost_node(folder: Path, root: Path, strike: Callable[[Node, Link], object]) -> float:
    """Return the seconds for one of two nodes."""
    with far_nodes(folder, root, 2) as (settings, placed), cluster_of(settings) as cluster:
        while len(cluster.fleet.status()) < len(placed):
            time.sleep(0.1)
        return moved(cluster.fleet, lambda name: strike(*placed[name]))


@contextmanager
def far_nodes(folder: Path, root: Path, count: int) -> Iterator[tuple[ClusterSettings, dict[str, tuple[Node, Link]]]]:
    """Have so many nodes by their names, each in a network namespace of its own, over TLS."""
    tls = folder / "tls"
    options = make_certificates(tls)
    with (
        network(count) as (host, links),
        scheduler(folder, None, *options, host=host) as (address, _),
        ExitStack() as stack,
    ):
        placed = {}
        for link in links:
            told = ("--tls", str(tls), "--host", link.address)
            node = Node(link.name, address, root, folder, *told, wrapper=link.wrapper)
            stack.callback(node.stop)
            placed[link.name] = node, link
        for node, _ in placed.values():
            node.await_offer()
        yield cluster_settings(address, tls), placed


def lost_engine(folder: Path, root: Path, strike: Callable[[EngineProxy], None]) -> float:
    """Return the seconds for a Docker engine beside an OCI runtime."""
    with EngineProxy(folder / "engine.sock") as proxy, ExitStack() as stack:
        stack.callback(proxy.recover)
        addresses = parse_engines((f"{proxy.url},jobs=2", f"oci:{root},jobs=1"))
        fleet = stack.enter_context(fleet_of(FleetSettings(state=folder / "state", engines=addresses)))
        return moved(fleet.fleet, lambda _: strike(proxy))


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description="What several machines gain, and what the way to a node costs.")
    parser.add_argument("root", type=Path, help="the sandbox image as a folder (bitsec-eval image build --rootfs)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--agents", type=int, default=24)
    parser.add_argument("--only", choices=("latency", "gain", "loss"))
    args = parser.parse_args()
    if args.only in (None, "loss"):
        loss(args.root, args.rounds)
    if args.only in (None, "latency"):
        with tempfile.TemporaryDirectory(prefix="bitsec-cluster-") as folder:
            latency(args.root, Path(folder), args.rounds)
    if args.only in (None, "gain"):
        gain(args)


def gain(args: argparse.Namespace) -> None:
    """Print what several nodes and engines gain."""
    with server_process() as llm:
        many = args.agents
        in_turns("1 node and 4", on_nodes(llm, args.root, many, 1), on_nodes(llm, args.root, many, 4), args.rounds)
        in_turns(
            "1 engine and 2", on_engines(llm, args.root, many, 1), on_engines(llm, args.root, many, 2), args.rounds
        )


if __name__ == "__main__":
    main()
