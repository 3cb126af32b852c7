"""Evaluations that are disturbed while they run."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plugin.evaluations import GOOD, REVERSE_TASK, Ran, command, environment, lay_out

AGENTS = dict.fromkeys("abc", GOOD)
TASKS = {f"suite/test_{name}.py": REVERSE_TASK for name in ("one", "two")}
CELLS = {(agent, f"suite/{task}") for agent in AGENTS for task in ("one", "two")}

IMPATIENT = """
from bitsec_eval.sandbox import docker_engine
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

    def end(self, seconds: float = 120) -> Ran:
        """Wait for its end."""
        output, _ = self.process.communicate(timeout=seconds)
        return Ran(self.folder, self.process.returncode, output)


def cells(ran: Ran) -> dict[tuple[str, str], str]:
    """Return the state of every agent and task on the board."""
    rows = ran.board()["agents"]
    return {(row["agent"], task): told["state"] for row in rows for task, told in row["tasks"].items()}


def evaluated(folder: Path, *options: str, **more: str) -> Ran:
    """Run an evaluation to its end."""
    with running(folder, *options, **more) as started:
        return started.end()
