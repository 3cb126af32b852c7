"""Cleans up after an OCI runtime that was cut short: its process, and control groups it no longer knows.

A runtime outlives the validator that called it, so what it makes may appear after the next validator has looked
around; and one that is killed while it makes a container has not yet written down what there is to delete.
"""

import os
import signal
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from bitsec_eval.sandbox.oci.verify import CGROUPS

_PAUSE_SECONDS = 0.02
_LOOKS = 4
"""A process has no arguments for a moment while it becomes another program, as runtimes do: one look may miss it."""


def wait_for_runtimes(containers: Collection[str], seconds: float) -> None:
    """Wait until no process has the name of any of these containers among its arguments, or for so long."""
    wanted = {container.encode() for container in containers}
    deadline = time.monotonic() + seconds
    unseen = 0
    while unseen < _LOOKS and time.monotonic() < deadline:
        unseen = 0 if any(not wanted.isdisjoint(arguments) for arguments in _commands()) else unseen + 1
        time.sleep(_PAUSE_SECONDS)


def _commands() -> Iterator[list[bytes]]:
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # ended meanwhile
            yield (process / "cmdline").read_bytes().split(b"\0")


def remove_cgroups(path: str, seconds: float) -> None:
    """Kill what is in the control groups of this path, of any controller, and remove them."""
    deadline = time.monotonic() + seconds
    while (left := _cgroups(path)) and time.monotonic() < deadline:
        for folder in left:
            _empty(folder)
        time.sleep(_PAUSE_SECONDS)


def _cgroups(path: str) -> list[Path]:
    """Return those that are still there after another try at removing them."""
    left = []
    for root in (CGROUPS, *CGROUPS.glob("*")):
        folder = root / path.lstrip("/")
        try:
            folder.rmdir()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            left.append(folder)
    return left


def _empty(folder: Path) -> None:
    with suppress(OSError):
        for pid in (folder / "cgroup.procs").read_text().split():
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
