"""The runs of one evaluation in one process: engine, pool, gateway and schedule, opened and closed together."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from typing import Protocol

import pytest

from bitsec_eval.core.agents.behaviour import print_of
from bitsec_eval.core.answers.answer import Answer
from bitsec_eval.core.errors import AnswerFault, SandboxError, SettingsError
from bitsec_eval.core.matching.comparison_sheet import ComparisonSheet
from bitsec_eval.core.reports.report import Report, parse_report
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.plugin.cache.answers import AnswerStore
from bitsec_eval.plugin.collection.tasks import CollectedTask
from bitsec_eval.plugin.config.llm import check_models, opened_gateway
from bitsec_eval.plugin.config.reuse import opened_store
from bitsec_eval.plugin.config.settings import Settings
from bitsec_eval.plugin.running.task_images import opened_image, tasks_by_image
from bitsec_eval.sandbox.api import Session
from bitsec_eval.sandbox.engines import Engine, description_of, refused_of
from bitsec_eval.sandbox.execution.solution_sandboxes import LoadedSolution
from bitsec_eval.sandbox.machine_turn import MachineTurn
from bitsec_eval.sandbox.pool import SessionPool, session_pool
from bitsec_eval.schedule.runs import RunKey, RunResult, RunSpec
from bitsec_eval.schedule.schedule import Schedule
from bitsec_eval.schedule.snapshot import Snapshot
from bitsec_eval.support.open_files import many_open_files


class RunsAnswers(Protocol):
    """What runs code of answers: serves an agent while it is at it, and runs the pocs of its findings."""

    def served(self, work: RunSpec) -> RunSpec:
        """Return a run with what its agent may ask for meanwhile."""

    def sheet(self, key: RunKey) -> ComparisonSheet | None:
        """Return what came of running a run's answer, for the validator; None where it is not run or was not."""

    def proven(self, key: RunKey, report: Report) -> Report:
        """Return a run's report on the workspace with the results of its pocs.

        Raises:
            TaskError, SandboxError: nobody can say; it is not the agent's doing.
        """


