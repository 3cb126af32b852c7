"""Try again what failed through our fault, with a cap and pauses; while the engine is away, hardly try at all.

Only a `SandboxError` is ever retried: an agent never gets a second chance.
What was lost with its engine is tried elsewhere at once and does not count as an attempt, unless it happens to one
run again and again.
The pauses are long enough for an engine to be restarted. An engine that stays away trips a breaker: what is due then
fails at once, but for one try every few seconds, so an evaluation without an engine ends in seconds and not in hours.
Failures of runs alone trip nothing, for those runs may be what breaks their sandboxes, and names cost nothing: an
agent of our own must fail as well.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Lock
from time import monotonic
from typing import TypeVar

from bitsec_eval.core.errors import EngineLostError, SandboxError

PAUSES_SECONDS = (0.5, 2.0, 8.0)
MOST_LOST_ENGINES = 6
"""An action that loses its engine more often than this may be what ends them: each further loss is an attempt."""

BREAKER_FAILURES = 6
COOLING_SECONDS = 5.0

Result = TypeVar("Result")

_REFUSED = re.compile(r"not tried, since \d+ attempts in a row failed: ")


def first_cause(message: str) -> str:
    """Return what failed at first, of the message of an attempt that failed or was refused.

    >>> first_cause("not tried, since 6 attempts in a row failed: no engine answers")
    'no engine answers'
    """
    return _REFUSED.sub("", message, count=1)


class Attempts:
    """Counts failures in a row, over all threads; one success and everything is tried as before."""

    def __init__(
        self,
        stopped: Event,
        pauses: tuple[float, ...] = PAUSES_SECONDS,
        cooling: float = COOLING_SECONDS,
        *,
        works: Callable[[], bool] = lambda: False,
    ) -> None:
        self._stopped = stopped
        self._pauses = pauses
        self._breaker = _Breaker(cooling)
        self._works = works

    def run(self, action: Callable[[], Result]) -> tuple[Result, int]:
        """Return what `action` returned and how many attempts it took.

        `works`, with which this was made, says whether an agent of our own gets through.

        Raises:
            SandboxError: the last attempt's; `attempts` on it says how many there were.
        """
        for number, pause in enumerate((*self._pauses, None), start=1):
            self._breaker.check(number)
            try:
                result = _elsewhere(action)
            except SandboxError as error:
                error.attempts = number
                if self._breaker.failed(error) and self._works():
                    self._breaker.succeeded()
                if self._breaker.is_open() or pause is None or self._stopped.wait(pause):
                    raise
            else:
                self._breaker.succeeded()
                return result, number
        raise AssertionError("the last attempt either returns or raises")


def _elsewhere(action: Callable[[], Result]) -> Result:
    """Return what `action` returned, on whatever engine was not lost meanwhile."""
    for _ in range(MOST_LOST_ENGINES):
        with suppress(EngineLostError):
            return action()
    return action()


class _Breaker:
    """Open after so many failures in a row; then it lets one attempt through at a time."""

    def __init__(self, cooling: float) -> None:
        self._cooling = cooling
        self._lock = Lock()
        self._failures = 0
        self._next = 0.0
        self._reason = ""

    def check(self, number: int) -> None:
        """Refuse an attempt while another one has just failed or is still waiting for the engine.

        Raises:
            SandboxError: nothing was tried.
        """
        with self._lock:
            now = monotonic()
            if self._failures >= BREAKER_FAILURES and now < self._next:
                error = SandboxError(f"not tried, since {self._failures} attempts in a row failed: {self._reason}")
                error.attempts = number
                raise error
            self._next = now + self._cooling

    def failed(self, error: SandboxError) -> bool:
        """Take note of a failure; True when there are so many in a row that the breaker opens."""
        with self._lock:
            self._failures += 1
            self._reason = str(error)
            return self._failures == BREAKER_FAILURES

    def is_open(self) -> bool:
        """Whether there is no point in waiting for another try."""
        with self._lock:
            return self._failures > BREAKER_FAILURES

    def succeeded(self) -> None:
        """Take note that all is well."""
        with self._lock:
            self._failures = 0
