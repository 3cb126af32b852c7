"""A fair concurrency limiter: the owner with the fewest calls in flight goes next.

A release wakes exactly one waiter, so what it costs does not grow with the number of those that wait.
"""

from collections import Counter, OrderedDict, deque
from collections.abc import Hashable
from threading import Event, Lock

from bitsec_eval.inference.phase import PhaseOver


class FairSemaphore:
    """Allows `most` calls at once and shares them fairly between owners; usable from any thread."""

    def __init__(self, most: int) -> None:
        self._most = self._free = most
        self._taken: Counter[Hashable] = Counter()
        self._queues: OrderedDict[Hashable, deque[_Waiter]] = OrderedDict()
        self._lock = Lock()

    def acquire(self, owner: Hashable, over: PhaseOver) -> bool:
        """Wait for a place, to be given back with `release`; False, and no place, where `over` is set first."""
        waiter = _Waiter()
        with self._lock:
            self._queues.setdefault(owner, deque()).append(waiter)
            self._hand_out()
        with over.calling(waiter.woken.set):
            waiter.woken.wait()
        with self._lock:
            if not waiter.has_place:
                self._remove(owner, waiter)
            elif over.is_set():
                self._give_back(owner)
            else:
                return True
        return False

    def has_fair_share(self, owner: Hashable) -> bool:
        """Whether an owner has as many calls in flight as its share, so that it waits for nobody but itself."""
        with self._lock:
            owners = self._taken.keys() | self._queues.keys() | {owner}
            return self._taken[owner] >= max(1, self._most // len(owners))

    def release(self, owner: Hashable) -> None:
        """Give a place back."""
        with self._lock:
            self._give_back(owner)

    def _give_back(self, owner: Hashable) -> None:
        self._free += 1
        self._taken[owner] -= 1
        if not self._taken[owner]:
            del self._taken[owner]
        self._hand_out()

    def _hand_out(self) -> None:
        """Give each free place to the first waiter of the owner with the fewest; the longest unserved first."""
        while self._free and self._queues:
            owner = min(self._queues, key=lambda each: self._taken[each])
            waiter = self._queues[owner].popleft()
            self._free -= 1
            self._taken[owner] += 1
            self._tidy(owner)
            waiter.has_place = True
            waiter.woken.set()

    def _remove(self, owner: Hashable, waiter: "_Waiter") -> None:
        self._queues[owner].remove(waiter)
        self._tidy(owner)

    def _tidy(self, owner: Hashable) -> None:
        """Put an owner behind the others, or forget it where nobody waits for it any more."""
        if self._queues[owner]:
            self._queues.move_to_end(owner)
        else:
            del self._queues[owner]


class _Waiter:
    """One call that waits: `woken` is set when it has a place, or when its agent's phase is over."""

    __slots__ = ("has_place", "woken")

    def __init__(self) -> None:
        self.has_place = False
        self.woken = Event()
