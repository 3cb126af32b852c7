"""Check agents in processes of their own: few, limited, kept warm, and replaced when a source ends one.

They are started with exec and inherit neither sockets nor signal handlers; nothing forks from the server.
"""

import asyncio
import json
import os
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import IO, Any, cast

from bitsec_eval.core.agent_check import TOO_COMPLEX, Caution, Refusal
from bitsec_eval.core.errors import BitsecError
from bitsec_eval.core.similarity import Likeness

WALL_SECONDS = 8.0
START_SECONDS = 20.0
PROCESSES = 2
CHECKS_PER_PROCESS = 500

_PROGRAM = Path(__file__).with_name("examiner.py")


class CheckerError(BitsecError):
    """No checking process could be started; the operator must act, and no agent is to blame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What is known of one source; `likeness` is None where it was refused."""

    refusal: Refusal | None = None
    cautions: tuple[Caution, ...] = ()
    likeness: Likeness | None = None


class Checker:
    """A few checking processes, started when needed; `stop` ends them all."""

    def __init__(self, python: str, processes: int = PROCESSES) -> None:
        self._python = python
        self._free = asyncio.Semaphore(processes)
        self._idle: list[_Examiner] = []
        self._all: set[_Examiner] = set()

    async def version(self) -> str:
        """Return the Python version sources are parsed with.

        Raises: CheckerError where no process starts.
        """
        async with self._free:
            examiner = await asyncio.to_thread(self._take)
            self._idle.append(examiner)
            return examiner.python

    async def check(self, source: bytes) -> Checked:
        """Examine one source; one that ends its process or takes too long is too complex.

        Raises: CheckerError where no process starts.
        """
        async with self._free:
            return await asyncio.to_thread(self._check, source)

    def stop(self) -> None:
        """End every process, also one that is busy, and wait for it."""
        for examiner in tuple(self._all):
            self._end(examiner)

    def _check(self, source: bytes) -> Checked:
        examiner = self._take()
        try:
            answer = examiner.ask(source)
        except (EOFError, OSError):
            self._end(examiner)
            return Checked(refusal=TOO_COMPLEX)
        self._give_back(examiner)
        return _checked(answer)

    def _take(self) -> "_Examiner":
        while self._idle:
            examiner = self._idle.pop()
            if examiner.alive:
                return examiner
            self._end(examiner)
        examiner = _started(self._python)
        self._all.add(examiner)
        return examiner

    def _give_back(self, examiner: "_Examiner") -> None:
        if examiner.checks < CHECKS_PER_PROCESS:
            self._idle.append(examiner)
        else:
            self._end(examiner)

    def _end(self, examiner: "_Examiner") -> None:
        self._all.discard(examiner)
        examiner.end()


class _Examiner:
    """One checking process; after an exception from `ask` it can only be ended."""

    def __init__(self, process: Popen[bytes]) -> None:
        self._process = process
        self.python = ""
        self.checks = 0

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def greet(self) -> None:
        with self._ended_after(START_SECONDS):
            self.python = self._answer()["python"]

    def ask(self, source: bytes) -> dict[str, Any]:
        self.checks += 1
        with self._ended_after(WALL_SECONDS):
            stdin = cast("IO[bytes]", self._process.stdin)
            stdin.write(struct.pack(">I", len(source)) + source)
            stdin.flush()
            return self._answer()

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

    def end(self) -> None:
        """Kill it and wait; another thread that waits for its answer then gets EOFError."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # what it had not read yet
                cast("IO[bytes]", pipe).close()


def _started(python: str) -> _Examiner:
    try:
        process = Popen(  # noqa: S603 - the operator's own interpreter and our own file
            (python, "-I", "-S", "-W", "ignore", str(_PROGRAM)),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            cwd="/",
            env={"PATH": os.defpath},
            start_new_session=True,  # Ctrl-C at the hub's terminal is the hub's to answer
        )
    except OSError as error:
        raise CheckerError(f"{python} does not start: {error.strerror}; give --check-python a Python 3.11") from None
    examiner = _Examiner(process)
    try:
        examiner.greet()
    except (EOFError, ValueError, KeyError):
        examiner.end()
        raise CheckerError(f"{python} does not run the check; give --check-python a Python 3.11") from None
    return examiner


def _checked(answer: dict[str, Any]) -> Checked:
    refusal = answer["refusal"]
    cautions = tuple(Caution(**caution) for caution in answer["cautions"])
    if refusal is not None:
        return Checked(refusal=Refusal(**refusal), cautions=cautions)
    prints = frozenset(answer["prints"])
    return Checked(cautions=cautions, likeness=Likeness(structure=answer["structure"], prints=prints))
