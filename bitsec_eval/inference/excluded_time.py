"""Tracks time lost to the provider or to other agents, which is excluded from an agent's timeout."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from bitsec_eval.inference.phase import PhaseOver

Span = tuple[float, float]


class ExcludedTime:
    """The time in which at least one request of an agent was held up; `over` is set when its phase has ended.

    Times that overlap count once: an agent has one clock, however many requests it sends at once.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.over = PhaseOver()
        self._clock = clock
        self._lock = Lock()
        self._claims: list[TimeClaim] = []
        self._kept: list[Span] = []

    @contextmanager
    def claim(self) -> "Iterator[TimeClaim]":
        """Open a claim for one request: what it excludes counts at once, and is kept unless it is retracted."""
        claim = TimeClaim(self._clock, self._lock)
        with self._lock:
            self._claims.append(claim)
        try:
            yield claim
        finally:
            with self._lock:
                self._claims.remove(claim)
                self._kept = _merged([*self._kept, *claim.spans])

    @property
    def is_running(self) -> bool:
        """Whether such time passes at the moment."""
        with self._lock:
            return any(claim.since is not None for claim in self._claims)

    @property
    def excluded_seconds(self) -> float:
        """All such time until now."""
        with self._lock:
            now = self._clock()
            running = [(claim.since, now) for claim in self._claims if claim.since is not None]
            spans = [*self._kept, *(span for claim in self._claims for span in claim.spans), *running]
            return sum(end - start for start, end in _merged(spans))


class TimeClaim:
    """What one request excludes: provisional, as it may turn out to be the request's own doing."""

    def __init__(self, clock: Callable[[], float], lock: Lock) -> None:
        self.spans: list[Span] = []
        self.since: float | None = None
        self._clock = clock
        self._lock = lock

    @contextmanager
    def excluding(self) -> Iterator[None]:
        """Exclude the time spent in the context; contexts of one claim do not nest."""
        with self._lock:
            self.since = started = self._clock()
        try:
            yield
        finally:
            with self._lock:
                self.since = None
                self.spans.append((started, self._clock()))

    def exclude_since(self, moment: float) -> None:
        """Exclude the time since then, which turned out to be lost."""
        with self._lock:
            self.spans.append((moment, self._clock()))

    def retract(self) -> None:
        """Exclude nothing of what this claim has excluded: the request was to blame."""
        with self._lock:
            self.spans.clear()


def _merged(spans: list[Span]) -> list[Span]:
    """Return the same time in spans that do not overlap.

    >>> _merged([(5, 6), (1, 3), (2, 4)])
    [(1, 4), (5, 6)]
    """
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
