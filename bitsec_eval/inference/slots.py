"""So many calls at once; who has the fewest under way is next, so that nobody queues behind a slow run."""

from collections import Counter
from collections.abc import Hashable
from threading import Condition, Event

GLANCE_SECONDS = 0.25


class Slots:
    """Places for `most` calls at once, shared fairly between their owners."""

    def __init__(self, most: int) -> None:
        self._free = most
        self._taken: Counter[Hashable] = Counter()
        self._queue: list[Hashable] = []
        self._changed = Condition()

    def take(self, owner: Hashable, over: Event) -> bool:
        """Wait for a place, to be given back with `free`; False, and no place, where `over` is set first."""
        with self._changed:
            self._queue.append(owner)
            try:
                while not over.is_set():
                    if self._free and self._next() == owner:
                        self._free -= 1
                        self._taken[owner] += 1
                        return True
                    self._changed.wait(GLANCE_SECONDS)
                return False
            finally:
                self._queue.remove(owner)
                self._changed.notify_all()

    def free(self, owner: Hashable) -> None:
        """Give a place back."""
        with self._changed:
            self._free += 1
            self._taken[owner] -= 1
            if not self._taken[owner]:
                del self._taken[owner]
            self._changed.notify_all()

    def _next(self) -> Hashable:
        """Return the owner with the fewest calls under way, the first come among equals."""
        return min(self._queue, key=lambda owner: self._taken[owner])
