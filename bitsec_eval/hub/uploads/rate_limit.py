"""Rate limits for an address or a miner id: a sliding window per key, in bounded memory."""

import math
from collections import deque
from collections.abc import Callable, Hashable

WINDOW_SECONDS = 60.0
KEPT_KEYS = 20_000


class RateLimit:
    """At most `most` events a minute for each key.

    `clock` is monotonic seconds.
    """

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self._most = most
        self._clock = clock
        self._events: dict[Hashable, deque[float]] = {}

    def wait_seconds(self, *keys: Hashable) -> int:
        """Whole seconds until every key has room again; 0 where all have."""
        return max(map(self._wait, keys), default=0)

    def count(self, *keys: Hashable) -> None:
        """Note one event for each key."""
        self._forget_old()
        for key in keys:
            self._events.setdefault(key, deque(maxlen=self._most)).append(self._clock())

    def _wait(self, key: Hashable) -> int:
        events = self._events.get(key)
        if events is None or len(events) < self._most:
            return 0
        return max(0, math.ceil(events[0] + WINDOW_SECONDS - self._clock()))

    def _forget_old(self) -> None:
        if len(self._events) < KEPT_KEYS:
            return
        since = self._clock() - WINDOW_SECONDS
        self._events = {key: events for key, events in self._events.items() if events[-1] > since}
