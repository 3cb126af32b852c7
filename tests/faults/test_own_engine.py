"""A dockerd of our own is stopped in the middle of an evaluation, and comes back: nobody loses a point.

BITSEC_LONG=1 only: it needs root, and a second engine with its own folders; the machine's engine is left alone.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults.evaluations import prepare, running
from long import LONG
from plugin.evaluations import GOOD

from bitsec_eval.sandbox.guards import IMAGE

pytestmark = [
    pytest.mark.usefixtures("docker_cli"),
    pytest.mark.skipif(not LONG, reason="starts an engine of its own: BITSEC_LONG=1"),
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
        with (self._folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                ["dockerd", *folders, "-H", self.address, *network], stdout=log, stderr=log, start_new_session=True
            )
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

    def wait_for_a_container(self) -> None:
        """Wait until it has one."""
        deadline = time.monotonic() + 60
        while not subprocess.run(["docker", "-H", self.address, "ps", "-q"], capture_output=True, check=True).stdout:
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
        shutil.rmtree(folder, ignore_errors=True)


def test_an_engine_that_is_restarted_costs_nobody_a_point(tmp_path: Path, own_engine: OwnEngine):
    slow = "import time\ntime.sleep(2)\n" + GOOD
    prepare(tmp_path, {"a": GOOD, "b": slow, "c": GOOD})
    with running(tmp_path, "--bitsec-jobs=2", DOCKER_HOST=own_engine.address) as started:
        own_engine.wait_for_a_container()
        time.sleep(1)
        own_engine.stop()
        own_engine.start()
        ran = started.end(180)

    rows = ran.board()["agents"]
    assert {row["agent"] for row in rows} == set("abc")
    assert all(row["score"] in (None, 100.0) for row in rows), ran.output
    assert sum(row["runs"]["incomplete"] for row in rows) == 0
