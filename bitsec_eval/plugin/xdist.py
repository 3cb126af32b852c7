"""Evaluations spread over processes by pytest-xdist: all checks of a run on one worker, so each run is done once."""

from collections.abc import Generator, Iterable, Mapping
from threading import Event, Thread
from typing import Any

import pytest

from bitsec_eval.plugin.agents import turns
from bitsec_eval.plugin.config.llm import check_models, opened_gateway
from bitsec_eval.plugin.config.settings import Settings
from bitsec_eval.plugin.evaluation import EvaluationPlugin
from bitsec_eval.plugin.progress.status import folder_of, leave, tidy
from bitsec_eval.plugin.staging.stages import TROUBLE

TELL_SECONDS = 1.0


def run_scope(node_id: str, turns: Iterable[str]) -> str:
    """Return what two checks share only if they may be of one run: the file and the agent's turn.

    The turn comes first in the brackets. Where one turn's name begins another's, the two are kept together.

    >>> run_scope("t.py::test_x[naive-1]", ["naive", "careful"])
    't.py[naive]'
    """
    file = node_id.split("::", 1)[0]
    parameters = node_id.partition("[")[2].removesuffix("]")
    fitting = [name for name in turns if parameters == name or parameters.startswith(f"{name}-")]
    return f"{file}[{min(fitting, key=len, default='')}]"


def agent_scope(node_id: str, turns: Mapping[str, str]) -> str:
    """Return what checks of one agent share; `turns` holds whose each is.

    >>> agent_scope("t.py::test_x[naive-r1-7]", {"naive-r1": "naive"})
    'naive'
    """
    turn = run_scope(node_id, turns).rpartition("[")[2].removesuffix("]")
    return turns.get(turn, "")


class Controller:
    """In xdist's own process: tells workers what was drawn, and hands out whole runs."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Give a worker the seed and the name of this evaluation."""
        node.workerinput["bitsec"] = {
            name: getattr(self._settings, name) for name in ("seed", "evaluation", "started")
        }

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """Return a scheduler whose unit is a run, or an agent where agents are screened."""
        from xdist.scheduler import LoadScopeScheduling

        named = turns(self._settings.agents, self._settings.repeats)
        agents = {turn: each.name for turn, each in named.items()}
        scope = agent_scope if self._settings.staging.screen else run_scope

        class RunScheduling(LoadScopeScheduling):  # type: ignore[misc]
            def _split_scope(self, nodeid: str) -> str:
                return scope(nodeid, agents)

        return RunScheduling(config, log)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Ask every model once, before any worker does; without workers it is done where the runs begin."""
        if session.config.pluginmanager.hasplugin("dsession"):
            with opened_gateway(self._settings.llm, self._settings.seed) as gateway:
                check_models(gateway)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Remove what the workers told."""
        tidy(folder_of(self._settings.results, self._settings.evaluation))


class _RunsNothing:
    """Passes every check over."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self) -> bool:
        """Tell pytest that this check was taken care of."""
        return True


class XdistWorker:
    """In a worker: sends the plan home, for the process that writes junit."""

    def __init__(self, evaluation: EvaluationPlugin) -> None:
        self._evaluation = evaluation
        self._over = Event()
        self._is_refused = False

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Tell every second how far the runs of this worker have got."""
        if self._is_refused:
            return (yield)
        name = session.config.workerinput["workerid"]  # type: ignore[attr-defined]
        thread = Thread(target=self._tell, args=(name,), name="bitsec-tell-progress", daemon=True)
        thread.start()
        try:
            return (yield)
        except pytest.UsageError as error:
            return self._refuse(session, error)
        finally:
            self._over.set()
            thread.join(TELL_SECONDS * 4)

    def _refuse(self, session: pytest.Session, error: pytest.UsageError) -> object:
        """Have the controller tell of an error, and take all checks without doing any.

        A worker that raised would look like one that crashed, and end the controller with an INTERNALERROR.
        """
        config = session.config
        config.workeroutput[TROUBLE] = str(error)  # type: ignore[attr-defined]
        self._is_refused = True
        self._evaluation.withdraw(config.pluginmanager)
        config.pluginmanager.register(_RunsNothing())
        return config.hook.pytest_runtestloop(session=session)

    def _tell(self, name: str) -> None:
        settings = self._evaluation.settings
        while not self._over.wait(TELL_SECONDS):
            progress = self._evaluation.own_progress()
            if progress is not None:
                leave(folder_of(settings.results, settings.evaluation), name, progress.totals, progress.snapshot)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Send the plan."""
        session.config.workeroutput["bitsec_plan"] = self._evaluation.plan  # type: ignore[attr-defined]
        answers = self._evaluation.answers
        session.config.workeroutput["bitsec_lines"] = answers.lines if answers else []  # type: ignore[attr-defined]
