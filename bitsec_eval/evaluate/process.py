"""Run pytest as a process that can be stopped: first politely, so that it removes its containers, then by force."""

import os
import signal
import subprocess
import sys
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import bitsec_eval

STOP_SECONDS = 15.0
"""How long a stopped evaluation may take to remove its containers."""

_LOOK_SECONDS = 0.1


class Stopped(Exception):  # noqa: N818 - somebody wanted it so
    """The evaluation was stopped before it had ended; `forced` says that it had to be killed."""

    def __init__(self, *, forced: bool) -> None:
        super().__init__("the evaluation was stopped")
        self.forced = forced


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to evaluate: the agent in a file NAME.py on `tasks`, and where everything goes.

    `junit` is written whole or not at all, `log` holds what pytest printed, `more` are further arguments for it.
    """

    agent: Path
    tasks: tuple[Path, ...]
    results: Path
    junit: Path
    log: Path
    more: tuple[str, ...] = ()


def evaluate(order: Order, stop: Event, keep_open: Collection[int] = ()) -> int:
    """Evaluate one agent and return pytest's exit status; the process inherits the descriptors in `keep_open`.

    Raises:
        Stopped: `stop` was set; neither the process nor, unless `forced`, a container of its own is left.
    """
    with order.log.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
            command(order),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment(os.environ),
            pass_fds=tuple(keep_open),
            start_new_session=True,  # Ctrl-C at our terminal is ours to pass on
        )
    forced = False
    try:
        while process.poll() is None and not stop.wait(_LOOK_SECONDS):
            pass
    finally:
        if process.poll() is None:
            forced = not _end_politely(process)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if stop.is_set():
        raise Stopped(forced=forced)
    return process.returncode


def command(order: Order) -> list[str]:
    """Return the command line of an evaluation."""
    options = ("-q", "--tb=line", "-p", "no:cacheprovider", "-p", "bitsec_eval.plugin")
    places = (
        f"--bitsec-agents={order.agent.absolute()}",
        f"--bitsec-results={order.results.absolute()}",
        f"--junitxml={order.junit.absolute()}",
    )
    return [sys.executable, "-m", "pytest", *options, *places, *order.more, *map(str, order.tasks)]


def environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of an evaluation: ours, with this very package first, and room for long lines."""
    package = str(Path(bitsec_eval.__file__).parents[1])
    found = [package, *filter(None, [ours.get("PYTHONPATH")])]
    return {**ours, "PYTHONPATH": os.pathsep.join(found), "PYTHONUNBUFFERED": "1", "COLUMNS": "400"}


def _end_politely(process: subprocess.Popen[bytes]) -> bool:
    """Ask a process to end, and return whether it did."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True
