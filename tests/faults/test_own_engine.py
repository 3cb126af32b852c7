"""A dockerd of our own is stopped or killed in the middle of an evaluation, and comes back: nobody loses a point.

BITSEC_LONG=1 only: it needs root, and a second engine with its own folders. That engine lives in a network namespace
of its own: in the machine's, its --bridge=none would remove the bridge of the machine's engine.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from faults.evaluations import evaluated, prepare, running
from plugin.evaluations import GOOD

from bitsec_eval.sandbox.hardening.policy import IMAGE

pytestmark = [
    pytest.mark.usefixtures("docker_cli"),
    pytest.mark.long,
    pytest.mark.skipif(os.geteuid() != 0 or shutil.which("dockerd") is None, reason="needs root and dockerd"),
]


class OwnEngine:
    """A dockerd with folders, a socket and an image of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.address = f"unix://{folder}/engine.sock"
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        folders = [f"--{name}={self._folder / name}" for name in ("data-root", "exec-root", "pidfile")]
        network = ["--bridge=none", "--iptables=false", "--ip-masq=false"]
        command = ["unshare", "--net", "dockerd", *folders, "-H", self.address, *network]
        with (self._folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + 60
        while not self._answers():
            assert time.monotonic() < deadline, (self._folder / "log").read_text()[-2000:]
            time.sleep(0.2)

    def _answers(self) -> bool:
        told = subprocess.run(["docker", "-H", self.address, "version"], capture_output=True, check=False)
        return told.returncode == 0

    def stop(self) -> None:
        """Ask it to end and wait until it has."""
        self.process.terminate()
        self.process.wait(60)

    def kill(self) -> None:
        """Kill it: its containers live on, and who listened to them hears nothing more.

        Its containerd dies with it, and the next one starts only when that is gone from the process table.
        """
        below = (self._folder / "exec-root/containerd/containerd.pid").read_text()
        self.process.kill()
        self.process.wait()
        deadline = time.monotonic() + 60
        while Path("/proc", below).exists():
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def containers(self, *options: str) -> list[str]:
        """Return what `docker ps` lists."""
        command = ["docker", "-H", self.address, "ps", "-q", *options]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()

    def wait_for_a_container(self) -> None:
        """Wait until it has one."""
        deadline = time.monotonic() + 60
        while not self.containers():
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def load(self) -> None:
        """Give it the machine's sandbox image."""
        with subprocess.Popen(["docker", "save", IMAGE], stdout=subprocess.PIPE) as saving:
            subprocess.run(["docker", "-H", self.address, "load"], stdin=saving.stdout, check=True)


@pytest.fixture
def own_engine() -> Iterator[OwnEngine]:
    folder = Path(tempfile.mkdtemp(prefix="dk"))  # short: a socket's path may have 107 characters
    engine = OwnEngine(folder)
    try:
        engine.load()
        yield engine
    finally:
        engine.stop()
        subprocess.run(["umount", "--lazy", str(folder / "data-root")], capture_output=True, check=False)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("away", [OwnEngine.stop, OwnEngine.kill], ids=["stopped", "killed"])
def test_an_engine_that_goes_and_comes_back_costs_nobody_a_point(
    tmp_path: Path, own_engine: OwnEngine, away: Callable[[OwnEngine], None]
):
    slow = "import time\ntime.sleep(2)\n" + GOOD
    prepare(tmp_path, {"a": GOOD, "b": slow, "c": GOOD})
    with running(tmp_path, "--bitsec-jobs=2", DOCKER_HOST=own_engine.address) as started:
        own_engine.wait_for_a_container()
        time.sleep(1)
        away(own_engine)
        own_engine.start()
        ran = started.end(180)

    rows = ran.board()["agents"]
    assert {row["agent"] for row in rows} == set("abc")
    assert all(row["score"] in (None, 100.0) for row in rows), ran.output
    assert sum(row["runs"]["incomplete"] for row in rows) == 0
    assert ran.status == int(any(row["runs"]["void"] for row in rows)), ran.output
    _next_evaluation_is_whole(tmp_path, own_engine)


def _next_evaluation_is_whole(folder: Path, engine: OwnEngine) -> None:
    ran = evaluated(folder, DOCKER_HOST=engine.address)

    assert ran.scores() == dict.fromkeys("abc", 100.0), ran.output
    assert engine.containers("--all") == []
