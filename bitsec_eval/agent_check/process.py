"""One checking process from the side of whoever asks: started with exec, limited, ended when it takes too long.

It inherits neither sockets nor signal handlers nor environment, so a server may start one.
"""

import json
import os
import shutil
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import IO, Any, cast

from bitsec_eval.core.agents.agent_check import SANDBOX_PYTHON, TOO_COMPLEX, Caution, Refusal, refused_bytes
from bitsec_eval.core.agents.similarity import Likeness
from bitsec_eval.core.errors import BitsecError

WALL_SECONDS = 8.0
START_SECONDS = 20.0

_PROGRAM = Path(__file__).with_name("examiner.py")


class CheckerError(BitsecError):
    """No checking process could be started; the operator must act, and no agent is to blame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What is known of one source; `likeness` is None where it was refused, `cpu_seconds` is what it took."""

    refusal: Refusal | None = None
    cautions: tuple[Caution, ...] = ()
    likeness: Likeness | None = None
    cpu_seconds: float = 0.0


def check(source: bytes, python: str | None = None, libraries: frozenset[str] = frozenset()) -> Checked:
    """Check one source in a process of its own, with the sandbox's Python where this machine has it.

    `libraries` are the modules that it may import beside the standard library's.

    Raises: CheckerError where no process starts.
    """
    refusal = refused_bytes(source)
    if refusal is not None:
        return Checked(refusal=refusal)
    with closing(started(python or sandbox_python())) as examiner:
        try:
            return examiner.ask(source, libraries)
        except (EOFError, OSError):
            return Checked(refusal=TOO_COMPLEX)


def sandbox_python() -> str:
    """Return the interpreter agents are parsed with: the sandbox's version where this machine has it, else ours."""
    if sys.version_info[:2] == SANDBOX_PYTHON:
        return sys.executable
    return shutil.which("python{}.{}".format(*SANDBOX_PYTHON)) or sys.executable


class Examiner:
    """One checking process; after an exception from `ask` it can only be closed."""

    def __init__(self, process: Popen[bytes]) -> None:
        self._process = process
        self.stdin = process.stdin
        self.stdout = process.stdout
        self.python = ""

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def greet(self) -> None:
        """Wait until it says which Python it is.

        Raises: EOFError, ValueError or KeyError where it does not.
        """
        with self._ended_after(START_SECONDS):
            self.python = self._answer()["python"]

    def ask(self, source: bytes, libraries: frozenset[str] = frozenset()) -> Checked:
        """Check one source, which may import `libraries` beside the standard library.

        Raises: EOFError or OSError where the source ended the process or took too long.
        """
        with self._ended_after(WALL_SECONDS):
            stdin = cast("IO[bytes]", self._process.stdin)
            stdin.write(question(source, libraries))
            stdin.flush()
            return checked_from(self._answer())

    def _answer(self) -> dict[str, Any]:
        (size,) = struct.unpack(">I", self._read(4))
        return cast("dict[str, Any]", json.loads(self._read(size)))

    def _read(self, size: int) -> bytes:
        read = cast("IO[bytes]", self._process.stdout).read(size)
        if len(read) < size:
            raise EOFError
        return read

    @contextmanager
    def _ended_after(self, seconds: float) -> Iterator[None]:
        timer = threading.Timer(seconds, self._process.kill)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def close(self) -> None:
        """Kill it and wait; another thread that waits for its answer then gets EOFError."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # what it had not read yet
                cast("IO[bytes]", pipe).close()


def started(python: str) -> Examiner:
    """Start a checking process.

    Raises: CheckerError where `python` does not run it.
    """
    try:
        process = Popen(  # noqa: S603 - the operator's own interpreter and our own file
            (python, "-I", "-S", "-W", "ignore", str(_PROGRAM)),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            cwd="/",
            env={"PATH": os.defpath},
            start_new_session=True,  # Ctrl-C at the asker's terminal is the asker's to answer
        )
    except OSError as error:
        raise CheckerError(f"{python} does not start: {error.strerror}; the check needs a Python 3.11") from None
    examiner = Examiner(process)
    try:
        examiner.greet()
    except (EOFError, ValueError, KeyError):
        examiner.close()
        raise CheckerError(f"{python} does not run the check; it needs a Python 3.11") from None
    return examiner


def question(source: bytes, libraries: frozenset[str]) -> bytes:
    """Return what the process is asked about one source."""
    named = " ".join(sorted(libraries)).encode()
    return b"".join(struct.pack(">I", len(part)) + part for part in (named, source))


def checked_from(answer: dict[str, Any]) -> Checked:
    """Read what the process answers to one source."""
    refusal = answer["refusal"]
    cautions = tuple(Caution(**caution) for caution in answer["cautions"])
    seconds = float(answer["cpu_seconds"])
    if refusal is not None:
        return Checked(refusal=Refusal(**refusal), cautions=cautions, cpu_seconds=seconds)
    kept = Likeness(structure=answer["structure"], prints=frozenset(answer["prints"]))
    return Checked(cautions=cautions, likeness=kept, cpu_seconds=seconds)
