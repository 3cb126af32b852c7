"""Runs start in order and in parallel, ahead of checks; our faults are tried again, an agent's never."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bitsec_eval.core.answer import Ending
from bitsec_eval.core.errors import KilledError, SandboxError
from bitsec_eval.core.llm_request import LLMResponse
from bitsec_eval.core.task import Limits
from bitsec_eval.core.values import dumps
from bitsec_eval.inference.gateway import NoLLM
from bitsec_eval.sandbox.api import Frame
from bitsec_eval.sandbox.execution.agent_run import AgentOrder
from bitsec_eval.sandbox.execution.llm_bridge import PART
from bitsec_eval.schedule.attempts import BREAKER_FAILURES, Attempts
from bitsec_eval.schedule.runs import RunKey, RunSpec
from bitsec_eval.schedule.schedule import Schedule


class FakeSession:
    """A guest that prints its agent's source after a while, then ends with status 0."""

    def __init__(self, sandbox: "FakeSandbox") -> None:
        self._sandbox = sandbox
        self._replies: list[Frame] = []

    def send(self, kind: str, payload: bytes = b"") -> None:
        if kind == "P":
            self._source = payload.partition(b"\0")[2]
        if kind == "A":
            self._sandbox.note(self._source)
            self._replies = [Frame("B", b""), Frame("O", self._source), Frame("X", dumps({"status": 0}))]

    def receive(self, deadline: float) -> Frame | Ending:
        if self._replies[0].kind == "O":
            time.sleep(self._sandbox.seconds)
        return self._replies.pop(0)

    def wait_exit(self) -> Ending:
        return Ending.CRASHED


class FakeSandbox:
    """Counts what is open at once, and fails as often as it is told to."""

    def __init__(self, seconds: float = 0.0, failures: int = 0) -> None:
        self.seconds = seconds
        self.failures = failures
        self.order: list[bytes] = []
        self.open_now = self.most_open = 0
        self._lock = threading.Lock()

    def note(self, source: bytes) -> None:
        with self._lock:
            self.order.append(source)

    @contextmanager
    def open(self, limits: Limits) -> Iterator[FakeSession]:
        with self._lock:
            if self.failures:
                self.failures -= 1
                raise SandboxError("could not start a container")
            self.open_now += 1
            self.most_open = max(self.most_open, self.open_now)
        try:
            yield FakeSession(self)
        finally:
            with self._lock:
                self.open_now -= 1


def work(number: int, calls: bool = False) -> RunSpec:
    source = f"{number:03}".encode()
    order = AgentOrder(source=source, prompt="x", files={})
    return RunSpec(key=RunKey("a", f"t{number:03}"), orders=lambda: (order,), limits=Limits(), calls=calls)


def start(sandbox: FakeSandbox, works: list[RunSpec], jobs: int) -> Schedule:
    schedule = Schedule(sandbox, jobs)
    for each in works:
        schedule.want(each)
    return schedule


def test_runs_start_in_order_and_no_more_than_jobs_at_once():
    sandbox, works = FakeSandbox(0.01), [work(number) for number in range(20)]
    schedule = start(sandbox, works, 3)
    for each in works:
        assert schedule.done(each.key).answers[0].stdout == each.key.task[1:].encode()
        schedule.forget(each.key)
    schedule.stop()

    assert sandbox.most_open == 3
    assert [abs(int(source) - place) <= 3 for place, source in enumerate(sandbox.order)] == [True] * 20
    assert len(sandbox.order) == 20


def test_a_check_that_waits_goes_before_the_rest_whatever_the_order():
    sandbox, works = FakeSandbox(0.02), [work(number) for number in range(200)]
    schedule = start(sandbox, works, 1)

    assert schedule.done(works[199].key).answers[0].stdout == b"199"
    assert len(sandbox.order) < 10
    schedule.stop()


