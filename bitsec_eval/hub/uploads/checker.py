"""Check agents in processes of their own: few, limited, kept warm, and replaced when a source ends one.

They are started with exec and inherit neither sockets nor signal handlers; nothing forks from the server.
"""

import asyncio

from bitsec_eval.agent_check.process import Checked, Examiner, started
from bitsec_eval.core.agent_check import TOO_COMPLEX

PROCESSES = 2
CHECKS_PER_PROCESS = 500


class Checker:
    """A few checking processes, started when needed; `stop` ends them all."""

    def __init__(
        self, python: str, *, processes: int = PROCESSES, checks_per_process: int = CHECKS_PER_PROCESS
    ) -> None:
        self._python = python
        self._checks_per_process = checks_per_process
        self._free = asyncio.Semaphore(processes)
        self._idle: list[Examiner] = []
        self._all: set[Examiner] = set()

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
            checked = examiner.ask(source)
        except (EOFError, OSError):
            self._end(examiner)
            return Checked(refusal=TOO_COMPLEX)
        self._give_back(examiner)
        return checked

    def _take(self) -> Examiner:
        while self._idle:
            examiner = self._idle.pop()
            if examiner.alive:
                return examiner
            self._end(examiner)
        examiner = started(self._python)
        self._all.add(examiner)
        return examiner

    def _give_back(self, examiner: Examiner) -> None:
        if examiner.checks < self._checks_per_process:
            self._idle.append(examiner)
        else:
            self._end(examiner)

    def _end(self, examiner: Examiner) -> None:
        self._all.discard(examiner)
        examiner.close()
