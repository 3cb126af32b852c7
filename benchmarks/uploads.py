"""Uploads per second and what twenty kill -9 leave behind: `python benchmarks/uploads.py [--beside CHECKOUT]`.

Part one: clients on connections of their own upload distinct agents of about 18 KB, each a new miner id, to a hub in
a process of its own; every upload is checked in full and made durable before it is answered.
Part two: the same clients upload to a hub that is killed and started again, and ask again for what was not answered.
In the end every accepted upload must be there, whole, under its metadata, and nothing half written beside it.

With `--beside`, part one is done in turns with the hub of another checkout, and the ratio of both is printed.
"""

import argparse
import asyncio
import hashlib
import inspect
import json
import os
import platform
import random
import re
import secrets
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
BODY = inspect.getsource(textwrap)
ENTRY = 'if __name__ == "__main__":\n    print("--task", {number})\n'


def main() -> None:
    """Run both parts and print what they found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--beside", type=Path, metavar="CHECKOUT")
    parser.add_argument("--rounds", type=int, default=5, help="with --beside (default: %(default)s)")
    options = parser.parse_args()
    print(f"{os.cpu_count()} CPUs, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}")
    if options.beside:
        beside(options.beside.resolve(), options.clients, options.seconds, options.rounds)
    else:
        print(measured(ROOT, options.clients, options.seconds))
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(kills(Path(folder), options.clients, options.kills))


@dataclass(frozen=True)
class Throughput:
    """What one round measured: uploads a second, and the 50th and 99th percentile of their milliseconds."""

    clients: int
    per_second: float
    p50: float
    p99: float
    other: dict[int, int]

    def __str__(self) -> str:
        return (
            f"{self.clients} clients: {self.per_second:.0f} uploads/s of {agent_bytes(1)} bytes, "
            f"p50 {self.p50:.0f} ms, p99 {self.p99:.0f} ms, other answers: {self.other}"
        )


def measured(root: Path, clients: int, seconds: float) -> Throughput:
    """Measure the hub of a checkout in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(throughput(root, Path(folder), clients, seconds))


def beside(other: Path, clients: int, seconds: float, rounds: int) -> None:
    """Measure both hubs in turns and print each round, then the medians and their ratio."""
    sides: dict[Path, list[Throughput]] = {ROOT: [], other: []}
    for number in range(rounds):
        for root in (ROOT, other) if number % 2 else (other, ROOT):
            sides[root].append(measured(root, clients, seconds))
            print(f"{'this' if root == ROOT else 'other'}: {sides[root][-1]}", flush=True)
    ours, theirs = (statistics.median(each.per_second for each in sides[root]) for root in (ROOT, other))
    late = {root: statistics.median(each.p99 for each in sides[root]) for root in sides}
    print(
        f"median: {ours:.0f} uploads/s, p99 {late[ROOT]:.0f} ms;"
        f" other: {theirs:.0f} uploads/s, p99 {late[other]:.0f} ms;"
        f" ratio {ours / theirs:.2f}, load {os.getloadavg()[0]:.1f}"
    )


async def throughput(root: Path, folder: Path, clients: int, seconds: float) -> Throughput:
    """Upload from all clients for some seconds."""
    hub = Hub.started(folder, root)
    sent = Sent()
    begun = time.monotonic()
    await asyncio.gather(*(uploading(hub, sent, begun + seconds) for _ in range(clients)))
    spent = time.monotonic() - begun
    hub.kill()
    spans = statistics.quantiles(sent.spans, n=100)
    return Throughput(clients, len(sent.accepted) / spent, spans[49] * 1000, spans[98] * 1000, sent.other)


async def kills(folder: Path, clients: int, lives: int) -> None:
    """Upload to a hub that is killed again and again, then look at every file."""
    sent = Sent()
    chance = random.Random(1)
    for _ in range(lives):
        hub = Hub.started(folder)
        working = [asyncio.create_task(uploading(hub, sent, time.monotonic() + 60)) for _ in range(clients)]
        await asyncio.sleep(chance.uniform(0.2, 1.0))
        hub.kill()
        await asyncio.gather(*working)
    hub = Hub.started(folder)
    pending = len(sent.pending)
    await asyncio.gather(*(uploading(hub, sent, 0) for _ in range(clients)))
    hub.kill()
    torn, lost, left = damage(folder / "agents", sent.accepted)
    print(
        f"{lives} kill -9: {len(sent.accepted)} uploads accepted, {pending} unanswered ones asked again; "
        f"torn files: {torn}, lost files: {lost}, half-written files left: {left}, other answers: {sent.other}"
    )