def test_runs_do_not_run_away_from_the_checks():
    sandbox, works = FakeSandbox(), [work(number) for number in range(300)]
    schedule = start(sandbox, works, 1)
    time.sleep(0.5)

    assert len(sandbox.order) <= 8 + 64 + 1
    for each in works:
        schedule.done(each.key)
        schedule.forget(each.key)
    schedule.stop()
    assert len(sandbox.order) == 300


def test_a_run_that_is_wanted_twice_is_done_once():
    sandbox, works = FakeSandbox(), [work(1), work(1)]
    schedule = start(sandbox, works, 2)
    schedule.done(works[0].key)
    schedule.stop()

    assert sandbox.order == [b"001"]


def test_our_failures_are_tried_again_and_counted():
    sandbox = FakeSandbox(failures=2)
    schedule = Schedule(sandbox, 1)
    schedule._attempts = Attempts(threading.Event(), (0.0, 0.0))
    schedule.want(work(1))

    done = schedule.done(work(1).key)

    assert (done.failure, done.attempts, done.answers[0].ending) == (None, 3, Ending.EXITED)
    schedule.stop()


def test_a_failure_that_stays_makes_the_run_void():
    schedule = Schedule(FakeSandbox(failures=99), 1)
    schedule._attempts = Attempts(threading.Event(), (0.0, 0.0))
    schedule.want(work(1))

    done = schedule.done(work(1).key)

    assert str(done.failure) == "could not start a container"
    assert (done.attempts, done.answers) == (3, ())
    schedule.stop()


def test_an_engine_that_stays_away_is_hardly_asked_and_its_recovery_is_noticed():
    tried = []

    def action() -> str:
        tried.append(1)
        raise SandboxError("gone")

    attempts = Attempts(threading.Event(), (0.0, 0.0), cooling=0.2)
    for _ in range(50):
        with pytest.raises(SandboxError):
            attempts.run(action)

    assert len(tried) <= BREAKER_FAILURES + 2
    with pytest.raises(SandboxError, match="not tried, since 6 attempts in a row failed: gone"):
        attempts.run(action)
    time.sleep(0.25)
    assert attempts.run(lambda: "fine") == ("fine", 1)
    assert attempts.run(lambda: "fine") == ("fine", 1)


def failing(owner: str, attempts: Attempts) -> None:
    def action() -> str:
        raise SandboxError(f"{owner} breaks its sandboxes")

    with pytest.raises(SandboxError):
        attempts.run(action, owner)


def test_one_owner_that_breaks_its_sandboxes_takes_nothing_from_others():
    attempts = Attempts(threading.Event(), (), cooling=60.0, works=lambda: True)
    for _ in range(3 * BREAKER_FAILURES):
        failing("spoiler", attempts)

    assert attempts.run(lambda: "fine", "honest") == ("fine", 1)


def test_a_breaker_opens_where_different_owners_fail_or_a_sandbox_of_our_own():
    for owners, works in ((("one", "other"), True), (("one",), False)):
        attempts = Attempts(threading.Event(), (), cooling=60.0, works=lambda works=works: works)
        for number in range(BREAKER_FAILURES):
            failing(owners[number % len(owners)], attempts)
        with pytest.raises(SandboxError, match="not tried, since 6 attempts in a row failed"):
            attempts.run(lambda: "fine", "honest")


def test_a_sandbox_killed_from_outside_is_tried_again_and_killed_every_time_it_counts_as_crashed():
    class Killed(FakeSession):
        def receive(self, deadline: float) -> Frame | Ending:
            if self._replies[0].kind == "O" and self._sandbox.kills:
                self._sandbox.kills -= 1
                raise KilledError("killed")
            return super().receive(deadline)

    class Killing(FakeSandbox):
        kills = 2

        @contextmanager
        def open(self, limits: Limits) -> Iterator[FakeSession]:
            yield Killed(self)

    endings = []
    for kills in (2, 3):
        sandbox = Killing()
        sandbox.kills = kills
        schedule = Schedule(sandbox, 1)
        schedule._attempts = Attempts(threading.Event(), (0.0, 0.0, 0.0))
        schedule.want(work(1))
        done = schedule.done(work(1).key)
        endings.append((done.failure, done.attempts, done.answers[0].ending))
        schedule.stop()

    assert endings == [(None, 3, Ending.EXITED), (None, 3, Ending.CRASHED)]


