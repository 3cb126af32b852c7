"""Two evaluations on one machine take turns, and both end; one that hangs is told to the other, and can be ended."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from plugin.evaluations import GOOD, REVERSE_TASK, Ran, command, environment, lay_out

from bitsec_eval.sandbox.docker.engine import DockerSettings, docker_sandbox

pytestmark = pytest.mark.usefixtures("docker_cli")

HANGING = """
import time
from pathlib import Path
from bitsec_eval import Task

TASK = Task(prompt="Implement reverse_string(s).", timeout=5)


def test_never_ends(solution):
    assert solution.reverse_string("ab") == "ba"
    Path("checking").touch()
    time.sleep(3600)
"""
LOG = "from bitsec_eval.plugin.progress import reporter\nreporter.LOG_SECONDS = 0.3\n"


def start(folder: Path, tasks: dict[str, str], more: str = "") -> "subprocess.Popen[str]":
    """Start an evaluation of two agents that logs how it stands."""
    folder.mkdir()
    lay_out(folder, {"one": GOOD, "two": GOOD}, tasks)
    with (folder / "conftest.py").open("a") as file:
        file.write(LOG + more)
    options = ("-q", "--bitsec-progress=log", f"--bitsec-state={folder / 'state'}")
    with (folder / "log").open("w") as log:
        return subprocess.Popen(
            command(*options), cwd=folder, env=environment(), stdout=log, stderr=subprocess.STDOUT, text=True
        )


def end(folder: Path, process: "subprocess.Popen[str]") -> Ran:
    """Wait for the end of an evaluation."""
    process.wait(180)
    return Ran(folder, process.returncode, (folder / "log").read_text())


def test_two_that_start_at_once_both_end_with_the_right_scores(tmp_path: Path):
    tasks = {f"suite/test_{name}.py": REVERSE_TASK for name in ("a", "b", "c")}
    folders = [tmp_path / name for name in ("first", "second")]
    processes = [start(folder, tasks) for folder in folders]

    for folder, process in zip(folders, processes, strict=True):
        ran = end(folder, process)
        assert ran.status == 0, ran.output
        assert ran.scores() == {"one": 100.0, "two": 100.0}


def test_one_that_hangs_is_named_and_once_it_is_ended_the_other_goes_on(tmp_path: Path):
    hanging = start(tmp_path / "hanging", {"suite/test_it.py": HANGING})
    _until((tmp_path / "hanging/checking").exists)
    other = start(tmp_path / "other", {"suite/test_it.py": REVERSE_TASK})
    try:
        log = tmp_path / "other/log"
        _until(lambda: f"waits for the checks of process {hanging.pid}, for " in log.read_text())
        assert other.poll() is None
    finally:
        os.kill(hanging.pid, signal.SIGKILL)
        hanging.wait()
    with docker_sandbox(DockerSettings(state=tmp_path / "hanging/state")):
        pass  # whoever has the state next removes the containers that the killed one left
    ran = end(tmp_path / "other", other)

    assert ran.status == 0, ran.output
    assert ran.scores() == {"one": 100.0, "two": 100.0}


def test_the_turn_of_one_that_is_stopped_passes_on_and_it_ends_well_when_it_goes_on(tmp_path: Path):
    shorter = (
        "from bitsec_eval.sandbox import machine_turn\nmachine_turn.MachineTurn.__init__.__defaults__ = (2.0,)\n"
    )
    stopped = start(tmp_path / "stopped", {"suite/test_it.py": HANGING.replace("3600", "3")})
    _until((tmp_path / "stopped/checking").exists)
    os.kill(stopped.pid, signal.SIGSTOP)
    try:
        other = start(tmp_path / "other", {"suite/test_it.py": REVERSE_TASK}, shorter)
        ran = end(tmp_path / "other", other)
    finally:
        os.kill(stopped.pid, signal.SIGCONT)
    resumed = end(tmp_path / "stopped", stopped)

    assert re.search(rf"process {stopped.pid}, for \d+ s; it is stopped: resume it with", ran.output)
    assert ran.scores() == {"one": 100.0, "two": 100.0}, ran.output
    assert resumed.scores() == {"one": 100.0, "two": 100.0}, resumed.output


def _until(holds: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)