@dataclass
class Sent:
    """What all clients together have sent."""

    accepted: dict[str, str] = field(default_factory=dict)
    pending: list[tuple[str, bytes, str]] = field(default_factory=list)
    spans: list[float] = field(default_factory=list)
    other: dict[int, int] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(10**9)))

    def next_upload(self, until: float) -> tuple[str, bytes, str] | None:
        """First what was not answered before, then new agents until the time is over."""
        if self.pending:
            return self.pending.pop()
        number = next(self.numbers)
        return (f"m{number}", source(number), secrets.token_urlsafe(32)) if time.monotonic() < until else None


async def uploading(hub: "Hub", sent: Sent, until: float) -> None:
    """One client: upload on one connection until the time is over or the hub is gone."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", hub.port)
    except OSError:
        return
    while (upload := sent.next_upload(until)) is not None:
        begun = time.monotonic()
        try:
            writer.write(request(*upload))
            status = await answered(reader)
        except (OSError, asyncio.IncompleteReadError):
            sent.pending.append(upload)
            break
        sent.spans.append(time.monotonic() - begun)
        if status in (200, 201):
            sent.accepted[upload[0]] = hashlib.sha256(upload[1]).hexdigest()
        else:
            sent.other[status] = sent.other.get(status, 0) + 1
    writer.close()


async def answered(reader: asyncio.StreamReader) -> int:
    """Return an answer's status, and read its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(int(re.search(rb"content-length: (\d+)", head).group(1)))
    return int(head[9:12])


def request(miner_id: str, agent: bytes, new_token: str) -> bytes:
    """Return one upload as bytes."""
    name = b'--x\r\nContent-Disposition: form-data; name="'
    fields = ((b"miner_id", miner_id.encode()), (b"new_token", new_token.encode()))
    body = b"".join(name + field + b'"\r\n\r\n' + value + b"\r\n" for field, value in fields)
    body += name + b'agent"; filename="a.py"\r\n\r\n' + agent + b"\r\n--x--\r\n"
    head = b"POST /upload/agent HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def source(number: int) -> bytes:
    """Return an agent like no other."""
    return (BODY + ENTRY.replace("{number}", str(number))).encode()


def agent_bytes(number: int) -> int:
    """Return an agent's size."""
    return len(source(number))


def damage(agents: Path, accepted: dict[str, str]) -> tuple[int, int, int]:
    """Count files that are not what their name or metadata says, accepted ones that are gone, and leftovers."""
    torn = lost = 0
    for metadata in agents.glob("*.json"):
        current = json.loads(metadata.read_bytes())["sha256"]
        torn += digest(metadata.with_suffix(".py")) != current
    for version in (agents / ".versions").glob("*/*.py"):
        torn += digest(version) != version.stem
    for miner_id, sha256 in accepted.items():
        lost += digest(agents / f"{miner_id}.py") != sha256
    return torn, lost, len(list(agents.rglob("*.tmp")))


def digest(path: Path) -> str:
    """Return a file's digest, "" where there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


@dataclass
class Hub:
    """A hub in a process of its own."""

    process: subprocess.Popen[str]
    port: int

    @classmethod
    def started(cls, folder: Path, root: Path = ROOT) -> "Hub":
        """Start the hub of a checkout and wait until it listens."""
        folders = ("--agents", str(folder / "agents"), "--results", str(folder), "--tasks", str(root / "task_suites"))
        command = [sys.executable, "-m", "hub", "--port", "0", "--uploads-per-minute", "1000000", *folders]
        environ = {**os.environ, "PYTHONPATH": str(root)}
        process = subprocess.Popen(
            command, cwd=root, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        line = process.stdout.readline()
        return cls(process, int(re.search(r":(\d+)/", line).group(1)))

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


if __name__ == "__main__":
    main()
