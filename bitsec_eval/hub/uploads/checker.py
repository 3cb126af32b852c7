"""Check agents in processes of their own: few, limited, kept warm, and replaced when a source ends one.

They are started with exec and inherit neither sockets nor signal handlers; nothing forks from the server.
Their processor time is shared by address: a queue that is fair to addresses, and a budget for each of them.
"""

import asyncio
import math
import time
from collections.abc import Callable
from contextlib import suppress

from bitsec_eval.agent_check.process import Checked, CheckerError
from bitsec_eval.core.agents.agent_check import TOO_COMPLEX
from bitsec_eval.hub.uploads.check_process import CheckProcess
from bitsec_eval.hub.uploads.fair_queue import WINDOW_SECONDS, FairQueue, ProcessorTime

PROCESSES = 3
"""One address has at most all but one of them at once."""

CHECKS_PER_PROCESS = 500

SPARE_BEFORE = 20
"""So many checks before a process is replaced its successor is started, so that no upload waits for that."""


class Checker:
    """A few checking processes, started when needed; `stop` ends them all.

    One address may use `seconds_per_minute` of processor time; `clock` is monotonic seconds.
    """

    def __init__(
        self,
        python: str,
        *,
        processes: int = PROCESSES,
        checks_per_process: int = CHECKS_PER_PROCESS,
        seconds_per_minute: float = math.inf,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._python = python
        self._checks_per_process = checks_per_process
        self._seconds_per_minute = seconds_per_minute
        self._clock = clock
        self._time = ProcessorTime(clock)
        self._queue = FairQueue(processes, self._time)
        self._idle: list[CheckProcess] = []
        self._all: set[CheckProcess] = set()
        self._version = ""
        self._starting: asyncio.Task[None] | None = None
        self._is_stopped = False

    async def version(self) -> str:
        """Return the Python version sources are parsed with.

        Raises: CheckerError where no process starts.
        """
        if not self._version:
            self._idle.append(await self._take())
            self._start_spare()
        return self._version

    def wait_seconds(self, address: str) -> int:
        """Whole seconds until an address may have a source checked again; 0 where it may now."""
        over = self._time.used(address) - self._seconds_per_minute
        return math.ceil(over / self._seconds_per_minute * WINDOW_SECONDS) if over > 0 else 0

    async def check(self, source: bytes, address: str = "", libraries: frozenset[str] = frozenset()) -> Checked:
        """Examine one source; one that ends its process or takes too long is too complex.

        It may import `libraries` beside the standard library.

        Raises: CheckerError where no process starts.
        """
        async with self._queue.place(address):
            process = await self._take()
            begun = self._clock()
            try:
                checked = await process.check(source, libraries)
            except (EOFError, OSError):  # TimeoutError is an OSError
                self._end(process)
                checked = Checked(refusal=TOO_COMPLEX, cpu_seconds=self._clock() - begun)
            except BaseException:
                self._end(process)
                raise
            else:
                self._give_back(process)
            self._time.add(address, checked.cpu_seconds)
            return checked

    def stop(self) -> None:
        """End every process, also one that is busy, and wait for it."""
        self._is_stopped = True
        for process in tuple(self._all):
            self._end(process)

    async def _take(self) -> CheckProcess:
        while self._idle:
            process = self._idle.pop()
            if process.alive:
                return process
            self._end(process)
        return await self._started()

    async def _started(self) -> CheckProcess:
        process = await CheckProcess.start(self._python)
        self._version = process.python
        self._all.add(process)
        return process

    def _start_spare(self) -> None:
        if self._starting is None or self._starting.done():
            self._starting = asyncio.create_task(self._add_spare())

    async def _add_spare(self) -> None:
        with suppress(CheckerError):  # whoever needs it is told
            process = await self._started()
            if self._is_stopped:
                self._end(process)
            else:
                self._idle.insert(0, process)  # taken after all that are warm

    def _give_back(self, process: CheckProcess) -> None:
        left = self._checks_per_process - process.checks
        if left > 0:
            self._idle.append(process)
        else:
            self._end(process)
        if left == SPARE_BEFORE:
            self._start_spare()

    def _end(self, process: CheckProcess) -> None:
        self._all.discard(process)
        process.close()
