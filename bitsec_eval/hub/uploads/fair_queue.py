"""Fair queue for scarce places: who has used least of them lately goes next, and nobody takes them all.

Of `places` one is left to other keys, whatever one key asks for, so a key that has nothing under way waits for
nobody else's work unless several keys together fill every place.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

WINDOW_SECONDS = 60.0
KEPT_KEYS = 20_000


class ProcessorTime:
    """Processor seconds that each key has used, forgotten at an even rate over a minute.

    `clock` is monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._used: dict[str, tuple[float, float]] = {}

    def used(self, key: str) -> float:
        """Return the seconds a key has used lately."""
        seconds, since = self._used.get(key, (0.0, 0.0))
        return max(0.0, seconds * (1 - (self._clock() - since) / WINDOW_SECONDS))

    def add(self, key: str, seconds: float) -> None:
        """Charge a key."""
        if len(self._used) >= KEPT_KEYS:
            self._used = {each: told for each, told in self._used.items() if self.used(each) > 0}
        self._used[key] = (self.used(key) + seconds, self._clock())


@dataclass(eq=False, slots=True)
class _Waiting:
    key: str
    number: int
    called: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class FairQueue:
    """Lends `places`, at most all but one of them to one key; see the module."""

    def __init__(self, places: int, time: ProcessorTime) -> None:
        self._free = places
        self._each = max(1, places - 1)
        self._time = time
        self._held: Counter[str] = Counter()
        self._waiting: list[_Waiting] = []
        self._numbers = 0

    @asynccontextmanager
    async def place(self, key: str) -> AsyncIterator[None]:
        """Wait for a place and hold it as long as the context lasts."""
        self._numbers += 1
        one = _Waiting(key, self._numbers)
        self._waiting.append(one)
        self._call_next()
        try:
            await one.called
        except asyncio.CancelledError:
            self._leave(one)
            raise
        try:
            yield
        finally:
            self._give_back(key)

    def _leave(self, one: _Waiting) -> None:
        if one in self._waiting:
            self._waiting.remove(one)
        else:  # it was called in the same moment
            self._give_back(one.key)

    def _give_back(self, key: str) -> None:
        self._free += 1
        self._held[key] -= 1
        if not self._held[key]:
            del self._held[key]
        self._call_next()

    def _call_next(self) -> None:
        while self._free:
            ready = [one for one in self._waiting if self._held[one.key] < self._each]
            if not ready:
                return
            first: dict[str, _Waiting] = {}
            for one in ready:  # in the order of asking
                first.setdefault(one.key, one)
            used = {key: self._time.used(key) for key in first}  # asked once: it falls while the clock goes on
            one = min(first.values(), key=lambda one: (self._held[one.key], used[one.key], one.number))
            self._waiting.remove(one)
            self._free -= 1
            self._held[one.key] += 1
            if not one.called.done():
                one.called.set_result(None)
