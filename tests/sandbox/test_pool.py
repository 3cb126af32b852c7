"""A pool keeps sandboxes waiting, uses each once, leaves none over, and lets nobody wait for what cannot come."""

import itertools
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from bitsec_eval.core.errors import SandboxError
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.pool import Pool, pooled, session_pool

SMALL, LARGE = Limits(memory_mib=64), Limits(memory_mib=128)


class Counting:
    """A sandbox whose sessions are numbers; `trouble` is raised instead while it is set."""

    def __init__(self) -> None:
        self.opened = 0
        self.living: set[int] = set()
        self.trouble: Exception | None = None
        self._lock = threading.Lock()

    @contextmanager
    def open(self, limits: Limits) -> Iterator[int]:
        if self.trouble is not None:
            raise self.trouble
        with self._lock:
            self.opened += 1
            number = self.opened
            self.living.add(number)
        try:
            yield number
        finally:
            self.living.discard(number)


def until(claim, seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_what_is_expected_waits_and_no_more_than_that():
    sandbox = Counting()
    with pooled(sandbox, 3) as pool:
        pool.expect(SMALL, 2)
        until(lambda: sandbox.opened == 2)
        time.sleep(0.1)
        assert sandbox.opened == 2
        pool.expect(SMALL, 9)
        until(lambda: sandbox.opened == 3)
        time.sleep(0.1)

        assert len(sandbox.living) == 3
    assert not sandbox.living


def test_each_session_is_used_once():
    sandbox = Counting()
    with pooled(sandbox, 2) as pool:
        pool.expect(SMALL, 20)
        seen = []
        for _ in range(20):
            with pool.open(SMALL) as session:
                seen.append(session)

        assert len(set(seen)) == 20
    assert sandbox.opened == 20
    assert not sandbox.living


def test_other_limits_get_a_session_of_their_own():
    sandbox = Counting()
    with pooled(sandbox, 1) as pool:
        pool.expect(SMALL)
        until(lambda: sandbox.opened == 1)
        with pool.open(LARGE) as session:
            assert session == 2


@pytest.mark.parametrize("trouble", [SandboxError("away"), RuntimeError("a fault of ours")])
def test_trouble_with_starting_ahead_is_told_to_whoever_needs_it_and_passes(trouble: Exception):
    sandbox = Counting()
    sandbox.trouble = trouble
    with pooled(sandbox, 2) as pool:
        pool.expect(SMALL, 4)
        with pytest.raises(type(trouble)), pool.open(SMALL):
            pass
        sandbox.trouble = None

        with pool.open(SMALL) as session:
            assert session >= 1
        until(lambda: len(sandbox.living) == 2)


def test_after_a_failure_no_session_that_waited_is_handed_out():
    sandbox = Counting()
    with pooled(sandbox, 2) as pool:
        pool.expect(SMALL, 5)
        until(lambda: sandbox.opened == 2)
        with pytest.raises(SandboxError), pool.open(SMALL):
            raise SandboxError("the engine was restarted")

        with pool.open(SMALL) as session:
            assert session > 2


def test_a_pool_that_is_stopped_leaves_no_thread():
    pool = Pool(Counting(), 2)
    pool.stop()

    assert not any(thread.is_alive() for thread in (*pool._starters, *pool._removers))


class Slow:
    """A sandbox of an engine that hangs: each start fails after a while, and they do so one after another."""

    def __init__(self) -> None:
        self._turns = itertools.cycle((0.2, 0.33, 0.46))

    @contextmanager
    def open(self, limits: Limits) -> Iterator[int]:
        time.sleep(next(self._turns))
        raise SandboxError("no answer")
        yield 0


def test_nobody_waits_for_one_start_after_another_of_an_engine_that_hangs(monkeypatch: pytest.MonkeyPatch):
    """Somebody always starts something: whoever waits must hear of the failures all the same."""
    monkeypatch.setattr("bitsec_eval.sandbox.pool.RETRY_SECONDS", 0.001)
    heard = threading.Event()

    def wait(pool: Pool) -> None:
        with pytest.raises(SandboxError, match="no answer"), pool.open(SMALL):
            pass
        heard.set()

    with pooled(Slow(), 3) as pool:
        pool.expect(SMALL, 9)
        time.sleep(0.3)
        threading.Thread(target=wait, args=(pool,), daemon=True).start()

        assert heard.wait(5)


def test_nobody_waits_for_ever_where_many_take_and_some_fail(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("bitsec_eval.sandbox.pool.RETRY_SECONDS", 0.01)
    sandbox = Counting()
    failing = itertools.count(1)

    @contextmanager
    def open_or_fail(limits: Limits) -> Iterator[int]:
        if next(failing) % 13 == 0:
            raise SandboxError("no engine")
        with Counting.open(sandbox, limits) as session:
            yield session

    sandbox.open = open_or_fail

    def take(pool: Pool, turn: int) -> None:
        limits = (SMALL, LARGE)[turn % 2]
        pool.expect(limits)
        while True:
            try:
                with pool.open(limits):
                    if turn % 17 == 0:
                        raise SandboxError("it was killed")
                return
            except SandboxError:
                if turn % 17 == 0:
                    return

    with pooled(sandbox, 4) as pool, ThreadPoolExecutor(8) as threads:
        served = [threads.submit(take, pool, turn) for turn in range(1, 401)]
        for each in served:
            each.result(timeout=60)
    assert not sandbox.living


def test_an_engine_with_pools_of_its_own_gets_no_pool_over_them():
    plain = Counting()
    with session_pool(plain, 2) as pool:
        assert isinstance(pool, Pool)
        with session_pool(pool, 2) as same:
            assert same is pool
            pool.expect(SMALL)
            until(lambda: plain.opened == 1)
    assert plain.living == set()


class StartsSlowly(Counting):
    """A sandbox whose sessions take a moment to start."""

    @contextmanager
    def open(self, limits: Limits) -> Iterator[int]:
        with super().open(limits) as number:
            time.sleep(0.01)
            yield number


def test_whoever_starts_one_itself_waits_for_no_more_than_one_start_of_those_ahead():
    sandbox = StartsSlowly()
    with pooled(sandbox, 60) as pool:
        pool.expect(SMALL, 60)
        until(lambda: sandbox.opened == 3)
        pool.prime()

        assert sandbox.opened < 20
