"""Whom an agent waits for: time that is ours to answer for stops its clock, and nobody waits for what is over."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock


class Waiting:
    """The time in which at least one question of an agent was held up by us; `over` is set when none matters now.

    Times that overlap count once: an agent has one clock, however many questions it asks at once.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.over = Event()
        self._clock = clock
        self._lock = Lock()
        self._done: list[tuple[float, float]] = []
        self._open: list[float] = []

    @contextmanager
    def held_up(self) -> Iterator[None]:
        """Count the time spent in the context."""
        with self._lock:
            started = self._clock()
            self._open.append(started)
        try:
            yield
        finally:
            with self._lock:
                self._open.remove(started)
                self._add(started, self._clock())

    def was_held_up(self, since: float) -> None:
        """Count the time since then, which turned out to be lost."""
        with self._lock:
            self._add(since, self._clock())

    @property
    def held_up_seconds(self) -> float:
        """All such time until now."""
        with self._lock:
            spans = self._done + ([(min(self._open), self._clock())] if self._open else [])
            return sum(end - start for start, end in _merged(spans))

    def _add(self, start: float, end: float) -> None:
        self._done = _merged([*self._done, (start, end)])


def _merged(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the same time in spans that do not overlap.

    >>> _merged([(5, 6), (1, 3), (2, 4)])
    [(1, 4), (5, 6)]
    """
    merged: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
