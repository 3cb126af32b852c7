"""A real scheduler and real nodes on this machine, each a process of its own with its own state."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

PATIENCE_SECONDS = 60


class Node:
    """One `bitsec-eval node`; `wrapper` is what its command is put behind, `environment` what it has besides ours."""

    def __init__(
        self,
        name: str,
        scheduler: str,
        root: Path,
        folder: Path,
        *options: str,
        wrapper: tuple[str, ...] = (),
        environment: dict[str, str] | None = None,
    ) -> None:
        self.name = name
        self.state = folder / name
        self.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._log = folder / f"{name}.log"
        command = ["node", "--scheduler", scheduler, "--name", name, "--sandboxes", "2", "--state", str(self.state)]
        engine = ["--sandbox", "oci", "--image", str(root)]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [*wrapper, sys.executable, "-m", "bitsec_eval", *command, *engine, *options],
                stdout=log,
                stderr=log,
                env={**os.environ, **(environment or {})},
            )

    @property
    def log(self) -> str:
        return self._log.read_text()

    def await_offer(self) -> "Node":
        until(lambda: f"node {self.name} offers" in self.log or self.process.poll() is not None, self.log)
        assert self.process.poll() is None, self.log
        return self

    def containers(self) -> list[str]:
        """What the node's engine has open: its bundles and the folders of its runtime."""
        folder = self.state / "oci"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(20)


def until(claim, told: str = "", seconds: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, told
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def scheduler(
    folder: Path, port: int | None = None, *options: str, host: str = "127.0.0.1"
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A Dask scheduler; its address and its process."""
    port = port or free_port()
    command = [str(Path(sys.executable).with_name("dask")), "scheduler", "--host", host, "--port", str(port)]
    with (folder / "scheduler.log").open("ab") as log:
        process = subprocess.Popen([*command, "--no-dashboard", *options], stdout=log, stderr=log)
    try:
        until(lambda: _listens(host, port), (folder / "scheduler.log").read_text())
        yield f"{'tls' if '--tls-key' in options else 'tcp'}://{host}:{port}", process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _listens(host: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


@contextmanager
def nodes(address: str, root: Path, folder: Path, *names: str) -> Iterator[list[Node]]:
    """Nodes of these names, each ready."""
    with ExitStack() as stack:
        started = []
        for name in names:
            started.append(Node(name, address, root, folder))
            stack.callback(started[-1].stop)
        yield [node.await_offer() for node in started]
