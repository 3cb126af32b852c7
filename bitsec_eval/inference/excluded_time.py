"""Tracks time lost to the provider or to other agents, which is excluded from an agent's timeout."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from bitsec_eval.inference.phase import PhaseOver


class ExcludedTime:
    """The time in which at least one question of an agent was held up by us; `over` is set when none matters now.

    Times that overlap count once: an agent has one clock, however many questions it asks at once.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.over = PhaseOver()
        self._clock = clock
        self._lock = Lock()
        self._done: list[tuple[float, float]] = []
        self._open: list[float] = []

    @contextmanager
    def excluding(self) -> Iterator[None]:
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

    def exclude_since(self, since: float) -> None:
        """Count the time since then, which turned out to be lost."""
        with self._lock:
            self._add(since, self._clock())

    @property
    def excluded_seconds(self) -> float:
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
