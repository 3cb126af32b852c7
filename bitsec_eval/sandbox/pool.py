"""Sandboxes that were started ahead of need and wait on their stdin: each is used once, and thrown away behind it.

Nothing of a sandbox's life is on the way of a run any more but the run: starting happens before, removal after.
How many more are needed is told by `expect`, so at the end none is left over.
"""

from collections import Counter, deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from threading import Condition, Thread

from bitsec_eval.core.errors import SandboxError
from bitsec_eval.core.task import Limits
from bitsec_eval.sandbox.session import Sandbox, Session

RETRY_SECONDS = 1.0
JOIN_SECONDS = 10

Opened = AbstractContextManager[Session]


class Pool:
    """A `Sandbox` that keeps at most `size` started sessions of those that are expected."""

    def __init__(self, sandbox: Sandbox, size: int) -> None:
        self._sandbox = sandbox
        self._size = size
        self._expected: Counter[Limits] = Counter()
        self._warm: deque[tuple[Limits, Opened, Session]] = deque()
        self._used: deque[Opened] = deque()
        self._starting: Limits | None = None
        self._changed = Condition()
        self._stopped = self._over = False
        self._threads = [Thread(target=work, daemon=True) for work in (self._fill, self._empty)]
        for thread in self._threads:
            thread.start()

    def expect(self, limits: Limits, count: int = 1) -> None:
        """Say that so many more sessions of these limits will be opened."""
        with self._changed:
            self._expected[limits] += count
            self._changed.notify_all()

    @contextmanager
    def open(self, limits: Limits) -> Iterator[Session]:
        """Return a waiting session, or one that is started now; see `Sandbox.open`."""
        opened, session = self._take(limits)
        try:
            yield session
        except SandboxError:  # what killed this one may have killed those that wait as well
            self._discard()
            raise
        finally:
            self._put_away(opened)

    def _put_away(self, opened: Opened) -> None:
        """Have a session removed behind its run, or, where removal falls behind, before the next run starts.

        What is in it may still be running: a few of those at most may take processors from the runs beside them.
        """
        with self._changed:
            late = len(self._used) >= self._size
            if not late:
                self._used.append(opened)
                self._changed.notify_all()
        if late:
            opened.__exit__(None, None, None)

    def _take(self, limits: Limits) -> tuple[Opened, Session]:
        with self._changed:
            self._expected[limits] -= self._expected[limits] > 0
            self._changed.wait_for(lambda: self._find(limits) is not None or self._starting != limits)
            found = self._find(limits)
            if found is not None:
                self._warm.remove(found)
                self._changed.notify_all()
                return found[1], found[2]
        opened = self._sandbox.open(limits)
        return opened, opened.__enter__()

    def _discard(self) -> None:
        with self._changed:
            self._used.extend(opened for _, opened, _ in self._warm)
            self._warm.clear()
            self._changed.notify_all()

    def _find(self, limits: Limits) -> tuple[Limits, Opened, Session] | None:
        return next((each for each in self._warm if each[0] == limits), None)

    # -- the thread that starts

    def _fill(self) -> None:
        while (limits := self._wanted()) is not None:
            opened = self._sandbox.open(limits)
            try:
                session = opened.__enter__()
            except Exception:  # noqa: BLE001 - whoever needs a session next tries for itself, and hears of it
                self._pause()
            else:
                self._keep(limits, opened, session)

    def _wanted(self) -> Limits | None:
        """Wait until another session should be started; return its limits, or None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._lacking() is not None)
            self._starting = None if self._stopped else self._lacking()
            return self._starting

    def _lacking(self) -> Limits | None:
        if len(self._warm) >= self._size or len(self._used) > self._size:
            return None
        have = Counter(limits for limits, _, _ in self._warm)
        return next((limits for limits, count in self._expected.items() if count > have[limits]), None)

    def _keep(self, limits: Limits, opened: Opened, session: Session) -> None:
        with self._changed:
            self._warm.append((limits, opened, session))
            self._starting = None
            self._changed.notify_all()

    def _pause(self) -> None:
        with self._changed:
            self._starting = None
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._stopped, RETRY_SECONDS)

    # -- the thread that removes

    def _empty(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._over or self._used)
                if not self._used:
                    return
                opened = self._used[0]
            with suppress(Exception):  # what cannot be removed now is swept by the next start
                opened.__exit__(None, None, None)
            with self._changed:
                self._used.popleft()
                self._changed.notify_all()

    def stop(self) -> None:
        """Start nothing more and remove every session, the waiting ones too."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._threads[0].join(JOIN_SECONDS)
        self._over = True  # the thread that removes ends when it has removed what is discarded now
        self._discard()
        self._threads[1].join(JOIN_SECONDS)


@contextmanager
def pooled(sandbox: Sandbox, size: int) -> Iterator[Pool]:
    """Return a pool over `sandbox` that is empty again when the context is left."""
    pool = Pool(sandbox, size)
    try:
        yield pool
    finally:
        pool.stop()
