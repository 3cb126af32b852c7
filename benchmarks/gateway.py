"""What the way through the gateway adds to a call of an LLM, beside the same call made from a process of the host.

    python benchmarks/gateway.py [--calls 100] [--rounds 5] [--crowd-only]

One and the same program asks a server on loopback: as a process of this host, straight, and as an agent, through
container, frames, gateway and ledger. The two take turns. Then eight agents ask at once, with and without one among
them whose calls take two seconds. Last, crowds of sessions ask the gateway of this process, without containers: what
a call costs this host in processor time must not grow with how many wait, and one client of httpx with a pool for all
of them is measured beside the gateway's clients of 50 connections each. Of 400 that all wait at once, each for a call
that is answered in two seconds, it is also told how long the calls took.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Semaphore

import httpx

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "benchmarks")]

import waiting  # noqa: E402
from inference.server import Handler, completion, serving  # noqa: E402

from bitsec_eval.core.llm_request import LLMRequest  # noqa: E402
from bitsec_eval.core.tasks.llm import LLM  # noqa: E402
from bitsec_eval.core.tasks.task import Limits  # noqa: E402
from bitsec_eval.inference.gateway import Gateway, SessionKey  # noqa: E402
from bitsec_eval.inference.limits import RunLimits, TotalLimits  # noqa: E402
from bitsec_eval.inference.live_gateway import LiveConfig, live_gateway  # noqa: E402
from bitsec_eval.inference.provider.settings import Provider  # noqa: E402
from bitsec_eval.sandbox.docker.engine import DockerSandbox, DockerSettings, docker_sandbox  # noqa: E402
from bitsec_eval.sandbox.execution.agent_run import AgentOrder, run_agent  # noqa: E402

SLOW_SECONDS = 2.0
LIMITS = Limits(wall_seconds=120)
MANY = 10**12
RUN = RunLimits(models=("small",), calls=MANY, prompt_tokens=MANY, completion_tokens=MANY, cost=MANY)
TOTAL = TotalLimits(calls=MANY, prompt_tokens=MANY, completion_tokens=MANY, cost=MANY)
QUICK, SLOW = (
    json.dumps({"model": "small", "messages": [{"role": "user", "content": f"{pace} {'x' * 2000}"}]}).encode()
    for pace in ("quick", "slow")
)
ASKING = """
import json, os, sys, time, urllib.request

url = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
body = json.dumps({"model": "small", "messages": [{"role": "user", "content": sys.argv[-1] + " " + "x" * 2000}]})
headers = {"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
taken = []
for _ in range(CALLS + 5):
    started = time.perf_counter()
    with urllib.request.urlopen(urllib.request.Request(url, data=body.encode(), headers=headers)) as response:
        assert json.load(response)["choices"]
    taken.append((time.perf_counter() - started) * 1000)
print(json.dumps(taken[5:]))
"""


def slow_or_quick(handler: Handler, request: dict) -> None:
    """Think for two seconds about what is said to be slow, and answer all else at once."""
    if request["messages"][0]["content"].startswith("slow"):
        handler.upstream.wait(SLOW_SECONDS)
    handler.send_json(200, completion("hello " * 50))


def serve(connection) -> None:
    """Run the server in a process of its own until the other end says so."""
    with serving() as upstream:
        upstream.otherwise = slow_or_quick
        connection.send(upstream.url)
        connection.recv()


@contextmanager
def server_process() -> Iterator[str]:
    """Run the server until the context is left."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        here.send("enough")
        process.join()


def straight(url: str, calls: int) -> list[float]:
    """Return the milliseconds of calls from a process of this host."""
    environment = {**os.environ, "OPENAI_BASE_URL": url, "OPENAI_API_KEY": "none", "NO_PROXY": "127.0.0.1"}
    program = ASKING.replace("CALLS", str(calls))
    done = subprocess.run(
        [sys.executable, "-c", program, "quick"], env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def through(engine: DockerSandbox, gateway: Gateway, calls: int, prompt: str = "quick") -> list[float]:
    """Return the milliseconds of calls from an agent."""
    order = AgentOrder(source=ASKING.replace("CALLS", str(calls)).encode(), prompt=prompt, files={})
    with engine.open(LIMITS) as session:
        line = gateway.session(SessionKey(agent="a", task="t"), LLM())
        answer = run_agent(session, order, LIMITS, line)
    line.settled()
    assert not answer.fault, answer.fault
    return json.loads(answer.text)


def side_by_side(url: str, engine: DockerSandbox, gateway: Gateway, calls: int, rounds: int) -> None:
    """Print what a call takes either way."""
    direct, led = [], []
    for _ in range(rounds):
        direct += straight(url, calls)
        led += through(engine, gateway, calls)
    print(f"{rounds} x {calls} calls each, in turns, milliseconds")
    show("straight from the host", direct)
    show("agent, frames, gateway", led)
    print(f"  added: median {statistics.median(led) - statistics.median(direct):.2f}")


def eight_at_once(engine: DockerSandbox, gateway: Gateway, calls: int, slow: int) -> None:
    """Print what a quick call takes while eight agents ask, some of them slow."""
    with ThreadPoolExecutor(8) as pool:
        slowly = [pool.submit(through, engine, gateway, 2, "slow") for _ in range(slow)]
        quickly = [pool.submit(through, engine, gateway, calls) for _ in range(8 - slow)]
        show(f"8 at once, {slow} of them slow", [taken for run in quickly for taken in run.result()])
        for run in slowly:
            assert min(run.result()) >= SLOW_SECONDS * 1000


def crowd(url: str, folder: Path, sessions: int, places: int, calls: int) -> float:
    """Return the processor milliseconds of this host per call, with so many sessions asking at once."""
    provider = Provider(base_url=url, key="none", concurrency=places)
    config = LiveConfig(provider=provider, ledger=folder / f"crowd-{sessions}-{places}.jsonl", run=RUN, total=TOTAL)
    with live_gateway(config) as gateway:
        opened = [gateway.session(SessionKey(agent=f"a{n}", task="t"), LLM()) for n in range(sessions)]
        asked = LLMRequest(method="POST", path="/v1/chat/completions", body=SLOW if places > 32 else QUICK)
        answered = Semaphore(0)
        started = time.process_time()
        for _ in range(calls // sessions):
            for each in opened:
                each.ask(asked, lambda response: answered.release())
        for _ in range(calls // sessions * sessions):
            answered.acquire()
        return (time.process_time() - started) * 1000 / calls


def all_at_once(url: str, folder: Path, sessions: int, rounds: int) -> tuple[float, list[float]]:
    """Return the processor milliseconds of this host per call, and each call's, of sessions that all wait at once."""
    provider = Provider(base_url=url, key="none", concurrency=sessions)
    config = LiveConfig(provider=provider, ledger=folder / "all.jsonl", run=RUN, total=TOTAL)
    taken: list[float] = []
    with live_gateway(config) as gateway:
        gateway.backend.check()  # as an evaluation does before its runs
        opened = [gateway.session(SessionKey(agent=f"a{n}", task="t"), LLM()) for n in range(sessions)]
        asked = LLMRequest(method="POST", path="/v1/chat/completions", body=SLOW)
        answered = Semaphore(0)
        used = time.process_time()
        for _ in range(rounds):
            for each in opened:
                began = time.monotonic()
                each.ask(asked, lambda _, began=began: (taken.append(time.monotonic() - began), answered.release()))
            for _ in range(sessions):
                answered.acquire()
        used = time.process_time() - used
    return used * 1000 / len(taken), [1000 * each for each in taken]


def one_pool(url: str, calls: int, at_once: int) -> float:
    """Return the processor milliseconds per call of one client of httpx with a pool for all calls."""
    limits = httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once)
    with httpx.Client(base_url=url, limits=limits, timeout=60) as client, ThreadPoolExecutor(at_once) as pool:
        started = time.process_time()
        for response in pool.map(lambda _: client.post("chat/completions", content=SLOW), range(calls)):
            assert response.status_code == 200
        return (time.process_time() - started) * 1000 / calls


def crowds(url: str, folder: Path) -> None:
    """Print what a call costs this host while few and many wait, and with few and many places."""
    calls = 1600
    few = crowd(url, folder, 8, 32, calls)
    many = crowd(url, folder, 400, 32, calls)
    print("processor milliseconds of this host per call, straight into the gateway")
    print(f"  {'8 sessions, 32 places':28} {few:7.2f}")
    print(f"  {'400 sessions, 32 places':28} {many:7.2f}   ratio {many / few:.2f}")
    wide, pool = crowd(url, folder, 300, 300, 1200), one_pool(url, 1200, 300)
    print(f"  {'300 at once, 2 s each':28} {wide:7.2f}   ratio {wide / few:.2f}")
    print(f"  {'one httpx pool, 2 s each':28} {pool:7.2f}   ratio {pool / wide:.2f} of the gateway's", flush=True)
    with waiting.server_process() as slow_url:
        cost, taken = all_at_once(slow_url, folder, 400, 4)
    print(f"  {'400 at once, 2 s each':28} {cost:7.2f}; how long the calls took, milliseconds:")
    show("  400 at once, 2 s each", taken)


def show(name: str, taken: list[float]) -> None:
    """Print one line of figures."""
    ordered = sorted(taken)
    p95 = ordered[int(len(ordered) * 0.95)]
    print(
        f"  {name:28} median {statistics.median(ordered):7.2f}   p95 {p95:7.2f}   most {ordered[-1]:7.2f}", flush=True
    )


def main() -> None:
    """Measure both."""
    parser = argparse.ArgumentParser(description="What the way through the gateway adds to a call of an LLM.")
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--crowd-only", action="store_true", help="nothing that needs containers")
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bitsec-gateway-"))
    with server_process() as url:
        crowds(url, folder)
    if args.crowd_only:
        return
    with server_process() as url, docker_sandbox(DockerSettings(state=folder / "state")) as engine:
        provider = Provider(base_url=url, key="none")
        provision = LiveConfig(provider=provider, ledger=folder / "ledger.jsonl", run=RUN, total=TOTAL)
        with live_gateway(provision) as gateway:
            side_by_side(url, engine, gateway, args.calls, args.rounds)
            for slow in (0, 1):
                eight_at_once(engine, gateway, args.calls, slow)


if __name__ == "__main__":
    main()
