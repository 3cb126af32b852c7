"""A small builder: agents and tasks in a folder, evaluated by a pytest process of their own."""

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bitsec_eval.cli import main

ROOT = Path(__file__).parents[2]

ECHO = "import sys\nprint({source!r})\n"
REVERSE = "def reverse_string(s):\n    return s[::-1]\n"
LENGTH_ONLY = "def reverse_string(s):\n    return s if len(s) < 2 else 'no'\n"

REVERSE_TASK = '''
"""Reverse a string."""
from bitsec_eval import Task

TASK = Task(prompt="Implement reverse_string(s).", timeout=5)


def test_reverses_a_word(solution):
    assert solution.reverse_string("hello") == "olleh"


def test_reverses_two_words(solution):
    assert solution.reverse_string("ab cd") == "dc ba"
'''


def printing(source: str) -> str:
    """Return an agent that answers `source`."""
    return ECHO.format(source=source)


GOOD = printing(REVERSE)
BAD = printing(LENGTH_ONLY)


@dataclass
class Ran:
    """What a pytest process of an evaluation left."""

    folder: Path
    status: int
    output: str

    def __post_init__(self) -> None:
        self.lines = self.output.splitlines()

    def board(self, *files: str) -> dict[str, Any]:
        """Return the board as JSON, computed by the command line from junit."""
        target = self.folder / "board.json"
        given = files or (str(self.folder / "results/junit.xml"),)
        told = io.StringIO()
        with redirect_stdout(told), redirect_stderr(told):
            code = main(["leaderboard", *given, "--json", str(target)])
        assert code in (0, 1), told.getvalue()  # 1: provisional
        return json.loads(target.read_text())

    def scores(self) -> dict[str, float | None]:
        """Return the score of each agent."""
        return {row["agent"]: row["score"] for row in self.board()["agents"]}


def environment(**more: str) -> dict[str, str]:
    """Return an environment in which this checkout is found, whatever is installed."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def lay_out(folder: Path, agents: dict[str, str], tasks: dict[str, str]) -> None:
    """Write agents/NAME.py and the task files."""
    (folder / "conftest.py").write_text('pytest_plugins = ["bitsec_eval.plugin"]\n')
    (folder / "pytest.ini").write_text("[pytest]\n")
    for name, source in agents.items():
        path = folder / "agents" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    for name, source in tasks.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)


def command(*arguments: str) -> list[str]:
    """Return the command of an evaluation."""
    return [sys.executable, "-m", "pytest", "--bitsec-agents=agents", "-rA", "--tb=short", *arguments]


def evaluate(
    folder: Path, *arguments: str, agents: dict[str, str] | None = None, tasks: dict[str, str] | None = None
) -> Ran:
    """Lay out agents and tasks in `folder`, evaluate them, and return what came of it."""
    lay_out(folder, agents or {"good": GOOD}, tasks or {"suite/test_reverse.py": REVERSE_TASK})
    return run(folder, *command(*arguments))


def run(folder: Path, *whole_command: str, **more: str) -> Ran:
    """Run a command in `folder`."""
    done = subprocess.run(
        whole_command, cwd=folder, env=environment(**more), capture_output=True, text=True, timeout=300, check=False
    )
    return Ran(folder, done.returncode, done.stdout + done.stderr)
