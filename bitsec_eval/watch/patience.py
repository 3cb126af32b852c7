"""How long to leave alone what failed: twice as long after every failure, up to a longest wait."""

from collections.abc import Callable, Hashable

LONGEST_SECONDS = 1800.0


class Patience:
    """Remembers failures; `clock` is monotonic seconds."""

    def __init__(self, first_seconds: float, clock: Callable[[], float]) -> None:
        self._first_seconds = first_seconds
        self._clock = clock
        self._failures: dict[Hashable, int] = {}
        self._until: dict[Hashable, float] = {}

    def is_over(self, what: Hashable) -> bool:
        """Whether `what` may be tried (again)."""
        return self._clock() >= self._until.get(what, 0.0)

    def failed(self, what: Hashable) -> float:
        """Take note of a failure and return the seconds until `what` may be tried again."""
        self._failures[what] = self._failures.get(what, 0) + 1
        seconds = min(self._first_seconds * 2.0 ** min(self._failures[what] - 1, 32), LONGEST_SECONDS)
        self._until[what] = self._clock() + seconds
        return seconds

    def succeeded(self, what: Hashable) -> None:
        """Forget that `what` ever failed."""
        self._failures.pop(what, None)
        self._until.pop(what, None)
