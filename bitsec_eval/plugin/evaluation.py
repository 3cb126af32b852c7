"""The evaluation as a pytest plugin: collects checks, waits for runs, hands out answers, settles blame.

Registered only when --bitsec-agents is given, so that other people's pytest runs never meet it.
"""

from collections import Counter
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from _pytest.outcomes import OutcomeException

from bitsec_eval.core.answer import Answer
from bitsec_eval.core.errors import AnswerFault, SandboxError, SettingsError, TaskError
from bitsec_eval.core.matching.task_expectation import expected_in
from bitsec_eval.core.report import Report, parse_report
from bitsec_eval.core.task import Limits, Task
from bitsec_eval.core.text import one_line
from bitsec_eval.plugin.cache.answers import AnswerStore
from bitsec_eval.plugin.collection.agents import Agent, turns
from bitsec_eval.plugin.collection.tasks import AGENT_FIXTURE, CHECK, FIXTURES, Check, CollectedTask, task_id, task_of
from bitsec_eval.plugin.config.llm import opened_gateway
from bitsec_eval.plugin.config.reuse_options import opened_store
from bitsec_eval.plugin.config.settings import Settings
from bitsec_eval.plugin.progress.status import Standing, folder_of, gathered
from bitsec_eval.plugin.reporting.blame import neutralise, public_reason, settle
from bitsec_eval.plugin.reporting.findings import reported_in, write_sheet
from bitsec_eval.plugin.reporting.junit_properties import check_properties, plan_of
from bitsec_eval.plugin.reporting.run_details import trace_of
from bitsec_eval.render.artifacts import write_run
from bitsec_eval.sandbox.engines import Engine, engine_of
from bitsec_eval.sandbox.execution.solution import Solution
from bitsec_eval.sandbox.execution.solution_rpc import SolutionRpc
from bitsec_eval.sandbox.pool import Pool, pooled
from bitsec_eval.sandbox.preflight import refuse
from bitsec_eval.schedule.runs import RunKey, RunResult, RunSpec
from bitsec_eval.schedule.schedule import Schedule
from bitsec_eval.schedule.snapshot import Snapshot

BACKSTOP_SECONDS = 300
"""How much longer than everything the sandbox allows pytest-timeout waits: it guards against us, not the agent."""

CALLS = pytest.StashKey[SolutionRpc]()
REASON = pytest.StashKey[str]()


