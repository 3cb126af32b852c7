"""Check agents in processes of their own: few, limited, kept warm, and replaced when a source ends one.

They are started with exec and inherit neither sockets nor signal handlers; nothing forks from the server.
Their processor time is shared by address: a queue that is fair to addresses, and a budget for each of them.
"""

import math
import time
from collections.abc import Callable

from bitsec_eval.agent_check.process import Checked
from bitsec_eval.core.agents.agent_check import TOO_COMPLEX
from bitsec_eval.hub.uploads.check_process import CheckProcess
from bitsec_eval.hub.uploads.fair_queue import WINDOW_SECONDS, FairQueue, ProcessorTime

PROCESSES = 3
"""One address has at most all but one of them at once."""

CHECKS_PER_PROCESS = 500


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

    async def version(self) -> str:
        """Return the Python version sources are parsed with.

        Raises: CheckerError where no process starts.
        """
        if not self._version:
            self._idle.append(await self._take())
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
        for process in tuple(self._all):
            self._end(process)

    async def _take(self) -> CheckProcess:
        while self._idle:
            process = self._idle.pop()
            if process.alive:
                return process
            self._end(process)
        process = await CheckProcess.start(self._python)
        self._version = process.python
        self._all.add(process)
        return process

    def _give_back(self, process: CheckProcess) -> None:
        if process.checks < self._checks_per_process:
            self._idle.append(process)
        else:
            self._end(process)

    def _end(self, process: CheckProcess) -> None:
        self._all.discard(process)
        process.close()