def test_a_fault_of_our_own_code_voids_the_run_and_stops_no_other():
    def broken() -> tuple:
        raise ValueError("a bug")

    schedule = Schedule(FakeSandbox(), 1)
    schedule.want(RunSpec(key=RunKey("a", "t"), orders=broken, limits=Limits()))
    schedule.want(work(1))

    failure = schedule.done(RunKey("a", "t")).failure
    assert str(failure) == "ValueError: a bug; a fault of bitsec-eval itself, report it"
    assert schedule.done(work(1).key).answers[0].ending is Ending.EXITED
    schedule.stop()


def test_stopping_releases_everybody_and_ends_every_thread():
    sandbox, works = FakeSandbox(0.2), [work(number) for number in range(50)]
    schedule = start(sandbox, works, 2)
    before = time.monotonic()
    schedule.stop()

    assert time.monotonic() - before < 2
    assert str(schedule.done(works[49].key).failure) == "the evaluation was stopped before this run"
    assert not [thread for thread in threading.enumerate() if thread.name == "bitsec-run"]
    assert sandbox.open_now == 0


class AskingSession(FakeSession):
    """A guest that asks an LLM one question, and ends when it has the reply."""

    def send(self, kind: str, payload: bytes = b"") -> None:
        super().send(kind, payload)
        if kind == "A":
            question = PART.pack(1, 1) + dumps({"method": "GET", "path": "/v1/models"}) + b"\n"
            self._replies[1] = Frame("Q", question)
            self._answered = threading.Event()
        if kind == "R":
            self._answered.set()

    def receive(self, deadline: float) -> Frame | Ending:
        if self._replies[0].kind == "X" and not self._answered.wait(max(0, deadline - time.monotonic())):
            return Ending.TIMED_OUT
        return self._replies.pop(0)


class AskingSandbox(FakeSandbox):
    @contextmanager
    def open(self, limits: Limits) -> Iterator[FakeSession]:
        with super().open(limits):
            yield AskingSession(self)


class SlowLLM:
    """Stands for the gateway and its lines: every reply takes a while, and how many wait is counted."""

    request_bytes = 1000
    backend = NoLLM()
    excluded_seconds = 0.0
    failure = None

    def __init__(self, seconds: float) -> None:
        self.environment: dict[str, str] = {}
        self._seconds = seconds
        self.waiting = self.most_waiting = 0

    def session(self, *_: object) -> "SlowLLM":
        return self

    def ask(self, question: object, reply) -> None:
        self.waiting += 1
        self.most_waiting = max(self.most_waiting, self.waiting)
        threading.Timer(self._seconds, self._reply, [reply]).start()

    def _reply(self, reply) -> None:
        self.waiting -= 1
        reply(LLMResponse(status=200, body=b"{}"))

    def close(self) -> None:
        return

    def usage(self) -> None:
        return None

    settled = usage


@pytest.mark.parametrize(("llm_jobs", "at_once"), [(6, 7), (0, 1)])
def test_agents_that_wait_for_an_llm_leave_the_processors_to_others(llm_jobs: int, at_once: int):
    llm, works = SlowLLM(0.15), [work(number) for number in range(14)]
    schedule = Schedule(AskingSandbox(), 1, llm, llm_jobs)
    for each in works:
        schedule.want(each)
    for each in works:
        assert schedule.done(each.key).answers[0].ending is Ending.EXITED
    schedule.stop()

    assert llm.most_waiting == at_once
    assert (schedule._running, schedule._waiting) == (0, 0)
