"""Sandboxes that were started ahead of need and wait on their stdin: each is used once, and thrown away behind it.

Nothing of a sandbox's life is on the way of a run any more but the run: starting happens before, removal after.
Most of either is waiting for an engine, so several go on at once; more than a few would only be in each other's way.
How many more are needed is told by `expect`, so at the end none is left over.
"""

from collections import Counter, deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from random import SystemRandom
from threading import Condition, Event, Lock, Thread
from time import sleep
from typing import Protocol, runtime_checkable

from bitsec_eval.core.errors import SandboxError
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.api import Sandbox, Session

RETRY_SECONDS = 1.0
PRIME_PAUSES_SECONDS = (0.5, 2.0, None)
JOIN_SECONDS = 10
STARTS = 3
"""How many sandboxes are being started, and how many removed, at any moment."""

Opened = AbstractContextManager[Session]


class _Places:
    """So many places at once, in the order in which they are asked for.

    A `Semaphore` lets whoever gave a place back have it again before those that wait: starting ahead would go first.
    """

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: deque[Event] = deque()
        self._lock = Lock()

    def __enter__(self) -> None:
        turn = Event()
        with self._lock:
            self._waiting.append(turn)
            self._hand_out()
        try:
            turn.wait()
        except BaseException:  # Ctrl-C
            self._leave(turn)
            raise

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._free += 1
            self._hand_out()

    def _leave(self, turn: Event) -> None:
        with self._lock:
            if turn in self._waiting:
                self._waiting.remove(turn)
            else:
                self._free += 1
                self._hand_out()

    def _hand_out(self) -> None:
        while self._free and self._waiting:
            self._free -= 1
            self._waiting.popleft().set()


