"""Runs in parallel, in collection order, ahead of the checks that wait for them.

Agents come first: while they run nobody checks, and answers wait on disk (`RunOrder.AGENTS_FIRST`). Those that have
used up the time of a run have their further runs started before those of the others. Where hidden
inputs are no secret the two may be interleaved; then nothing runs further ahead of the checks than `lead` runs.
Worker threads take the first of: a session to close, a solution to load for checks that are next, a run somebody
waits for, and the next run that has not started. No more than `jobs` runs go on at once, whatever they wait for.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random, SystemRandom
from threading import Condition, Event, RLock, Thread
from time import monotonic

from bitsec_eval.core.answers.answer import Answer, Ending
from bitsec_eval.core.errors import BitsecError, InferenceError, KilledError, SandboxError, UnprovenError
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.core.text import one_line
from bitsec_eval.inference.gateway import Gateway, SessionKey
from bitsec_eval.sandbox.api import Sandbox
from bitsec_eval.sandbox.execution.agent_run import AgentOrder, run_agent
from bitsec_eval.sandbox.execution.solution_sandboxes import LoadedSolution, SandboxKind, SolutionSandboxes
from bitsec_eval.schedule.answer_cache import AnswerCache, NoCache
from bitsec_eval.schedule.attempts import Attempts
from bitsec_eval.schedule.order import MachineUse, OwnMachine, RunOrder, SharedMachine
from bitsec_eval.schedule.runs import RunKey, RunResult, RunSpec
from bitsec_eval.schedule.snapshot import Pace, Running, Snapshot
from bitsec_eval.schedule.spool import Spool, SpooledResult

JOIN_SECONDS = 20
TELL_SECONDS = 10.0
"""So often others on the machine are told that agents still run."""

MOST_KILLS = 3
"""So often a sandbox may be lost without a proof that it was our fault; then a known agent of ours has to succeed."""

KNOWN_AGENT = b"print('here')"


class _Run:
    """Where one run stands."""

    def __init__(self, work: RunSpec) -> None:
        self.work = work
        self.queued = monotonic()
        self.began: float | None = None
        self.agent_began: float | None = None
        self.engine = ""
        self.started = False
        self.done: Future[SpooledResult] = Future()
        self.loaded: Future[LoadedSolution] | None = None
        self.released = False

    @property
    def wants_calls(self) -> bool:
        """Whether a solution waits to be loaded: there is an answer, and nobody has begun."""
        if self.released or not self.work.calls or self.loaded is not None or not self.done.done():
            return False
        done = self.done.result().light
        return done.failure is None and not done.answers[0].fault


class Schedule:
    """Does every wanted run once; `done` and `calls` wait for what they need and no longer."""

    def __init__(
        self,
        sandbox: Sandbox,
        jobs: int,
        gateway: Gateway | None = None,
        cache: AnswerCache | None = None,
        *,
        order: RunOrder = RunOrder.INTERLEAVED,
        machine: SharedMachine | None = None,
        spool: Path | None = None,
        chance: Random | None = None,
        images: Mapping[str, Sandbox] | None = None,
    ) -> None:
        """`images` are the sandboxes of the images that tasks ask for by name and digest; others are of `sandbox`."""
        self._sandbox = sandbox
        self._images = images or {}
        self._gateway = gateway
        self._cache: AnswerCache = cache or NoCache()
        self._tally: Counter[str] = Counter()
        self._paces: dict[str, Pace] = {}
        self._began: float | None = None
        self._jobs = jobs
        self._order = order
        self._machine: SharedMachine = machine or OwnMachine()
        self._agents_turn = order is RunOrder.INTERLEAVED
        self._spool = Spool(spool) if spool is not None else None
        self._chance = chance or SystemRandom()
        self._running = 0
        self._to_start: deque[_Run] = deque()  # wanted and not started, where agents come first
        self._slow: set[str] = set()
        self._lead = 8 * jobs + 64
        self._runs: dict[RunKey, _Run] = {}
        self._open: list[_Run] = []  # wanted and not released, in order
        self._urgent: _Run | None = None
        self._closing: list[LoadedSolution] = []
        self._checking = SolutionSandboxes()
        self._changed = Condition(RLock())
        self._stopped = Event()
        self._attempts = Attempts(self._stopped, works=lambda: _is_sound(self._sandbox, Limits()))
        self._threads: list[Thread] = []

    def want(self, work: RunSpec) -> None:
        """Queue a run; a run that is queued already stays where it is."""
        if self._order is RunOrder.INTERLEAVED:
            self._machine.take(MachineUse.AGENTS, self._stopped)
        with self._changed:
            if work.key not in self._runs:
                self._runs[work.key] = run = _Run(work)
                self._open.append(run)
                self._to_start.append(run)
                self._changed.notify()
            if len(self._threads) < self._jobs:
                self._threads.append(Thread(target=self._serve, name="bitsec-run", daemon=True))
                self._threads[-1].start()

    def done(self, key: RunKey) -> RunResult:
        """Wait for a run and return what came of it."""
        run = self._runs[key]
        if not run.done.done() and not self._stopped.is_set():
            if self._order is RunOrder.AGENTS_FIRST:
                self._let_agents_run()
            else:
                self._urge(run)
        return run.done.result().read()

    def _let_agents_run(self) -> None:
        """Have every run done that is wanted so far, while no check goes on here or elsewhere on this machine."""
        for run in list(self._runs.values()):
            _quiesce(run)
        self._machine.take(MachineUse.AGENTS, self._stopped)
        with self._changed:
            self._agents_turn = True
            self._changed.notify_all()
        while not self._agents_are_done(within=TELL_SECONDS):
            if self._is_in_time():
                self._machine.get_on(self._stopped)
        with self._changed:
            self._agents_turn = False
        self._machine.take(MachineUse.CHECKS, self._stopped)
        with self._changed:
            self._changed.notify_all()

    def _agents_are_done(self, within: float) -> bool:
        with self._changed:
            return self._changed.wait_for(
                lambda: self._stopped.is_set() or not (self._to_start or self._running), within
            )

    def _is_in_time(self) -> bool:
        """Whether an agent runs that may still run; its clock may have stood still for as long as it may run."""
        running = self.snapshot().running
        return any(run.seconds < 2 * run.limit_seconds + TELL_SECONDS for run in running)

    def loaded(self, key: RunKey) -> LoadedSolution:
        """Wait for a run's answer to be in a sandbox, ready for `SolutionRpc.begin`.

        Raises:
            SandboxError: no sandbox could be had.
        """
        run = self._runs[key]
        with self._changed:
            mine = run.loaded is None
            if mine:
                run.loaded = Future()
            future = run.loaded
        assert future is not None  # noqa: S101 - it was just made if there was none
        if mine:
            self._load(run, future)
        return future.result()

    def reload(self, key: RunKey) -> LoadedSolution:
        """Give up the sandbox that a run's answer is in for one that nothing has been in."""
        run = self._runs[key]
        future: Future[LoadedSolution] = Future()
        with self._changed:
            before, run.loaded = run.loaded, future
        if before is not None and before.exception() is None:
            before.result().close()  # first: where it was lost, none of those that wait is taken in its place
        self._load(run, future, fresh=True)
        return future.result()

    def attempt(self, action: Callable[[], None]) -> None:
        """Do something of the caller's that our faults may spoil, as often as runs are tried; see `Attempts.run`."""
        self._machine.get_on(self._stopped)
        self._attempts.run(action)

    def release(self, key: RunKey) -> None:
        """No check needs this run for now: pass its sandbox on and let runs further ahead start."""
        run = self._runs[key]
        _quiesce(run)
        with self._changed:
            self._close_loaded(run)
            run.released = True
            if run in self._open:
                self._open.remove(run)
            self._changed.notify()

    def _close_loaded(self, run: _Run) -> None:
        future, run.loaded = run.loaded, None
        if future is not None:
            future.add_done_callback(partial(self._give_back, run.work.key.agent))

    def _give_back(self, agent: str, future: Future[LoadedSolution]) -> None:
        if future.exception() is None:
            surplus = self._checking.give_back(agent, future.result())
            if surplus is not None:
                with self._changed:
                    self._closing.append(surplus)
                    self._changed.notify()

    def forget(self, key: RunKey) -> None:
        """No check will need this run again: release it and its answers."""
        self.release(key)
        with self._changed:
            del self._runs[key]

    def stop(self) -> None:
        """Start nothing more, close every sandbox, and wait for the threads; stopping twice is as good as once."""
        self._stopped.set()
        with self._changed:
            for run in self._runs.values():
                self._close_loaded(run)
            self._changed.notify_all()
        deadline = monotonic() + JOIN_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - monotonic()))
        self._checking.close()
        for run in self._runs.values():
            if not run.done.done():
                stopped = RunResult(failure=SandboxError("the evaluation was stopped before this run"))
                run.done.set_result(SpooledResult(stopped))
        self._machine.leave()

    # -- worker threads

    def _serve(self) -> None:
        while True:
            with self._changed:
                job = self._next()
                while job is None:
                    if self._stopped.is_set():
                        return
                    self._changed.wait()
                    job = self._next()
                self._changed.notify()  # whether that was all is for the next thread to find out
            job()

    def _next(self) -> Callable[[], None] | None:
        """Return the next thing to do, claimed for the caller, or None; called with the lock held."""
        if self._closing:
            return self._closing.pop().close
        if self._stopped.is_set():
            return None
        for run in self._ahead():
            if run.wants_calls:
                run.loaded = Future()
                return partial(self._load, run, run.loaded)
        if not self._agents_turn or self._running >= self._jobs:
            return None
        run_to_start = self._next_run() if self._order is RunOrder.INTERLEAVED else self._next_in_line()
        return None if run_to_start is None else self._begin(run_to_start)

    def _ahead(self) -> Iterator[_Run]:
        """Yield the runs whose checks are next: as many as may hold a loaded sandbox at once."""
        if self._order is RunOrder.INTERLEAVED or not self._agents_turn:
            yield from self._open[: self._jobs + 1]

    def _next_run(self) -> "_Run | None":
        ahead = ([self._urgent] if self._urgent else []) + self._open[: self._lead]
        return next((run for run in ahead if not run.started), None)

    def _next_in_line(self) -> "_Run | None":
        return self._to_start.popleft() if self._to_start else None

    def _begin(self, run: _Run) -> Callable[[], None]:
        run.started = True
        self._running += 1
        return partial(self._do, run)

    def _urge(self, run: _Run) -> None:
        with self._changed:
            self._urgent = run
            self._changed.notify()

    def _do(self, run: _Run) -> None:
        try:
            self._machine.get_on(self._stopped)
            run.began = monotonic()
            self._began = self._began or run.began
            done = self._remembered(run.work)
            waited, took = run.began - run.queued, monotonic() - run.began
            whole = replace(done, waited_seconds=waited, took_seconds=took)
            run.done.set_result(self._spool.put(whole) if self._spool is not None else SpooledResult(whole))
        except BaseException as error:  # noqa: BLE001 - whoever waits must hear of a fault of ours in any case
            run.done.set_result(SpooledResult(RunResult(failure=_as_ours(error))))
        finally:
            self._end_run(run)
            with self._changed:
                self._running -= 1
                self._count(run)
                if not (self._to_start or self._running):
                    self._changed.notify_all()  # whoever waits for all agents

    def _end_run(self, run: _Run) -> None:
        """Free what a run has left of the LLM's budget; a ledger that fails is told of by the next call."""
        if self._gateway is not None:
            with suppress(InferenceError):
                self._gateway.backend.end_run(run.work.key.agent)

    def _count(self, run: _Run) -> None:
        done = run.done.result().light
        self._tally += Counter(void=done.failure is not None, reused=bool(done.reused))
        timed = run.began is not None and not done.reused
        pace = Pace(done=1, timed=int(timed), seconds=monotonic() - (run.began or 0.0) if timed else 0.0)
        if pace.seconds >= run.work.limits.wall_seconds:
            self._put_first(run.work.key.agent)
        self._paces[run.work.key.task] = self._paces.get(run.work.key.task, Pace()) + pace

    def _put_first(self, agent: str) -> None:
        """Start what is left of an agent that takes all its time: begun last, it would outlast everybody else."""
        if agent not in self._slow:
            self._slow.add(agent)
            self._to_start = deque(sorted(self._to_start, key=lambda run: run.work.key.agent != agent))

    def snapshot(self) -> Snapshot:
        """Return how far the runs have got."""
        now = monotonic()
        with self._changed:
            on = [run for run in self._runs.values() if run.began is not None and not run.done.done()]
            running = [_running(run, now) for run in sorted(on, key=lambda run: run.began or now)]
            void, reused = self._tally["void"], self._tally["reused"]
            elapsed = now - (self._began or now)
            paces = dict(self._paces)
            return Snapshot(
                running=tuple(running),
                tasks=paces,
                void=void,
                reused=reused,
                elapsed_seconds=elapsed,
                waits_for=self._machine.waits_for,
            )

    def _remembered(self, work: RunSpec) -> RunResult:
        known = self._cache.recall(work)
        if known is None:
            known = self._attempted(work)
            self._cache.keep(work, known)
        return known

    def _attempted(self, work: RunSpec) -> RunResult:
        answers: dict[int, Answer] = {}
        attempts = 0
        parts = list(enumerate(work.orders()))
        self._chance.shuffle(parts)  # what comes first tells no agent whether it sees the workspace or its twin
        try:
            for part, order in parts:
                key = work.key
                name = SessionKey(agent=key.agent, task=key.task, part=part, repeat=key.repeat, parts=len(parts))
                answer, tries = self._attempts.run(partial(self._answer_or_crash, work, order, name, []))
                answers[part] = answer
                attempts = max(attempts, tries)
                if answer.fault:  # nothing of this run can be checked any more
                    break
        except (SandboxError, InferenceError) as error:
            return RunResult(failure=error, attempts=error.attempts)
        return RunResult(answers=tuple(answers[part] for part in sorted(answers)), attempts=attempts)

    def _answer_or_crash(
        self, work: RunSpec, order: AgentOrder, name: SessionKey, losses: list[UnprovenError]
    ) -> Answer:
        """Return the answer; one that was lost each time without a proof that it was our fault counts as the agent's.

        `losses` is the same list for every attempt. Before an agent is blamed a known agent of ours must get through.
        """
        try:
            return self._answer(work, order, name)
        except UnprovenError as lost:
            losses.append(lost)
            if len(losses) < MOST_KILLS or not _is_sound(self._sandbox_of(work), work.limits):
                raise
            if isinstance(lost, KilledError):
                return Answer(ending=Ending.CRASHED, status=f"killed {len(losses)} times")
            return Answer(ending=Ending.TIMED_OUT, seconds=work.limits.wall_seconds)

    def _answer(self, work: RunSpec, order: AgentOrder, name: SessionKey) -> Answer:
        with self._sandbox_of(work).open(work.limits) as session:
            run = self._runs[work.key]
            run.agent_began, run.engine = monotonic(), session.where
            line = self._gateway.session(name, work.llm) if self._gateway else None
            service = work.service(line) if work.service and line else line
            answer = run_agent(session, order, work.limits, service)
            answer = replace(answer, engine=session.where, engine_number=session.engine_number)
        if line is None:
            return answer
        return replace(answer, usage=line.settled())  # what is still under way may yet make the run void

    def _sandbox_of(self, work: RunSpec) -> Sandbox:
        """Return what opens sandboxes of a run's image."""
        return self._images[work.image] if work.image else self._sandbox

    def _load(self, run: _Run, future: Future[LoadedSolution], *, fresh: bool = False) -> None:
        work, answer = run.work, run.done.result().read().answers[0].stdout
        kind = SandboxKind(self._sandbox_of(work), work.image, work.limits)
        load = partial(self._checking.load, work.key.agent, answer, kind, fresh=fresh)
        try:
            future.set_result(self._attempts.run(load)[0])
        except BaseException as error:  # noqa: BLE001 - as in _do
            future.set_exception(_as_ours(error))


def _is_sound(sandbox: Sandbox, limits: Limits) -> bool:
    """Whether an agent of ours runs in a sandbox of these limits as it should, and the engine tells of it."""
    try:
        with sandbox.open(limits) as session:
            order = AgentOrder(source=KNOWN_AGENT, prompt="", files={})
            return run_agent(session, order, limits).ending is Ending.EXITED
    except SandboxError:
        return False


def _running(run: _Run, now: float) -> Running:
    seconds = now - (run.agent_began or now)
    limit = run.work.limits.wall_seconds
    return Running(key=run.work.key, seconds=seconds, limit_seconds=limit, engine=run.engine)


def _quiesce(run: _Run) -> None:
    """Have nothing of a run's answer go on in its sandbox, which may be kept for a while."""
    future = run.loaded
    if future is not None and future.done() and future.exception() is None:
        future.result().quiesce()


def _as_ours(error: BaseException) -> SandboxError:
    """Return what makes a run void, whatever went wrong on this side."""
    if isinstance(error, SandboxError):
        return error
    if isinstance(error, BitsecError):
        return SandboxError(str(error))
    return SandboxError(f"{type(error).__name__}: {one_line(str(error))}; a fault of bitsec-eval itself, report it")
