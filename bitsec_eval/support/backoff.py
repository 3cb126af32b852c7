"""Exponential backoff: twice the pause after each failure, up to a longest one."""

import random
from collections.abc import Callable, Hashable

_MOST_DOUBLINGS = 32


def pause_seconds(failures: int, first_seconds: float, longest_seconds: float, *, jitter: bool = False) -> float:
    """Return the pause after so many failures in a row, at least one.

    With `jitter` it is a random part of that, at least half, so that many callers do not come back together.

    >>> [pause_seconds(failures, 0.5, 3.0) for failures in (1, 2, 3, 4)]
    [0.5, 1.0, 2.0, 3.0]
    """
    seconds = min(longest_seconds, first_seconds * 2.0 ** min(failures - 1, _MOST_DOUBLINGS))
    return seconds * random.SystemRandom().uniform(0.5, 1) if jitter else seconds


class Backoff:
    """Remembers what failed, and until when it is left alone; `clock` is monotonic seconds."""

    def __init__(self, first_seconds: float, longest_seconds: float, clock: Callable[[], float]) -> None:
        self._first_seconds = first_seconds
        self._longest_seconds = longest_seconds
        self._clock = clock
        self._failures: dict[Hashable, int] = {}
        self._until: dict[Hashable, float] = {}

    def is_over(self, what: Hashable) -> bool:
        """Whether `what` may be tried (again)."""
        return self._clock() >= self._until.get(what, 0.0)

    def failed(self, what: Hashable) -> float:
        """Take note of a failure and return the seconds until `what` may be tried again."""
        self._failures[what] = self._failures.get(what, 0) + 1
        seconds = pause_seconds(self._failures[what], self._first_seconds, self._longest_seconds)
        self._until[what] = self._clock() + seconds
        return seconds

    def succeeded(self, what: Hashable) -> None:
        """Forget that `what` ever failed."""
        self._failures.pop(what, None)
        self._until.pop(what, None)