class Pool:
    """A `Sandbox` that keeps at most `size` started sessions of those that are expected."""

    def __init__(self, sandbox: Sandbox, size: int, starts: int = STARTS) -> None:
        self._sandbox = sandbox
        self._size = size
        self._expected: Counter[Limits] = Counter()
        self._starting: Counter[Limits] = Counter()
        self._awaited: Counter[Limits] = Counter()  # of those that are being started
        self._failed: Counter[Limits] = Counter()  # of those that are awaited
        self._warm: deque[tuple[Limits, Opened, Session]] = deque()
        self._used: deque[Opened] = deque()
        self._removing = 0
        self._chance = SystemRandom()
        self._starts = _Places(starts)
        lock = Lock()
        self._need_start = Condition(lock)  # another may have to be started
        self._ready = Condition(lock)  # one was started, or failed to
        self._to_remove = Condition(lock)  # one is to be removed
        self._end = Condition(lock)
        self._stopped = self._over = False
        self.is_cut_off = False
        """Whether its engine does not answer: then nobody waits for a removal there."""
        self._starters = [Thread(target=self._serve_starts, name="bitsec-start", daemon=True) for _ in range(starts)]
        self._removers = [
            Thread(target=self._serve_removals, name="bitsec-remove", daemon=True) for _ in range(starts)
        ]
        for thread in (*self._starters, *self._removers):
            thread.start()

    def expect(self, limits: Limits, count: int = 1) -> None:
        """Say that so many more sessions of these limits will be opened."""
        with self._need_start:
            self._expected[limits] += count
            self._need_start.notify()

    def prime(self) -> None:
        """Wait for the first of the expected sessions, so that an engine which can start none is found at once.

        Raises:
            SandboxError: it cannot, and could not a moment later.
        """
        limits = next(iter(self._expected), None)
        if limits is None:
            return
        for pause in PRIME_PAUSES_SECONDS:
            try:
                opened, session = self._take(limits)
            except SandboxError:
                self.expect(limits)  # still
                if pause is None:
                    raise
                sleep(pause)
            else:
                self._give_back(limits, opened, session)
                return

    def _give_back(self, limits: Limits, opened: Opened, session: Session) -> None:
        with self._ready:
            self._expected[limits] += 1
            self._warm.append((limits, opened, session))
            self._ready.notify_all()

    @contextmanager
    def open(self, limits: Limits) -> Iterator[Session]:
        """Return a waiting session, or one that is started now; see `Sandbox.open`."""
        opened, session = self._take(limits)
        try:
            yield session
        except SandboxError:  # what killed this one may have killed those that wait as well
            self.discard()
            raise
        finally:
            self._retire(opened)

    def _retire(self, opened: Opened) -> None:
        """Have a session removed behind its run, or, where removal falls behind, before the next run starts.

        What is in it may still be running: a few of those at most may take processors from the runs beside them.
        """
        with self._to_remove:
            late = self._unremoved >= self._size and not self.is_cut_off
            if not late:
                self._used.append(opened)
                self._to_remove.notify()
        if late:
            opened.__exit__(None, None, None)

    @property
    def _unremoved(self) -> int:
        return len(self._used) + self._removing

    def _take(self, limits: Limits) -> tuple[Opened, Session]:
        with self._ready:
            self._expected[limits] -= self._expected[limits] > 0
            self._awaited[limits] += 1
            self._ready.wait_for(lambda: self._find(limits) is not None or self._waits_in_vain(limits))
            self._awaited[limits] -= 1
            self._failed[limits] -= self._failed[limits] > 0
            found = self._find(limits)
            if found is not None:
                self._warm.remove(found)
            self._need_start.notify()
        return found[1:] if found is not None else self._start(limits)

    def _waits_in_vain(self, limits: Limits) -> bool:
        """Whether somebody waits in vain: for more than is being started, or for what failed to start."""
        return self._awaited[limits] > self._starting[limits] or self._failed[limits] > 0

    def _start(self, limits: Limits) -> tuple[Opened, Session]:
        with self._starts:
            opened = self._sandbox.open(limits)
            return opened, opened.__enter__()

    def discard(self) -> None:
        """Throw away every session that waits: its engine was away."""
        with self._to_remove:
            self._used.extend(opened for _, opened, _ in self._warm)
            self._warm.clear()
            self._to_remove.notify_all()
            self._need_start.notify()

    def _find(self, limits: Limits) -> tuple[Limits, Opened, Session] | None:
        """Return one that waits, by chance: in which order they were started tells no guest anything."""
        found = [each for each in self._warm if each[0] == limits]
        return self._chance.choice(found) if found else None

    # -- the threads that start

    def _serve_starts(self) -> None:
        while (limits := self._next_to_start()) is not None:
            try:
                opened, session = self._start(limits)
            except Exception:  # noqa: BLE001 - whoever needs a session next tries for itself, and hears of it
                self._pause(limits)
            else:
                self._keep(limits, opened, session)

    def _next_to_start(self) -> Limits | None:
        """Wait until another session should be started; return its limits, or None at the end."""
        with self._need_start:
            self._need_start.wait_for(lambda: self._stopped or self._limits_to_start() is not None)
            limits = None if self._stopped else self._limits_to_start()
            if limits is not None:
                self._starting[limits] += 1
                self._need_start.notify()  # whether that was the last is for the next thread to find out
            return limits

    def _limits_to_start(self) -> Limits | None:
        spare = self._starting.total() - self._awaited.total() + len(self._warm)
        if spare >= self._size or self._unremoved > self._size:
            return None
        have = Counter(limits for limits, _, _ in self._warm)
        have.update(self._starting)
        have.subtract(self._awaited)
        return next((limits for limits, count in self._expected.items() if count > have[limits]), None)

    def _keep(self, limits: Limits, opened: Opened, session: Session) -> None:
        with self._ready:
            self._warm.append((limits, opened, session))
            self._starting[limits] -= 1
            self._ready.notify_all()

    def _pause(self, limits: Limits) -> None:
        with self._end:
            self._starting[limits] -= 1
            self._failed[limits] += self._failed[limits] < self._awaited[limits]
            self._ready.notify_all()
            self._end.wait_for(lambda: self._stopped, RETRY_SECONDS)

    # -- the threads that remove

    def _serve_removals(self) -> None:
        while (opened := self._next_to_remove()) is not None:
            with suppress(Exception):  # what cannot be removed now is swept by the next start
                opened.__exit__(None, None, None)
            with self._need_start:
                self._removing -= 1
                self._need_start.notify()

    def _next_to_remove(self) -> Opened | None:
        """Wait for a session to remove; None at the end."""
        with self._to_remove:
            self._to_remove.wait_for(lambda: self._over or self._used)
            if not self._used:
                return None
            self._removing += 1
            return self._used.popleft()

    def stop(self) -> None:
        """Start nothing more and remove every session, the waiting ones too."""
        with self._end:
            self._stopped = True
            for waiting in (self._need_start, self._ready, self._end):
                waiting.notify_all()
        for thread in self._starters:
            thread.join(JOIN_SECONDS)
        self._over = True  # the threads that remove end when they have removed what is discarded now
        self.discard()
        for thread in self._removers:
            thread.join(JOIN_SECONDS)


@runtime_checkable
class SessionPool(Sandbox, Protocol):
    """A `Sandbox` that starts sessions ahead of need: a `Pool`, or an engine that has pools of its own."""

    def expect(self, limits: Limits, count: int = 1) -> None:
        """Say that so many more sessions of these limits will be opened."""

    def prime(self) -> None:
        """Start the first of the expected sessions now, where nothing else would tell that none can be started.

        Raises:
            SandboxError: it cannot.
        """


@contextmanager
def pooled(sandbox: Sandbox, size: int) -> Iterator[Pool]:
    """Return a pool over `sandbox` that is empty again when the context is left."""
    pool = Pool(sandbox, size)
    try:
        yield pool
    finally:
        pool.stop()


@contextmanager
def session_pool(engine: Sandbox, size: int) -> Iterator[SessionPool]:
    """Return `engine` itself where it has pools of its own, else a pool over it."""
    if isinstance(engine, SessionPool):
        yield engine
    else:
        with pooled(engine, size) as pool:
            yield pool
