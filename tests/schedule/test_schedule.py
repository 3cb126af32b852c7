"""Runs start in order and in parallel, ahead of checks; our faults are tried again, an agent's never."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bitsec_eval.core.answers.answer import Answer, Ending
from bitsec_eval.core.answers.values import dumps
from bitsec_eval.core.errors import EngineLostError, KilledError, SandboxError, UnprovenError
from bitsec_eval.core.llm_request import LLMResponse
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.inference.gateway import NoLLM
from bitsec_eval.sandbox.api import Frame
from bitsec_eval.sandbox.execution.agent_run import AgentOrder
from bitsec_eval.sandbox.execution.llm_bridge import PART
from bitsec_eval.sandbox.execution.solution_sandboxes import SandboxKind, SolutionSandboxes
from bitsec_eval.schedule.attempts import BREAKER_FAILURES, MOST_LOST_ENGINES, Attempts
from bitsec_eval.schedule.order import MachineUse, RunOrder
from bitsec_eval.schedule.runs import RunKey, RunResult, RunSpec
from bitsec_eval.schedule.schedule import KNOWN_AGENT, Schedule
from bitsec_eval.schedule.spool import Spool


class FakeSession:
    """A guest that prints its agent's source after a while, then ends with status 0."""

    where = ""
    engine_number = 0

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

    def reset_output_quota(self) -> None:
        """Nothing is counted."""

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


def losing(engines: int) -> Callable[[], str]:
    """Return an action that loses so many engines before it succeeds."""
    lost: list[int] = []

    def action() -> str:
        if len(lost) < engines:
            lost.append(1)
            raise EngineLostError("node a was lost")
        return "fine"

    return action


def test_what_is_lost_with_its_engine_is_no_attempt_and_trips_nothing():
    attempts = Attempts(threading.Event(), (), cooling=60.0)

    for _ in range(BREAKER_FAILURES):
        assert attempts.run(losing(MOST_LOST_ENGINES)) == ("fine", 1)
    assert attempts.run(lambda: "fine") == ("fine", 1)


def test_what_loses_every_engine_is_an_attempt_in_the_end():
    attempts = Attempts(threading.Event(), (0.0,), cooling=60.0)

    with pytest.raises(EngineLostError, match="node a was lost") as caught:
        attempts.run(losing(1000))

    assert caught.value.attempts == 2


def failing(attempts: Attempts) -> None:
    def action() -> str:
        raise SandboxError("an agent breaks its sandboxes")

    with pytest.raises(SandboxError):
        attempts.run(action)


def test_runs_that_break_their_sandboxes_take_nothing_from_others_whatever_their_names():
    attempts = Attempts(threading.Event(), (), cooling=60.0, works=lambda: True)
    for _ in range(3 * BREAKER_FAILURES):
        failing(attempts)

    assert attempts.run(lambda: "fine") == ("fine", 1)


def test_a_breaker_opens_where_an_agent_of_our_own_fails_too():
    attempts = Attempts(threading.Event(), (), cooling=60.0, works=lambda: False)
    for _ in range(BREAKER_FAILURES):
        failing(attempts)
    with pytest.raises(SandboxError, match="not tried, since 6 attempts in a row failed"):
        attempts.run(lambda: "fine")


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
    is_held_up = False
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


def test_agents_that_wait_for_an_llm_count_like_any_other():
    llm, works = SlowLLM(0.1), [work(number) for number in range(8)]
    schedule = Schedule(AskingSandbox(), 2, llm)
    for each in works:
        schedule.want(each)
    for each in works:
        assert schedule.done(each.key).answers[0].ending is Ending.EXITED
    schedule.stop()

    assert llm.most_waiting == 2
    assert schedule._running == 0


class OneAgentFails(FakeSandbox):
    """Fails for whoever waits in `failing` threads' stead: every sandbox of these limits, and no other."""

    def __init__(self, memory_mib: int) -> None:
        super().__init__()
        self.memory_mib = memory_mib

    @contextmanager
    def open(self, limits: Limits) -> Iterator[FakeSession]:
        if limits.memory_mib == self.memory_mib:
            raise SandboxError("lost")
        with super().open(limits) as session:
            yield session


