"""Runs in parallel, in collection order, ahead of the checks that wait for them.

Worker threads take the first of: a session to close, a run somebody waits for, a solution to load for checks that
are next, and the next run that has not started. Nothing runs further ahead of the checks than `lead` runs, so neither
answers nor loaded sandboxes pile up. An agent that waits for an LLM does not count against `jobs`, which is about
processors; how many may wait at once is `llm_jobs`.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from functools import partial
from threading import Condition, Event, RLock, Thread
from time import monotonic

from bitsec_eval.core.answer import Answer, Ending
from bitsec_eval.core.errors import BitsecError, InferenceError, KilledError, SandboxError
from bitsec_eval.core.task import Limits
from bitsec_eval.core.text import one_line
from bitsec_eval.inference.gateway import Gateway, SessionKey
from bitsec_eval.sandbox.api import Sandbox
from bitsec_eval.sandbox.execution.agent_run import AgentOrder, run_agent
from bitsec_eval.sandbox.execution.solution_sandboxes import LoadedSolution, SolutionSandboxes
from bitsec_eval.schedule.answer_cache import AnswerCache, NoCache
from bitsec_eval.schedule.attempts import Attempts
from bitsec_eval.schedule.runs import RunKey, RunResult, RunSpec
from bitsec_eval.schedule.snapshot import Pace, Running, Snapshot
from bitsec_eval.schedule.waiting import WatchedTransport

JOIN_SECONDS = 20
MOST_KILLS = 3
"""So often a sandbox may be killed from outside before that is held to be the doing of what is in it."""


class _Run:
    """Where one run stands."""

    def __init__(self, work: RunSpec) -> None:
        self.work = work
        self.queued = monotonic()
        self.began: float | None = None
        self.agent_began: float | None = None
        self.started = False
        self.done: Future[RunResult] = Future()
        self.loaded: Future[LoadedSolution] | None = None
        self.released = False

    @property
    def wants_calls(self) -> bool:
        """Whether a solution waits to be loaded: there is an answer, and nobody has begun."""
        if self.released or not self.work.calls or self.loaded is not None or not self.done.done():
            return False
        done = self.done.result()
        return done.failure is None and not done.answers[0].fault


class Schedule:
    """Does every wanted run once; `done` and `calls` wait for what they need and no longer."""

    def __init__(
        self,
        sandbox: Sandbox,
        jobs: int,
        gateway: Gateway | None = None,
        llm_jobs: int = 0,
        cache: AnswerCache | None = None,
    ) -> None:
        self._sandbox = sandbox
        self._gateway = gateway
        self._cache: AnswerCache = cache or NoCache()
        self._tally: Counter[str] = Counter()
        self._paces: dict[str, Pace] = {}
        self._began: float | None = None
        self._jobs = jobs
        self._llm_jobs = llm_jobs if gateway else 0
        self._running = self._waiting = 0  # runs that have begun, and how many of their agents wait for an LLM
        self._lead = 8 * jobs + 64
        self._runs: dict[RunKey, _Run] = {}
        self._open: list[_Run] = []  # wanted and not released, in order
        self._urgent: _Run | None = None
        self._closing: list[LoadedSolution] = []
        self._checking = SolutionSandboxes(sandbox)
        self._changed = Condition(RLock())
        self._stopped = Event()
        self._attempts = Attempts(self._stopped, works=self._sandbox_opens)
        self._threads: list[Thread] = []

    def want(self, work: RunSpec) -> None:
        """Queue a run; a run that is queued already stays where it is."""
        with self._changed:
            if work.key not in self._runs:
                self._runs[work.key] = run = _Run(work)
                self._open.append(run)
                self._changed.notify()
            if len(self._threads) < self._jobs + self._llm_jobs:
                self._threads.append(Thread(target=self._serve, name="bitsec-run", daemon=True))
                self._threads[-1].start()

    def done(self, key: RunKey) -> RunResult:
        """Wait for a run and return what came of it."""
        run = self._runs[key]
        if not run.done.done():
            self._urge(run)
        return run.done.result()

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
            self._close_loaded(run)
            run.loaded = future
        self._load(run, future, fresh=True)
        return future.result()

    def attempt(self, action: Callable[[], None]) -> None:
        """Do something of the caller's that our faults may spoil, as often as runs are tried; see `Attempts.run`."""
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
                run.done.set_result(RunResult(failure=SandboxError("the evaluation was stopped before this run")))

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
        return self._next_run()

    def _ahead(self) -> Iterator[_Run]:
        """Yield the runs whose checks are next: as many as may hold a loaded sandbox at once."""
        yield from self._open[: self._jobs + 1]

    def _next_run(self) -> Callable[[], None] | None:
        if self._running - min(self._waiting, self._llm_jobs) >= self._jobs:
            return None
        ahead = ([self._urgent] if self._urgent else []) + self._open[: self._lead]
        for run in ahead:
            if not run.started:
                run.started = True
                self._running += 1
                return partial(self._do, run)
        return None

    def _urge(self, run: _Run) -> None:
        with self._changed:
            self._urgent = run
            self._changed.notify()

    def _do(self, run: _Run) -> None:
        try:
            run.began = monotonic()
            self._began = self._began or run.began
            done = self._remembered(run.work)
            waited, took = run.began - run.queued, monotonic() - run.began
            run.done.set_result(replace(done, waited_seconds=waited, took_seconds=took))
        except BaseException as error:  # noqa: BLE001 - whoever waits must hear of a fault of ours in any case
            run.done.set_result(RunResult(failure=_as_ours(error)))
        finally:
            with self._changed:
                self._running -= 1
                self._count(run)
            self._end_run(run)

    def _end_run(self, run: _Run) -> None:
        """Free what a run has left of the LLM's budget; a ledger that fails is told of by the next call."""
        if self._gateway is not None:
            with suppress(InferenceError):
                self._gateway.backend.end_run(run.work.key.agent)

    def _count(self, run: _Run) -> None:
        done = run.done.result()
        self._tally += Counter(void=done.failure is not None, reused=bool(done.reused))
        timed = run.began is not None and not done.reused
        pace = Pace(done=1, timed=int(timed), seconds=monotonic() - (run.began or 0.0) if timed else 0.0)
        self._paces[run.work.key.task] = self._paces.get(run.work.key.task, Pace()) + pace

    def snapshot(self) -> Snapshot:
        """Return how far the runs have got."""
        now = monotonic()
        with self._changed:
            on = [run for run in self._runs.values() if run.began is not None and not run.done.done()]
            running = [_running(run, now) for run in sorted(on, key=lambda run: run.began or now)]
            void, reused = self._tally["void"], self._tally["reused"]
            elapsed = now - (self._began or now)
            paces = dict(self._paces)
            return Snapshot(running=tuple(running), tasks=paces, void=void, reused=reused, elapsed_seconds=elapsed)

    def _remembered(self, work: RunSpec) -> RunResult:
        known = self._cache.recall(work)
        if known is None:
            known = self._attempted(work)
            self._cache.keep(work, known)
        return known

    def _waits(self, step: int) -> None:
        """Take note that an agent has begun (+1) or ceased (-1) to wait for an LLM."""
        with self._changed:
            self._waiting += step
            self._changed.notify()

    def _attempted(self, work: RunSpec) -> RunResult:
        answers = []
        attempts = 0
        try:
            for part, order in enumerate(work.orders()):
                answer, tries = self._attempts.run(
                    partial(self._answer_or_crash, work, order, part, []), work.key.agent
                )
                answers.append(answer)
                attempts = max(attempts, tries)
                if answer.fault:  # nothing of this run can be checked any more
                    break
        except (SandboxError, InferenceError) as error:
            return RunResult(failure=error, attempts=error.attempts)
        return RunResult(answers=tuple(answers), attempts=attempts)

    def _answer_or_crash(self, work: RunSpec, order: AgentOrder, part: int, kills: list[KilledError]) -> Answer:
        """Return the answer, or a crash once every attempt was killed; `kills` is the same list for all of them."""
        try:
            return self._answer(work, order, part)
        except KilledError as killed:
            kills.append(killed)
            if len(kills) < MOST_KILLS:
                raise
            return Answer(ending=Ending.CRASHED, status=f"killed {len(kills)} times")

    def _answer(self, work: RunSpec, order: AgentOrder, part: int) -> Answer:
        name = SessionKey(agent=work.key.agent, task=work.key.task, part=part, repeat=work.key.repeat)
        with self._sandbox.open(work.limits) as session:
            self._runs[work.key].agent_began = monotonic()
            line = self._gateway.session(name, work.llm) if self._gateway else None
            answer = run_agent(session, order, work.limits, WatchedTransport(line, self._waits) if line else None)
        if line is None:
            return answer
        return replace(answer, usage=line.settled())  # what is still under way may yet make the run void

    def _sandbox_opens(self) -> bool:
        """Whether a sandbox can be had in which nobody's code runs."""
        try:
            with self._sandbox.open(Limits()):
                return True
        except SandboxError:
            return False

    def _load(self, run: _Run, future: Future[LoadedSolution], *, fresh: bool = False) -> None:
        work, answer = run.work, run.done.result().answers[0].stdout
        load = partial(self._checking.load, work.key.agent, answer, work.limits, fresh=fresh)
        try:
            future.set_result(self._attempts.run(load, work.key.agent)[0])
        except BaseException as error:  # noqa: BLE001 - as in _do
            future.set_exception(_as_ours(error))


def _running(run: _Run, now: float) -> Running:
    seconds = now - (run.agent_began or now)
    return Running(key=run.work.key, seconds=seconds, limit_seconds=run.work.limits.wall_seconds)


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