class Runs:
    """Does runs ahead of the checks that wait for them; everything but `snapshot` needs `opened` to be entered."""

    def __init__(self, settings: Settings, tasks: Mapping[str, CollectedTask], proof: RunsAnswers) -> None:
        self._settings = settings
        self._tasks = tasks
        self._proof = proof
        self._agents = {agent.name: agent for agent in settings.agents}
        self._wanted: set[RunKey] = set()
        self._expected: set[RunKey] = set()  # those whose sandboxes are started ahead
        self._checking: set[tuple[str, str, Limits]] = set()  # for which a sandbox was started ahead
        self._open_schedule: Schedule | None = None
        self._pools: dict[str, SessionPool] = {}  # by the image that tasks ask for, "" the evaluation's
        self._content: Future[str] = Future()
        self.image = ""
        self.engine = ""
        self.refused: tuple[str, ...] = ()  # why machines serve nobody
        self.store: AnswerStore | None = None

    @contextmanager
    def opened(self, keys: Collection[RunKey], *, check_llm: bool, first: Collection[RunKey] = ()) -> Iterator[None]:
        """Open the engine and everything that stands on it, for these runs; leave nothing behind.

        With `check_llm` every model is asked once: xdist's controller has done that for its workers. Meanwhile the
        sandboxes of the runs that will be wanted `first` are started.

        Raises:
            pytest.UsageError: the operator has to mend something first; nothing has run.
        """
        with ExitStack() as stack:
            stack.enter_context(many_open_files())
            sandbox = self._sandbox(stack)
            self.image = sandbox.image
            self.engine = description_of(sandbox)
            self._pools[""] = stack.enter_context(session_pool(sandbox, self._settings.jobs))
            engines = [sandbox, *self._task_engines(stack, {key.task for key in keys})]
            self.refused = tuple(why for engine in engines for why in refused_of(engine).values())
            several = isinstance(sandbox, SessionPool)
            jobs = sandbox.processors if several and not self._settings.jobs_given else self._settings.jobs
            gateway = stack.enter_context(opened_gateway(self._settings.llm, self._settings.seed))
            gateway.backend.plan(Counter(key.agent for key in keys))
            for key in first:
                self._expect(key)
            if check_llm:
                check_models(gateway)
            reader = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="bitsec-image"))
            self._content = reader.submit(_content_of, sandbox)  # read while the first sandboxes start
            self.store = opened_store(self._settings, self._content.result)
            schedule = Schedule(
                self._pools[""],
                jobs,
                gateway,
                cache=self.store,
                order=self._settings.order,
                machine=MachineTurn(group=self._settings.turn_group),
                spool=self._settings.results,
                images=self._pools,
            )
            self._open_schedule = schedule
            stack.callback(schedule.stop)
            stack.callback(gateway.stop)
            for engine in engines:
                stack.callback(engine.stop)  # first: it releases the runs that stopping the schedule waits for
            yield

    def _task_engines(self, stack: ExitStack, tasks: Collection[str]) -> Iterator[Engine]:
        """Open, with a pool, each image that one of the tasks asks for."""
        settings = self._settings
        for image, names in tasks_by_image(self._tasks[name] for name in tasks).items():
            engine = stack.enter_context(opened_image(settings.engine, settings.engine_request, image, names))
            self._pools[image] = stack.enter_context(session_pool(engine, settings.jobs))
            yield engine

    def _sandbox(self, stack: ExitStack) -> Engine:
        try:
            return stack.enter_context(self._settings.engine.open(self._settings.engine_request))
        except (SandboxError, SettingsError) as error:
            raise pytest.UsageError(str(error)) from error

    @property
    def _schedule(self) -> Schedule:
        assert self._open_schedule is not None  # noqa: S101 - checks run while this is open
        return self._open_schedule

    def snapshot(self) -> Snapshot | None:
        """Return how far the runs of this process have got, or None before the first begins."""
        return None if self._open_schedule is None else self._open_schedule.snapshot()

    def want(self, key: RunKey) -> None:
        """Have a run done; a run that is wanted already stays where it is in the queue."""
        if key not in self._wanted:
            self._wanted.add(key)
            self._expect(key)
            work = self._tasks[key.task].work(key, self._agents[key.agent], self._settings.seed)
            self._schedule.want(self._proof.served(work))

    def check_engine(self) -> None:
        """Have the engine start one of the sandboxes that are wanted, before anybody waits for one.

        Raises:
            pytest.UsageError: it cannot; these are its words.
        """
        try:
            for pool in self._pools.values():
                pool.prime()
            self._content.result()
        except SandboxError as error:
            raise pytest.UsageError(f"no sandbox can be opened: {error}") from error

    def _expect(self, key: RunKey) -> None:
        """Have sandboxes started ahead, once: a run's own, and the one in which its agent's answers are checked."""
        if key in self._expected:
            return
        self._expected.add(key)
        task = self._tasks[key.task]
        image, limits, sandboxes = task.task.image, task.task.limits, task.sandboxes
        checking = (key.agent, image, limits)
        if task.loads_solution and checking not in self._checking:
            self._checking.add(checking)
            sandboxes += 1
        self._pools[image].expect(limits, sandboxes)

    def done(self, key: RunKey) -> RunResult:
        """Wait for a run and return what came of it."""
        return self._schedule.done(key)

    def answers(self, key: RunKey) -> tuple[Answer, ...]:
        """Return the answers of a run, on the workspace and on the twin.

        Raises:
            AnswerFault: one of them ended by the agent's fault.
            SandboxError: the run is void; `InferenceError` where that is the LLM's doing.
        """
        done = self.done(key)
        if done.failure is not None:
            raise done.failure
        faulty = next((answer for answer in done.answers if answer.fault), None)
        if faulty is not None:
            raise AnswerFault(faulty.fault, faulty.public_fault)
        return done.answers

    def report(self, key: RunKey, index: int) -> Report:
        """Return what a run reports on the workspace (0) or on the twin (1), under the names the task knows."""
        answer = self.answers(key)[index]
        return self._tasks[key.task].renaming(self._settings.seed).report(parse_report(answer.printed))

    def proven_report(self, key: RunKey, index: int) -> Report:
        """Return the same with the results of the pocs that findings on the workspace bring; see `RunsAnswers`."""
        report = self.report(key, index)
        return report if index else self._proof.proven(key, report)

    def sheet(self, key: RunKey) -> ComparisonSheet | None:
        """Return what came of running an answer; see `RunsAnswers`."""
        return self._proof.sheet(key)

    def print(self, key: RunKey) -> str:
        """Return what is kept of a run's answer to compare it with others', "" where there is none.

        Of a report it is its findings under the names the task knows, which are others in each evaluation.
        """
        answers = self.done(key).answers
        if not answers or answers[0].fault:
            return ""
        task = self._tasks[key.task]
        text = answers[0].printed
        if task.task.rename:
            with suppress(AnswerFault):
                text = repr([finding.texts for finding in self.report(key, 0).findings])
        text = task.kind.own_text(text, lambda: task.shown_files(self._settings.seed))
        return print_of(text, code=task.kind.loads_solution)

    def task(self, key: RunKey) -> CollectedTask:
        """Return the task of a run."""
        return self._tasks[key.task]

    def loaded(self, key: RunKey) -> LoadedSolution:
        """Return a run's answer loaded in a sandbox; see `Schedule.loaded`."""
        return self._schedule.loaded(key)

    def reload(self, key: RunKey) -> LoadedSolution:
        """Return a run's answer loaded in a sandbox that nothing has been in; see `Schedule.reload`."""
        return self._schedule.reload(key)

    def open_sandbox(self, key: RunKey, limits: Limits) -> AbstractContextManager[Session]:
        """Return a fresh sandbox, of its task's image, for a check of a run; see `Sandbox.open`."""
        return self._pools[self._tasks[key.task].task.image].open(limits)

    def attempt(self, action: Callable[[], None]) -> None:
        """Try, and try again, what may fail through our fault; see `Attempts.run`."""
        self._schedule.attempt(action)

    def release(self, key: RunKey) -> None:
        """Say that no check needs this run for now."""
        self._schedule.release(key)

    def forget(self, key: RunKey) -> None:
        """Say that no check will need this run again."""
        self._schedule.forget(key)


def _content_of(sandbox: Engine) -> str:
    """Return the digest of what sandboxes hold: an engine names an image by it, a folder says nothing of it."""
    return sandbox.image if sandbox.image.startswith("sha256:") else f"sha256:{sandbox.image_content()}"