def test_failures_of_one_agents_runs_open_no_breaker_for_others_while_the_engine_is_sound():
    sandbox = OneAgentFails(memory_mib=77)
    schedule = Schedule(sandbox, 1)
    schedule._attempts._pauses = (0.0, 0.0, 0.0)
    failing = [
        RunSpec(key=RunKey("spoiler", f"t{n}"), orders=work(n).orders, limits=Limits(memory_mib=77)) for n in range(6)
    ]
    for each in [*failing, work(1)]:
        schedule.want(each)

    assert {str(schedule.done(each.key).failure) for each in failing} == {"lost"}
    assert schedule.done(work(1).key).failure is None
    schedule.stop()


class Lost(FakeSession):
    """Loses its guest without a proof, unless the agent is a known one."""

    def receive(self, deadline: float) -> Frame | Ending:
        if self._replies[0].kind == "O" and self._source != KNOWN_AGENT:
            raise self._sandbox.loss
        return super().receive(deadline)


class Losing(FakeSandbox):
    """Opens such sessions; where the whole machine is at fault the known agent is lost as well."""

    def __init__(self, loss: SandboxError, *, everywhere: bool) -> None:
        super().__init__()
        self.loss = loss
        self._everywhere = everywhere

    @contextmanager
    def open(self, limits: Limits) -> Iterator[FakeSession]:
        session = Lost(self)
        if self._everywhere:
            session.receive = self._lose  # type: ignore[method-assign]
        yield session

    def _lose(self, deadline: float) -> Frame | Ending:
        raise self.loss


@pytest.mark.parametrize(
    ("loss", "everywhere", "ending"),
    [
        (KilledError("killed"), False, Ending.CRASHED),
        (UnprovenError("slow"), False, Ending.TIMED_OUT),
        (KilledError("killed"), True, None),
        (UnprovenError("slow"), True, None),
        (SandboxError("the engine is gone"), False, None),
    ],
)
def test_what_cannot_be_proven_is_ours_only_where_a_known_agent_meets_it_too(
    loss: SandboxError, everywhere: bool, ending: Ending | None
):
    schedule = Schedule(Losing(loss, everywhere=everywhere), 1)
    schedule._attempts = Attempts(threading.Event(), (0.0, 0.0, 0.0))
    schedule.want(work(1))
    done = schedule.done(work(1).key)
    schedule.stop()

    assert [answer.ending for answer in done.answers] == ([ending] if ending else [])
    assert (done.failure is None) is (ending is not None)


def twin(number: int) -> RunSpec:
    """A run on a workspace and its twin, which an agent tells apart by its files alone."""
    orders = tuple(AgentOrder(source=name, prompt="x", files={}) for name in (b"workspace", b"twin"))
    return RunSpec(key=RunKey("a", f"t{number:03}"), orders=lambda: orders, limits=Limits())


def test_workspace_and_twin_come_in_a_random_order_and_answers_in_their_own():
    sandbox = FakeSandbox()
    schedule = Schedule(sandbox, 1, chance=random.Random(5))
    for number in range(200):
        schedule.want(twin(number))
    for number in range(200):
        answers = schedule.done(twin(number).key).answers
        assert [answer.stdout for answer in answers] == [b"workspace", b"twin"]
        schedule.forget(twin(number).key)
    schedule.stop()

    workspace_first = sum(first == b"workspace" for first in sandbox.order[::2])
    assert sorted(sandbox.order) == [b"twin"] * 200 + [b"workspace"] * 200
    assert 70 < workspace_first < 130


class NotedMachine:
    """Takes note of the turns that are taken."""

    waits_for = ""

    def __init__(self) -> None:
        self.turns: list[str] = []

    def get_on(self, stopped: threading.Event) -> None:
        """Nobody else is here."""

    def take(self, turn: MachineUse, stopped: threading.Event) -> None:
        if self.turns[-1:] != [turn]:
            self.turns.append(turn)

    def leave(self) -> None:
        self.turns.append("left")


class LoadingSession(FakeSession):
    """A guest that a check may use, too: it begins when it is asked to."""

    def send(self, kind: str, payload: bytes = b"") -> None:
        super().send(kind, payload)
        if kind == "L":
            self._sandbox.loads.append(len(self._sandbox.order))
        if kind == "N":
            self._replies = [Frame("B", b"")]


