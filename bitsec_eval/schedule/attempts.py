"""Try again what failed through our fault, with a cap and pauses; give up at once while the engine is away.

Only a `SandboxError` is ever retried: an agent never gets a second chance.
"""

from collections.abc import Callable
from threading import Event
from typing import TypeVar

from bitsec_eval.core.errors import SandboxError

PAUSES_SECONDS = (0.5, 2.0)
BREAKER_FAILURES = 3

Result = TypeVar("Result")


class Attempts:
    """Counts failures in a row: after a few, each try is the only one, until one succeeds again."""

    def __init__(self, stopped: Event, pauses: tuple[float, ...] = PAUSES_SECONDS) -> None:
        self._stopped = stopped
        self._pauses = pauses
        self._failures = 0

    def run(self, action: Callable[[], Result]) -> tuple[Result, int]:
        """Return what `action` returned and how many attempts it took.

        Raises:
            SandboxError: the last attempt's; `attempts` on it says how many there were.
        """
        for number, pause in enumerate((*self._pauses, None), start=1):
            try:
                result = action()
            except SandboxError as error:
                self._failures += 1
                if pause is None or self._failures > BREAKER_FAILURES * len(self._pauses) or self._pause(pause):
                    error.attempts = number
                    raise
            else:
                self._failures = 0
                return result, number
        raise AssertionError("the last attempt either returns or raises")

    def _pause(self, seconds: float) -> bool:
        """Wait; True when there is no point in another attempt."""
        return self._stopped.wait(seconds)
