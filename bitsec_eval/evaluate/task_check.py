"""Look at task files as an evaluation does before it starts, without an engine and without agents of the user's.

pytest collects them in a process of its own with a stand-in for an agent, so the rules are those of an evaluation.
Patch and exploit tasks are compiled and run as well, where an engine and the EVM's image are there.
"""

import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.text import one_line
from bitsec_eval.evaluate.process import environment

SECONDS = 300
_FAULT = "ERROR: "
_NOTE = "NOTE: "
_COLLECTED = "::"
_COLLECTED_EXITS = (0, 5)
"""Exit codes of pytest for tests that were collected, and for none that were there to collect."""


@dataclass(frozen=True, slots=True)
class TaskCheck:
    """What a look at task files found: one line `FILE:LINE: what is wrong` for each fault, and how many checks.

    `notes` say whether patch and exploit tasks were run.
    """

    faults: tuple[str, ...]
    checks: int
    notes: tuple[str, ...] = ()


def check_tasks(paths: Sequence[Path], environ: Mapping[str, str]) -> TaskCheck:
    """Collect the task files at `paths`, files or folders.

    Raises:
        SettingsError: there is no such path, or pytest itself could not start, with its words.
    """
    for path in paths:
        if not path.exists():
            raise SettingsError(f"{one_line(str(path))}: no such file or folder")
    with tempfile.TemporaryDirectory(prefix="bitsec-check-") as folder:
        agent = Path(folder) / "agent.py"
        agent.write_text("")
        done = _collect(paths, agent, environ)
    lines = done.stdout.splitlines()
    faults = tuple(line.removeprefix(_FAULT) for line in lines if line.startswith(_FAULT) and line != _FAULT)
    checks = sum(_COLLECTED in line and line.endswith("[agent]") for line in lines)
    if done.returncode not in _COLLECTED_EXITS and not faults:
        words = [line for line in done.stderr.splitlines() if line.strip()]
        words = words or [line for line in lines if line.startswith("ERROR")] or lines or ["pytest said nothing"]
        raise SettingsError(one_line(words[-1].removeprefix(_FAULT), 1000))
    notes = tuple(line.removeprefix(_NOTE) for line in lines if line.startswith(_NOTE))
    return TaskCheck(faults, checks, notes)


def _collect(paths: Sequence[Path], agent: Path, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    options = ("--collect-only", "-q", "--tb=no", "--color=no", "-p", "no:cacheprovider", "-p", "bitsec_eval.plugin")
    proving = ("-p", "bitsec_eval.plugin.proof.proving")
    command = [sys.executable, "-m", "pytest", *options, *proving, f"--bitsec-agents={agent}", *map(str, paths)]
    try:
        return subprocess.run(  # noqa: S603 - our own interpreter
            command,
            env=environment(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="backslashreplace",
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise SettingsError(f"the task files were not imported within {SECONDS} s; what do they do?") from None