class LoadingSandbox(FakeSandbox):
    """Notes how many agents had run when an answer was loaded."""

    def __init__(self) -> None:
        super().__init__(0.01)
        self.loads: list[int] = []

    @contextmanager
    def open(self, limits: Limits) -> Iterator[FakeSession]:
        with super().open(limits):
            yield LoadingSession(self)


def test_agents_come_first_and_their_answers_wait_on_disk(tmp_path: Path):
    sandbox, machine = LoadingSandbox(), NotedMachine()
    works = [work(number, calls=True) for number in range(100)]
    schedule = Schedule(sandbox, 3, order=RunOrder.AGENTS_FIRST, machine=machine, spool=tmp_path / "results")
    for each in works:
        schedule.want(each)
    time.sleep(0.05)
    assert sandbox.order == []  # not before the machine is theirs

    outputs = []
    for each in works:
        outputs.append(schedule.done(each.key).answers[0].stdout)
        schedule.loaded(each.key)
        schedule.forget(each.key)
    schedule.stop()

    assert outputs == [each.orders()[0].source for each in works]
    assert min(sandbox.loads) == 100
    assert machine.turns == [MachineUse.AGENTS, MachineUse.CHECKS, "left"]
    assert list((tmp_path / "results").iterdir()) == []


def test_an_agent_that_takes_all_its_time_goes_before_the_others_from_then_on():
    sandbox = FakeSandbox(0.02)
    slow = [replace(work(number), limits=Limits(wall_seconds=0.01)) for number in (0, 3, 5)]
    quick = [replace(work(number), key=RunKey("b", f"t{number:03}")) for number in (1, 2, 4)]
    schedule = Schedule(sandbox, 1, order=RunOrder.AGENTS_FIRST)
    for each in sorted([*slow, *quick], key=lambda each: each.key.task):
        schedule.want(each)
    schedule.done(slow[0].key)
    schedule.stop()

    assert [int(source) for source in sandbox.order] == [0, 3, 5, 1, 2, 4]


def test_a_run_that_is_wanted_while_checks_go_on_waits_for_the_next_turn():
    """As in a worker of xdist, which hears of its runs bit by bit."""
    machine = NotedMachine()
    schedule = Schedule(FakeSandbox(), 2, order=RunOrder.AGENTS_FIRST, machine=machine)
    for number in range(4):
        schedule.want(work(number))
        assert schedule.done(work(number).key).failure is None
        schedule.forget(work(number).key)
    schedule.stop()

    assert machine.turns == [MachineUse.AGENTS, MachineUse.CHECKS] * 4 + ["left"]


def test_stopping_while_agents_run_releases_whoever_waits_for_them():
    sandbox = FakeSandbox(0.3)
    schedule = Schedule(sandbox, 1, order=RunOrder.AGENTS_FIRST)
    for number in range(50):
        schedule.want(work(number))
    threading.Timer(0.5, schedule.stop).start()

    assert str(schedule.done(work(49).key).failure) == "the evaluation was stopped before this run"


def test_an_answer_that_the_disk_has_no_room_for_waits_in_memory(tmp_path: Path):
    (tmp_path / "file").touch()
    spool = Spool(tmp_path / "file")
    result = RunResult(answers=(Answer(ending=Ending.EXITED, stdout=b"out", stderr=b"err"),), attempts=2)

    assert spool.put(result).read() == result
    spool.close()


class Hearing(Losing):
    """Notes the losses that whoever used a sandbox told it of."""

    heard: SandboxError | None = None

    @contextmanager
    def open(self, limits: Limits) -> Iterator[FakeSession]:
        with super().open(limits) as session:
            try:
                yield session
            except SandboxError as loss:
                self.heard = loss
                raise


def test_whoever_opened_a_sandbox_hears_that_a_check_lost_it():
    """So a pool hands out none of those that waited beside it: they may be lost as well."""
    sandbox = Hearing(SandboxError("the engine was restarted"), everywhere=True)
    loaded = SolutionSandboxes().load("a", b"answer", SandboxKind(sandbox, "", Limits()))
    with pytest.raises(SandboxError):
        loaded.begin_check()

    loaded.close()

    assert sandbox.heard is sandbox.loss
