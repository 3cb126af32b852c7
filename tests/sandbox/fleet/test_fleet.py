"""A fleet opens a sandbox where there is room, does without an engine that is away, and takes it back."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest

from bitsec_eval.core.answers.answer import Ending
from bitsec_eval.core.errors import EngineLostError, SandboxError
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.fleet.fleet import Fleet, Member
from bitsec_eval.sandbox.pool import pooled

LIMITS = Limits()


class Guest:
    """A session that is nothing but its place."""

    where = ""
    engine_number = 0


class Engine:
    """An engine in this process: `trouble` is raised instead of a start, `silence` instead of an answer."""

    def __init__(self, guest: Callable[[], "Guest"] = Guest) -> None:
        self.guest = guest
        self.living = 0
        self.trouble: SandboxError | None = None
        self.silence: SandboxError | None = None
        self._lock = threading.Lock()

    @contextmanager
    def open(self, limits: Limits) -> Iterator[Guest]:
        if self.trouble is not None:
            raise self.trouble
        with self._lock:
            self.living += 1
        try:
            yield self.guest()
        finally:
            with self._lock:
                self.living -= 1

    def ask(self) -> None:
        if self.silence is not None:
            raise self.silence


@contextmanager
def fleet_over(engines: dict[str, Engine], absence: float = 0.2, **jobs: int) -> Iterator[Fleet]:
    with ExitStack() as stack:
        members = []
        for name, engine in engines.items():
            pool = stack.enter_context(pooled(engine, jobs.get(name, 2)))
            members.append(Member(name=name, jobs=jobs.get(name, 2), pool=pool, ask=engine.ask))
        fleet = Fleet(members, probe_seconds=0.02, absence_seconds=absence)
        stack.callback(fleet.stop)
        yield fleet


def until(claim: Callable[[], bool], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def opened_at_once(fleet: Fleet, count: int) -> list[str]:
    with ExitStack() as stack:
        return [stack.enter_context(fleet.open(LIMITS)).where for _ in range(count)]


def away(fleet: Fleet) -> dict[str, str]:
    return {each.name: each.away for each in fleet.status()}


def test_sandboxes_are_spread_by_how_many_runs_each_engine_takes():
    with fleet_over({"small": Engine(), "large": Engine()}, small=1, large=3) as fleet:
        where = opened_at_once(fleet, 8)

        assert fleet.jobs == 4
    assert where.count("small") == 2
    assert where.count("large") == 6


def test_what_is_expected_is_started_ahead_on_every_engine():
    engines = {"a": Engine(), "b": Engine()}
    with fleet_over(engines) as fleet:
        fleet.expect(LIMITS, 4)

        until(lambda: all(engine.living == 2 for engine in engines.values()))
    assert not any(engine.living for engine in engines.values())


def test_an_engine_that_cannot_start_is_replaced_at_once_and_nobody_hears_of_it():
    engines = {"a": Engine(), "b": Engine()}
    engines["a"].trouble = engines["a"].silence = SandboxError("a does not answer")
    with fleet_over(engines) as fleet:
        assert opened_at_once(fleet, 4) == ["b"] * 4
        assert away(fleet) == {"a": "a does not answer", "b": ""}


def test_an_engine_that_answers_and_opens_nothing_three_times_counts_as_away():
    engines = {"a": Engine(), "b": Engine()}
    engines["a"].trouble = SandboxError("no space left on device")
    with fleet_over(engines) as fleet:
        for _ in range(3):
            opened_at_once(fleet, 1)

        assert away(fleet)["a"] == "no space left on device"


def test_a_session_lost_with_its_engine_is_an_error_and_the_next_one_opens_elsewhere():
    engines = {"a": Engine(), "b": Engine()}
    with fleet_over(engines) as fleet:
        with pytest.raises(SandboxError, match="the stream broke"), fleet.open(LIMITS) as session:
            lost = session.where
            engines[lost].silence = engines[lost].trouble = SandboxError("connection refused")
            raise SandboxError("the stream broke")

        assert lost not in opened_at_once(fleet, 3)


def test_a_session_that_is_lost_alone_takes_nothing_from_its_engine():
    engines = {"a": Engine(), "b": Engine()}
    with fleet_over(engines) as fleet:
        with pytest.raises(SandboxError, match="removed by hand"), fleet.open(LIMITS):
            raise SandboxError("removed by hand")

        assert set(opened_at_once(fleet, 4)) == {"a", "b"}


def test_an_engine_that_is_back_is_used_again_once_a_sandbox_of_ours_opens():
    engines = {"a": Engine(), "b": Engine()}
    engines["a"].trouble = engines["a"].silence = SandboxError("gone")
    with fleet_over(engines) as fleet:
        opened_at_once(fleet, 1)
        engines["a"].silence = None  # it answers, and opens nothing yet
        time.sleep(0.1)
        assert opened_at_once(fleet, 2) == ["b", "b"]
        engines["a"].trouble = None

        until(lambda: not any(away(fleet).values()))
        assert set(opened_at_once(fleet, 4)) == {"a", "b"}
        assert next(each.lost for each in fleet.status() if each.name == "a") == 1


def test_without_any_engine_the_error_names_each_and_why():
    engines = {"a": Engine(), "b": Engine()}
    for name, engine in engines.items():
        engine.trouble = engine.silence = SandboxError(f"{name} refuses connections")
    with fleet_over(engines) as fleet, pytest.raises(SandboxError) as caught:
        opened_at_once(fleet, 1)

    assert str(caught.value) == "no engine can open a sandbox: a (a refuses connections), b (b refuses connections)"


def test_an_engine_that_comes_later_takes_runs():
    late = Engine()
    with fleet_over({"a": Engine()}) as fleet, pooled(late, 2) as pool:
        fleet.add(Member(name="late", jobs=2, pool=pool, ask=late.ask))

        assert set(opened_at_once(fleet, 4)) == {"a", "late"}


def test_while_all_engines_are_away_whoever_wants_a_sandbox_waits_for_the_first():
    engines = {"a": Engine(), "b": Engine()}
    for engine in engines.values():
        engine.trouble = engine.silence = SandboxError("gone")
    with fleet_over(engines, absence=30.0) as fleet, ThreadPoolExecutor(1) as other:
        opening = other.submit(opened_at_once, fleet, 1)
        until(lambda: all(away(fleet).values()))
        assert not opening.done()
        engines["b"].trouble = engines["b"].silence = None

        assert opening.result(5.0) == ["b"]


def test_a_stop_releases_whoever_waits_for_an_engine():
    engine = Engine()
    engine.trouble = engine.silence = SandboxError("gone")
    with fleet_over({"a": engine}, absence=30.0) as fleet, ThreadPoolExecutor(1) as other:
        opening = other.submit(opened_at_once, fleet, 1)
        until(lambda: all(away(fleet).values()))
        fleet.stop()

        with pytest.raises(SandboxError, match="gone"):
            opening.result(5.0)


def test_an_engine_started_anew_takes_the_place_of_its_name():
    gone, anew = Engine(), Engine()
    gone.trouble = gone.silence = SandboxError("gone")
    with fleet_over({"a": gone, "b": Engine()}) as fleet, pooled(anew, 2) as pool:
        opened_at_once(fleet, 1)
        fleet.add(Member(name="a", jobs=2, pool=pool, ask=anew.ask))

        assert [each.name for each in fleet.status()] == ["a", "b"]
        assert set(opened_at_once(fleet, 4)) == {"a", "b"}


def test_what_is_lost_with_its_engine_says_so():
    engines = {"a": Engine()}
    with fleet_over(engines) as fleet, pytest.raises(EngineLostError, match="the stream broke"), fleet.open(LIMITS):
        engines["a"].silence = SandboxError("connection refused")
        raise SandboxError("the stream broke")


class Silent(Guest):
    """A guest of whom nothing is heard until the deadline."""

    def receive(self, deadline: float) -> Ending:
        time.sleep(max(0.0, deadline - time.monotonic()))
        return Ending.TIMED_OUT

    send = reset_output_quota = wait_exit = ended_at = pause = resume = check_engine_alive = None


def test_whoever_waits_for_a_guest_hears_of_an_engine_that_falls_silent():
    engines = {"a": Engine(Silent)}
    with fleet_over(engines) as fleet:
        fleet.watch(0.05)
        began = time.monotonic()
        with pytest.raises(EngineLostError, match="no answer"), fleet.open(LIMITS) as session:
            assert session.receive(time.monotonic() + 0.3) is Ending.TIMED_OUT  # late, and its engine is there
            engines["a"].silence = SandboxError("no answer")
            session.receive(time.monotonic() + 30)

    assert time.monotonic() - began < 5


def test_what_waits_on_an_engine_that_went_away_is_thrown_away():
    engines = {"a": Engine(), "b": Engine()}
    with fleet_over(engines) as fleet:
        fleet.expect(LIMITS, 4)
        until(lambda: all(engine.living == 2 for engine in engines.values()))
        engines["a"].silence = engines["a"].trouble = SandboxError("gone")
        with pytest.raises(EngineLostError), ExitStack() as stack:
            for _ in range(2):
                session = stack.enter_context(fleet.open(LIMITS))
                if session.where == "a":
                    raise SandboxError("the stream broke")

        until(lambda: engines["a"].living == 0)
        assert engines["b"].living