class Evaluation:
    """One evaluation in one pytest process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.tasks: dict[str, CollectedTask] = {}
        self.image = ""
        self.plan: dict[str, Any] | None = None
        self.answers: AnswerStore | None = None
        self._agents = {agent.name: agent for agent in settings.agents}
        self._left: Counter[RunKey] = Counter()
        self._kept: set[RunKey] = set()
        self._wanted: set[RunKey] = set()
        self._told_by: dict[RunKey, str] = {}  # the item whose check tells of a run
        self._checked: set[tuple[str, Limits]] = set()
        self._schedule: Schedule | None = None
        self._open = ExitStack()
        self._pool: Pool

    # -- collection

    @pytest.hookimpl(tryfirst=True)
    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Never let pytest import an agent, whatever it is called."""
        return True if collection_path.resolve().is_relative_to(self.settings.agents_path) else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make one item of every agent of each check."""
        task = task_of(metafunc.module)
        if task is None:
            return
        if not set(FIXTURES) & set(metafunc.fixturenames):
            name = metafunc.function.__name__
            raise TaskError(f"{name} uses none of {', '.join(FIXTURES)}; a check must look at what the agent did")
        if "twin_report" in metafunc.fixturenames and task.twin is None:
            raise TaskError("a check uses twin_report, but TASK has no twin; give twin= a folder")
        named = turns(self.settings.agents, self.settings.repeats)
        metafunc.parametrize(AGENT_FIXTURE, named.values(), ids=named.keys(), indirect=True, scope="module")

    @pytest.hookimpl(wrapper=True)
    def pytest_pycollect_makeitem(self, collector: pytest.Collector) -> Generator[None, Any, Any]:
        """Count every check a task declares, also those that are not selected."""
        found = yield
        module = collector.getparent(pytest.Module)
        task = task_of(module.obj) if module is not None else None
        if task is None or module is None:
            return found
        if isinstance(found, pytest.Class):
            list(found.collect())  # a selection by node id might never look inside
        elif isinstance(found, list):
            functions = [each for each in found if isinstance(each, pytest.Function)]
            if functions:
                self._collected(module, task).declare(functions)
        return found

    def _collected(self, module: pytest.Module, task: Task) -> CollectedTask:
        identity = task_id(module.path, module.config.rootpath)
        known = self.tasks.get(identity)
        if known is None:
            known = CollectedTask(identity, task, module.path, expected=expected_in(module.obj))
            known.renaming(self.settings.seed)  # reads the workspaces: what is wrong with one is found here
            self.tasks[identity] = known
        if known.path != module.path:
            raise TaskError(f"{module.path} and {known.path} are both task {identity}; rename one of the files")
        return known

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Put a backstop behind every check that has no time limit of its own."""
        for item in items:
            check = item.stash.get(CHECK, None)
            if check is not None and item.get_closest_marker("timeout") is None:
                limits = self.tasks[check.key.task].task.limits
                seconds = limits.wall_seconds + limits.call_seconds + BACKSTOP_SECONDS
                item.add_marker(pytest.mark.timeout(seconds))

    # -- running

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Start every selected run, then let pytest go through the checks."""
        checks = [item.stash[CHECK] for item in session.items if CHECK in item.stash]
        self._left = Counter(check.key for check in checks)
        if session.config.option.collectonly or not checks:
            return (yield)
        with self._open:
            sandbox = self._sandbox()
            self.image = sandbox.image
            self.plan = plan_of(self.settings, self.tasks, {check.key for check in checks}, self.image)
            self._pool = self._open.enter_context(pooled(sandbox, self.settings.jobs))
            gateway = self._open.enter_context(opened_gateway(self.settings.llm, self.settings.seed))
            self.answers = opened_store(self.settings, self.image)
            self._schedule = Schedule(
                self._pool, self.settings.jobs, gateway, self.settings.llm.jobs, cache=self.answers
            )
            self._open.callback(self._schedule.stop)
            self._open.callback(gateway.stop)
            self._open.callback(sandbox.stop)  # first: it releases the runs that stopping the schedule waits for
            if not hasattr(session.config, "workerinput"):  # a worker of xdist is told bit by bit what is its own
                for key in self._left:
                    self._want(key)
            return (yield)

    def standing(self) -> Standing | None:
        """How far the runs have got, in this process or in xdist's workers; None before the first begins."""
        if self._schedule is not None:
            return self._standing_of(Counter(key.task for key in self._left), self._schedule.snapshot())
        return self._standing_of(*gathered(folder_of(self.settings.results, self.settings.evaluation)))

    def own_standing(self) -> Standing | None:
        """How far the runs of this process have got."""
        return self.standing() if self._schedule is not None else None

    def _standing_of(self, totals: Mapping[str, int], snapshot: Snapshot) -> Standing | None:
        settings = self.settings
        if not totals:
            return None
        return Standing(totals=totals, snapshot=snapshot, jobs=settings.jobs, expected=settings.reuse.expected)

    def _sandbox(self) -> Engine:
        engine = self.settings.engine
        try:
            opened = self._open.enter_context(engine_of(engine))
            refuse(engine, self.settings.results, self.settings.accepted)
            return opened
        except (SandboxError, SettingsError) as error:  # nothing has run yet: the operator must act first
            raise pytest.UsageError(str(error)) from error

    def _want(self, key: RunKey) -> None:
        if key not in self._wanted:
            self._wanted.add(key)
            work = self.tasks[key.task].work(key, self._agents[key.agent], self.settings.seed)
            self._expect(work, 2 if self.tasks[key.task].task.twin else 1)
            self._running.want(work)

    def _expect(self, work: RunSpec, sandboxes: int) -> None:
        """Have sandboxes started ahead: the run's own, and the one in which its agent's answers are checked."""
        checking = (work.key.agent, work.limits)
        if work.calls and checking not in self._checked:
            self._checked.add(checking)
            sandboxes += 1
        self._pool.expect(work.limits, sandboxes)

    @property
    def _running(self) -> Schedule:
        assert self._schedule is not None  # noqa: S101 - checks run inside pytest_runtestloop only
        return self._schedule

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Generator[None, object, object]:
        """Wait for the run outside pytest-timeout's clock, then check it."""
        check = item.stash.get(CHECK, None)
        if check is None:
            return (yield)
        following = nextitem.stash.get(CHECK, None) if nextitem is not None else None
        for wanted in (check, following):
            if wanted is not None:
                self._want(wanted.key)
        self._keep(check.key, self._running.done(check.key))
        result = yield
        self._left[check.key] -= 1
        if not self._left[check.key]:
            write_sheet(self.tasks[check.key.task], check.key, self.settings, partial(self._report, check.key))
            self._running.forget(check.key)
        elif following is None or following.key != check.key:
            self._running.release(check.key)
        return result

    def _keep(self, key: RunKey, done: RunResult) -> None:
        """Write down what a run's agent printed, for its author to read."""
        if key not in self._kept:
            self._kept.add(key)
            with suppress(OSError):  # a full disk is told by junit, which matters more
                task = self.tasks[key.task]
                trace = trace_of(key, task.task, done, self.settings, self.image)
                names = (key.agent, key.task, self.settings.evaluation)
                more = {**trace, **reported_in(task, done)}
                write_run(self.settings.results, *names, done.answers, key.repeat, more)

    # -- what checks use; each asks for bitsec_agent, whose parameter makes one item of every agent

    @pytest.fixture(scope="module")
    @classmethod
    def bitsec_agent(cls, request: pytest.FixtureRequest) -> Agent:
        """The agent a check is about; checks use `answer`, `solution` or `report` instead."""
        agent: Agent = request.param.agent
        return agent

    @pytest.fixture
    def answer(self, request: pytest.FixtureRequest, bitsec_agent: Agent) -> str:
        """What the agent printed on stdout, as text."""
        return self._answers(request.node.stash[CHECK].key)[0].text

    @pytest.fixture
    def solution(self, request: pytest.FixtureRequest, bitsec_agent: Agent) -> Solution:
        """The agent's code answer, loaded in a sandbox of its own: call its functions."""
        self._answers(request.node.stash[CHECK].key)
        calls = self._begun(request.node)
        if calls.fault is not None:
            raise calls.fault
        return Solution(calls)

    def _begun(self, item: pytest.Item) -> SolutionRpc:
        """Return calls on an answer that was loaded afresh, in a new sandbox if the one it is in took harm."""
        key = item.stash[CHECK].key
        loaded = self._running.loaded(key)
        if loaded.calls.usable:
            item.stash[CALLS] = loaded.calls
        if not loaded.begin_check():  # by an earlier check or answer, so this one is not to blame
            loaded = self._running.reload(key)
            item.stash[CALLS] = loaded.calls
            loaded.begin_check()
        return loaded.calls

    def attempt(self, action: Callable[[], None]) -> None:
        """Try, and try again, what may fail through our fault; see `Attempts.run`."""
        self._running.attempt(action)

    @pytest.fixture
    def report(self, request: pytest.FixtureRequest, bitsec_agent: Agent) -> Report:
        """The findings the agent reported on the workspace, under the names the task knows."""
        return self._report(request.node.stash[CHECK].key, 0)

    @pytest.fixture
    def twin_report(self, request: pytest.FixtureRequest, bitsec_agent: Agent) -> Report:
        """The findings the agent reported on the twin, under the names the task knows."""
        return self._report(request.node.stash[CHECK].key, 1)

    def _report(self, key: RunKey, index: int) -> Report:
        """Return what a run reports on the workspace (0) or on the twin (1)."""
        answer = self._answers(key)[index]
        return self.tasks[key.task].renaming(self.settings.seed).report(parse_report(answer.text))

    def _answers(self, key: RunKey) -> tuple[Answer, ...]:
        """Return the answers of a run; a fault of any is the agent's, a failure of ours is raised."""
        done = self._running.done(key)
        if done.failure is not None:
            raise done.failure
        fault = next((answer.fault for answer in done.answers if answer.fault), "")
        if fault:
            raise AnswerFault(fault)
        return done.answers

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, object, object]:
        """Let a check end by its solution's fault or its sandbox's, whatever the check made of that."""
        calls = pyfuncitem.stash.get(CALLS, None)
        try:
            result = yield
        except (Exception, OutcomeException) as raised:
            if calls is None or calls.fault in (None, raised):
                raise
            raise calls.fault from raised
        if calls is not None and calls.fault is not None:
            raise calls.fault
        return result

    # -- what becomes of checks

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Settle who is to blame, escape what is shown, and attach what a leaderboard needs."""
        check = item.stash.get(CHECK, None)
        if check is None:
            return (yield)
        if call.when == "teardown":
            item.user_properties += self._properties(item, check)
        report = yield
        settle(report, call.excinfo)
        if report.failed and call.excinfo is not None:
            item.stash[REASON] = one_line(public_reason(call.excinfo))
        neutralise(report)
        return report

    def _properties(self, item: pytest.Item, check: Check) -> list[tuple[str, str]]:
        done, task = self._running.done(check.key), self.tasks[check.key.task]
        is_told = self._told_by.setdefault(check.key, item.nodeid) != item.nodeid
        reason = item.stash.get(REASON, "")
        return check_properties(self.settings.evaluation, check, task, done, reason, run_is_told=is_told)
