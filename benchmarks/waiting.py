"""Agents that wait for an LLM, many at once: this build beside an earlier one, in turns.

    python benchmarks/waiting.py [--agents 200] [--calls 5] [--rounds 3] [--oci ROOTFS] [--base CHECKOUT]

Every agent asks five times, and every call is answered after two seconds, so what is above ten seconds is start, end
and the way of the calls. `--engines` names those that are measured; beside the seconds it is told by how much the
machine's available memory fell for each agent, and how large the largest process of ours became. CHECKOUT is a
checkout of the earlier build with a .venv of its own in it.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "benchmarks")]

from sides import interleaved, machine, ratios, spread  # noqa: E402

CALL_SECONDS = 2.0
ASKING = """
import json, os, urllib.request
url = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
body = json.dumps({"model": "small", "messages": [{"role": "user", "content": "wait"}]}).encode()
headers = {"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
for _ in range(CALLS):
    urllib.request.urlopen(urllib.request.Request(url, data=body, headers=headers)).read()
print("hello")
"""
TASK = """
from bitsec_eval import LLM, Task
TASK = Task(prompt="ask, then say hello", timeout=300, memory_mib=64, llm=LLM())
def test_says_hello(answer):
    assert "hello" in answer
"""
REPLY = {
    "id": "1",
    "object": "chat.completion",
    "created": 0,
    "model": "small",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hello"}}],
    "usage": {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20},
}


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer the calls of one connection, each after a while."""
    body = json.dumps(REPLY).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    try:
        while True:
            asked = await reader.readuntil(b"\r\n\r\n")
            lines = asked.lower().split(b"\r\n")
            length = next(int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length"))
            await reader.readexactly(length)
            await asyncio.sleep(CALL_SECONDS)
            writer.write(head + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def serve(connection) -> None:
    """Run the LLM's server in a process of its own until that is ended."""

    async def main() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=4096)
        connection.send(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
        await server.serve_forever()

    asyncio.run(main())


@contextmanager
def server_process() -> Iterator[str]:
    """Run the server until the context is left."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        process.terminate()
        process.join()


def evaluated(checkout: Path, folder: Path, *options: str) -> None:
    """Evaluate with one build; every agent must have said hello."""
    environment = {**os.environ, "PYTHONPATH": str(checkout), "BITSEC_LLM_API_KEY": "a-key-for-a-benchmark"}
    python = checkout / ".venv/bin/python"
    command = [str(python), "-m", "pytest", "-q", "-p", "bitsec_eval.plugin", "-p", "no:cacheprovider", "--tb=no"]
    command += ["-p", "no:schemathesis", "-p", "no:hypothesispytest", "-p", "no:anyio", "--bitsec-agents=agents"]
    done = subprocess.run(
        [*command, *options], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def available_mib() -> float:
    """Return the memory of this machine that is to be had."""
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("MemAvailable"))


class MemoryWatch:
    """A side, and by how much less memory was available while it ran than before it, at most."""

    def __init__(self, side: Callable[[], None]) -> None:
        self._side = side
        self.fell_mib: list[float] = []

    def __call__(self) -> None:
        before = least = available_mib()
        ended = threading.Event()

        def look() -> None:
            nonlocal least
            while not ended.wait(0.2):
                least = min(least, available_mib())

        thread = threading.Thread(target=look)
        thread.start()
        try:
            self._side()
        finally:
            ended.set()
            thread.join()
        self.fell_mib.append(before - least)


def lay_out(folder: Path, agents: int, calls: int) -> None:
    """Write the agents and the task."""
    (folder / "agents").mkdir()
    (folder / "suite").mkdir()
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "suite/test_hello.py").write_text(TASK)
    for number in range(agents):
        source = ASKING.replace("CALLS", str(calls)) + f"# {number}\n"
        (folder / f"agents/agent{number}.py").write_text(source)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Agents that wait for an LLM, many at once.")
    parser.add_argument("--agents", type=int, default=200)
    parser.add_argument("--calls", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--oci", type=Path, help="the sandbox image as a folder, to measure the OCI engine too")
    parser.add_argument("--engines", default="docker,oci", help="those to measure (default: both)")
    parser.add_argument("--base", type=Path, help="a checkout of an earlier build with its .venv")
    args = parser.parse_args()
    print(machine())
    engines = {"docker": ()} | ({"oci": ("--bitsec-sandbox=oci", f"--bitsec-image={args.oci}")} if args.oci else {})
    engines = {name: chosen for name, chosen in engines.items() if name in args.engines.split(",")}
    with tempfile.TemporaryDirectory(prefix="bitsec-waiting-") as name, server_process() as url:
        folder = Path(name)
        lay_out(folder, args.agents, args.calls)
        llm = ("--bitsec-llm=live", f"--bitsec-llm-base-url={url}", "--bitsec-llm-models=small")
        llm += (f"--bitsec-llm-concurrency={args.agents}",)
        sides: dict[str, MemoryWatch] = {}
        for engine, chosen in engines.items():
            if args.base:
                waiting = (f"--bitsec-llm-jobs={args.agents}", *llm, *chosen)
                sides[f"{engine}, earlier"] = MemoryWatch(partial(evaluated, args.base, folder, *waiting))
            today = (f"--bitsec-jobs={args.agents}", *llm, *chosen)
            sides[engine] = MemoryWatch(partial(evaluated, ROOT, folder, *today))
        seconds = interleaved(sides, args.rounds)
    print(f"{args.agents} agents, {args.calls} calls of {CALL_SECONDS:.0f} s each, seconds: median (least-most)")
    for side, taken in seconds.items():
        memory = spread([fell / args.agents for fell in sides[side].fell_mib], 1)
        print(f"  {side:16} {spread(taken, 1)}; memory of the machine {memory} MiB an agent")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"  the largest process of any side had {peak:.0f} MiB")
    for engine in engines:
        if args.base:
            print(f"  {engine}: {spread(ratios(seconds[engine], seconds[f'{engine}, earlier']))} times as fast")


if __name__ == "__main__":
    main()
