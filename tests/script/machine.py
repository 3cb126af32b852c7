"""A machine with only the commands a test gives it, on which the scripts of this repository run."""

import shutil
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
TOOLS = ("basename", "bash", "cat", "chmod", "cut", "dirname", "env", "flock", "grep", "mkdir", "mktemp", "rm")
TOOLS += ("sha256sum", "sed", "setsid", "sleep", "timeout", "touch")

ANSWERING_DOCKER = """
case "$1 ${2:-}" in
  "info "*) echo 26.1 ;;
esac
"""
SILENT_DOCKER = "echo 'Cannot connect to the Docker daemon' >&2; exit 1"

# Makes a .venv whose python notes what it is asked to do.
PYTHON = """
case "$*" in
  *"-m venv"*)
    mkdir -p .venv/bin
    printf '#!/bin/sh\\necho "$@" >>calls\\n' >.venv/bin/python
    chmod +x .venv/bin/python ;;
  --version) echo Python 3.12.1 ;;
esac
"""


class Machine:
    """Build one command at a time, then run a script on it."""

    def __init__(self, folder: Path) -> None:
        self.checkout = folder / "checkout"
        self.commands = folder / "bin"
        self.commands.mkdir(parents=True)
        for tool in TOOLS:
            if found := shutil.which(tool):
                (self.commands / tool).symlink_to(found)
        for folder in ("script", ".ci"):
            shutil.copytree(REPOSITORY / folder, self.checkout / folder)
        (self.checkout / "tests").mkdir()
        shutil.copy(REPOSITORY / "pyproject.toml", self.checkout)

    def has(self, name: str, script: str) -> None:
        """Give the machine a command, which notes each call in the checkout's file `calls`."""
        command = self.commands / name
        command.write_text(f'#!/bin/bash\necho "{name} $*" >>"$CHECKOUT/calls"\n{script}\n')
        command.chmod(0o755)

    def lacks(self, name: str) -> None:
        (self.commands / name).unlink()

    def run(self, script: str = "setup", *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a script, `.ci/run` among them, without a terminal or this machine's environment."""
        settings = {"PATH": str(self.commands), "CHECKOUT": str(self.checkout), "TMPDIR": str(self.checkout)}
        return subprocess.run(
            [self.checkout / (script if "/" in script else f"script/{script}"), *arguments],
            env=settings | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
        )

    def calls(self) -> list[str]:
        """What was called since the last look."""
        path = self.checkout / "calls"
        noted = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return noted


def one_line(run: subprocess.CompletedProcess[str]) -> str:
    """The only line of a script that stopped; anything more is too much to read."""
    assert run.returncode == 1, run.stderr
    assert run.stdout == ""
    (line,) = run.stderr.splitlines()
    return line


def last_line(run: subprocess.CompletedProcess[str]) -> str:
    """The last line of a script that stopped after it had done some steps."""
    assert run.returncode == 1, run.stderr
    return run.stderr.splitlines()[-1]


def ready_machine(folder: Path) -> Machine:
    """A machine of root's with a Python and an engine that answers."""
    machine = Machine(folder)
    machine.has("id", "case $1 in -u) echo 0 ;; *) echo root ;; esac")
    machine.has("python3", PYTHON)
    machine.has("docker", ANSWERING_DOCKER)
    return machine


def log_named_in(line: str) -> str:
    """The content of the log that a message ends with."""
    return Path(line.rpartition(" ")[2]).read_text()
