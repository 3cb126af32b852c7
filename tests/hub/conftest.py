"""A real hub in a process of its own, on loopback."""

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]

TASK_FILE = '''"""A task as a suite holds it."""

from bitsec_eval import Task

TASK = Task(prompt="Say one.", timeout=3)


def test_says_one(answer):
    assert answer == "the hidden one"


def test_says_it_once(answer):
    assert answer.count("one") == 1
'''

AGENT = '''"""An agent."""
import argparse

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--task")
    print("answer", parser.parse_args().task, {number})
'''


def agent(number: int = 0, padding: int = 0) -> bytes:
    """An agent that is accepted; each number gives another one, and `padding` bytes of comment make it larger."""
    return AGENT.replace("{number}", str(number)).encode() + b"#" * padding


@dataclass
class RunningHub:
    """One hub process and the folder it works in."""

    process: subprocess.Popen[bytes]
    port: int
    folder: Path
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.url, timeout=20, trust_env=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def agents(self) -> Path:
        return self.folder / "agents"

    @property
    def results(self) -> Path:
        return self.folder / "results"

    def get(self, path: str, **options) -> httpx.Response:
        return self.client.get(path, **options)

    def upload(self, miner_id: str, source: bytes = agent(), *, token: str | None = None, **fields) -> httpx.Response:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        form = {"miner_id": miner_id, **fields}
        return self.post(data=form, files={"agent": ("a.py", source)}, headers=headers)

    def post(self, **form) -> httpx.Response:
        return self.client.post("/upload/agent", **form)

    def raw(self, request: bytes, seconds: float = 10) -> bytes:
        """Send bytes and return everything until the hub closes; b"" where it says nothing."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as client:
            with suppress(BrokenPipeError, ConnectionResetError):
                client.sendall(request)
            return _everything(client)

    def rss_mib(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) / 1024

    def children(self) -> list[int]:
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(child) for task in tasks for child in task.read_text().split()]

    def kill(self) -> None:
        self.client.close()
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=15)

    def log(self) -> str:
        return (self.folder / "log").read_text()


def _everything(client: socket.socket) -> bytes:
    received = b""
    with suppress(TimeoutError, ConnectionResetError):
        while piece := client.recv(1 << 16):
            received += piece
    return received


StartHub = Callable[..., RunningHub]


@pytest.fixture
def start_hub(tmp_path: Path) -> Iterator[StartHub]:
    """Start hubs with more options; each is ended with the test."""
    running: list[RunningHub] = []

    def start(*options: str, folder: Path = tmp_path) -> RunningHub:
        running.append(launched(folder, *options))
        return running[-1]

    yield start
    for hub in running:
        hub.kill()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """One hub for the tests of a module, which use miner ids of their own."""
    running = launched(tmp_path_factory.mktemp("hub"), "--uploads-per-minute", "100000")
    yield running
    running.kill()
    assert "Traceback" not in running.log()


def launched(folder: Path, *options: str) -> RunningHub:
    """Start a hub on a free port and wait until it answers; its one task is demo/one."""
    tasks = folder / "suites"
    (tasks / "demo").mkdir(parents=True, exist_ok=True)
    (tasks / "demo" / "test_one.py").write_text(TASK_FILE)
    folders = ("--agents", str(folder / "agents"), "--results", str(folder / "results"), "--tasks", str(tasks))
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "hub", "--port", "0", *folders, *options],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    with process.stdout as told:
        line = told.readline().decode()
    found = re.search(r":(\d+)/", line)
    if found is None:
        process.wait()
        raise RuntimeError(f"the hub did not start: {(folder / 'log').read_text()}")
    hub = RunningHub(process, int(found.group(1)), folder)
    _wait_until_it_answers(hub)
    return hub


def _wait_until_it_answers(hub: RunningHub) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if hub.process.poll() is not None:
            raise RuntimeError(f"the hub ended: {hub.log()}")
        try:
            hub.get("/healthz")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the hub does not answer: {hub.log()}")
