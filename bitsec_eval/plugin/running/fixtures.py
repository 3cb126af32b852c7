"""The fixtures of checks; each asks for bitsec_agent, whose parameter makes one item of every agent."""

import inspect
from collections.abc import Generator
from functools import partial
from traceback import walk_tb

import pytest
from _pytest.outcomes import OutcomeException

from bitsec_eval.core.reports.report import Report
from bitsec_eval.plugin.agents import Agent
from bitsec_eval.plugin.collection.tasks import CHECK
from bitsec_eval.plugin.running.checked_run import USED, CheckedRun
from bitsec_eval.plugin.running.runs import Runs
from bitsec_eval.sandbox.execution.solution import RemoteSolution
from bitsec_eval.sandbox.execution.solution_rpc import SolutionRpc
from bitsec_eval.schedule.runs import RunKey


class Fixtures:
    """What checks use, and how a check ends whose solution or sandbox was at fault."""

    def __init__(self, runs: Runs, seed: int) -> None:
        self._runs = runs
        self._seed = seed

    @pytest.fixture(scope="module")
    @classmethod
    def bitsec_agent(cls, request: pytest.FixtureRequest) -> Agent:
        """The agent a check is about; checks use `answer`, `solution` or `report` instead."""
        agent: Agent = request.param.agent
        return agent

    @pytest.fixture
    def bitsec_run(self, request: pytest.FixtureRequest, bitsec_agent: Agent) -> CheckedRun:
        """The run a check is about, for fixtures of further kinds of answers."""
        return CheckedRun(request.node, self._runs, self._seed)

    @pytest.fixture
    def answer(self, bitsec_run: CheckedRun) -> str:
        """What the agent printed on stdout, as text."""
        return bitsec_run.answers[0].text

    @pytest.fixture
    def solution(self, request: pytest.FixtureRequest, bitsec_run: CheckedRun) -> RemoteSolution:
        """The agent's code answer, loaded in a sandbox of its own: call its functions."""
        assert bitsec_run.answers  # noqa: S101 - raises what keeps an answer from being loaded
        calls = self._begun(request.node, bitsec_run.key)
        if calls.fault is not None:
            raise calls.fault
        return RemoteSolution(calls)

    def _begun(self, item: pytest.Item, key: RunKey) -> SolutionRpc:
        """Return calls on an answer that was loaded afresh, in a new sandbox if the one it is in took harm."""
        loaded = self._runs.loaded(key)
        if loaded.calls.usable:
            item.stash[USED] = loaded.calls
        if not loaded.begin_check():
            loaded = self._runs.reload(key)
            item.stash[USED] = loaded.calls
            loaded.begin_check()
        return loaded.calls

    @pytest.fixture
    def report(self, bitsec_run: CheckedRun) -> Report:
        """The findings the agent reported on the workspace, under the names the task knows."""
        return bitsec_run.report(0)

    @pytest.fixture
    def twin_report(self, bitsec_run: CheckedRun) -> Report:
        """The findings the agent reported on the twin, under the names the task knows."""
        return bitsec_run.report(1)

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, object, object]:
        """Let a check end by its solution's fault or its sandbox's, whatever the check made of that."""
        try:
            result = yield
        except (Exception, OutcomeException) as raised:
            fault = _fault(pyfuncitem)
            if fault in (None, raised):
                raise
            raise fault from raised
        fault = _fault(pyfuncitem)
        if fault is not None:
            raise fault
        return result


class AsyncChecks:
    """Runs checks that are coroutines, with anyio on asyncio, where no other plugin does."""

    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        """Await a check."""
        if CHECK not in pyfuncitem.stash or not inspect.iscoroutinefunction(pyfuncitem.obj):
            return None
        import anyio

        names = pyfuncitem._fixtureinfo.argnames
        anyio.run(partial(pyfuncitem.obj, **{name: pyfuncitem.funcargs[name] for name in names}))
        return True


def _fault(item: pytest.Function) -> Exception | None:
    """Return what settles how a check ends: a fault, or a name that the task's own file used in vain."""
    used = item.stash.get(USED, None)
    if used is None or item.stash.get(CHECK, None) is None:
        return None
    if used.fault is not None or not isinstance(used, SolutionRpc):
        return used.fault
    return next((each for each in used.lacking if _went_through(each, str(item.path))), None)


def _went_through(error: BaseException, path: str) -> bool:
    """Whether an exception left an expression of a file: what `hasattr` asks in vain never does."""
    return any(frame.f_code.co_filename == path for frame, _ in walk_tb(error.__traceback__))
