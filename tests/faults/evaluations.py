"""Evaluations that are disturbed while they run."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from plugin.evaluations import GOOD, REVERSE_TASK, Ran, command, environment, lay_out

AGENTS = dict.fromkeys("abc", GOOD)
TASKS = {f"suite/test_{name}.py": REVERSE_TASK for name in ("one", "two")}
CELLS = {(agent, f"suite/{task}") for agent in AGENTS for task in ("one", "two")}

IMPATIENT = """
from bitsec_eval.sandbox.docker import engine as docker_engine
from bitsec_eval.schedule import attempts
docker_engine.CALL_SECONDS = docker_engine.SLOW_SECONDS = 3
attempts.Attempts.__init__.__defaults__ = ((0.2, 0.5, 4.0), 1.0)
"""
"""Makes an evaluation wait for its engine for seconds and not for minutes."""


def prepare(folder: Path, agents: dict[str, str] | None = None, tasks: dict[str, str] | None = None) -> None:
    """Lay out an evaluation that is impatient with its engine."""
    lay_out(folder, agents or AGENTS, tasks or TASKS)
    with (folder / "conftest.py").open("a") as file:
        file.write(IMPATIENT)


@contextmanager
def running(folder: Path, *options: str, **more: str) -> Iterator["Running"]:
    """Start an evaluation in `folder`, with its locks in there too; it is over when the context is left."""
    state = f"--bitsec-state={folder / 'state'}"
    process = subprocess.Popen(
        command("-q", "-p", "no:cacheprovider", state, *options),
        cwd=folder,
        env=environment(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield Running(folder, process)
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


class Running:
    """A process of an evaluation."""

    def __init__(self, folder: Path, process: "subprocess.Popen[str]") -> None:
        self.folder = folder
        self.process = process

    def press_ctrl_c(self) -> None:
        """Signal it as a terminal does: with everything it started that is still of its group."""
        os.killpg(self.process.pid, signal.SIGINT)

    def terminate(self) -> None:
        """Ask it to end, as whoever runs services does."""
        self.process.send_signal(signal.SIGTERM)

    def kill(self, *, with_children: bool = False) -> None:
        """Kill it with no warning, alone or with the processes it has just started."""
        self.process.send_signal(signal.SIGSTOP)
        if self.process.returncode is not None:  # it was quicker
            return
        own, children = _command(self.process.pid), _children(self.process.pid)
        for pid in [*(children if with_children else []), self.process.pid]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        _wait_until(lambda: not any(_has_its_locks(child, own, ended=with_children) for child in children))

    def end(self, seconds: float = 120) -> Ran:
        """Wait for its end."""
        output, _ = self.process.communicate(timeout=seconds)
        return Ran(self.folder, self.process.returncode, output)


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def _command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def _has_its_locks(child: int, own: bytes, *, ended: bool) -> bool:
    """Whether a child has not `ended` yet, or is still a copy of the validator, with what that had open."""
    try:
        state = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0]
        return state not in "ZX" and (ended or _command(child) == own)
    except OSError:
        return False


def _wait_until(claim: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def cells(ran: Ran) -> dict[tuple[str, str], str]:
    """Return the state of every agent and task on the board."""
    rows = ran.board()["agents"]
    return {(row["agent"], task): told["state"] for row in rows for task, told in row["tasks"].items()}


def evaluated(folder: Path, *options: str, **more: str) -> Ran:
    """Run an evaluation to its end."""
    with running(folder, *options, **more) as started:
        return started.end()
