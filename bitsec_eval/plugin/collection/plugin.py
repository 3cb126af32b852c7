"""Collection: task files become tasks, and each of their checks one pytest item for every agent."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from bitsec_eval.core.errors import TaskError
from bitsec_eval.core.matching.task_expectation import TakesMatcher, expected_in
from bitsec_eval.core.task import Task
from bitsec_eval.plugin.collection.agents import turns
from bitsec_eval.plugin.collection.tasks import AGENT_FIXTURE, CHECK, CollectedTask, task_id, task_of
from bitsec_eval.plugin.config.settings import Settings

BACKSTOP_SECONDS = 300
"""How much longer than everything the sandbox allows pytest-timeout waits: it guards against us, not the agent."""


class TaskCollection:
    """Collects the checks of an evaluation; `tasks` are all tasks by id, also those of which nothing is selected."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.tasks: dict[str, CollectedTask] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Never let pytest import an agent, whatever it is called."""
        return True if collection_path.resolve().is_relative_to(self._settings.agents_path) else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make one item of every agent of each check."""
        task = task_of(metafunc.module)
        if task is None:
            return
        self._refuse_wrong(metafunc, task)
        named = turns(self._settings.agents, self._settings.repeats)
        metafunc.parametrize(AGENT_FIXTURE, named.values(), ids=named.keys(), indirect=True, scope="module")

    def _refuse_wrong(self, metafunc: pytest.Metafunc, task: Task) -> None:
        kinds = self._settings.kinds
        used = kinds.used(metafunc.fixturenames)
        if not used:
            name = metafunc.function.__name__
            raise TaskError(
                f"{name} uses none of {', '.join(kinds.fixtures)}; a check must look at what the agent did"
            )
        for kind in used:
            kind.check_task(task, metafunc.fixturenames)

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
            known = self.tasks[identity] = self._fresh(identity, module, task)
        if known.path != module.path:
            raise TaskError(f"{module.path} and {known.path} are both task {identity}; rename one of the files")
        return known

    def _fresh(self, identity: str, module: pytest.Module, task: Task) -> CollectedTask:
        expected = expected_in(module.obj)
        if isinstance(expected, TakesMatcher):
            expected.take_matcher(self._settings.matcher)
        fresh = CollectedTask(identity, task, module.path, self._settings.kinds, expected=expected)
        fresh.renaming(self._settings.seed)  # reads the workspaces: what is wrong with one is found here
        return fresh

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Put a backstop behind every check that has no time limit of its own."""
        for item in items:
            check = item.stash.get(CHECK, None)
            if check is not None and item.get_closest_marker("timeout") is None:
                limits = self.tasks[check.key.task].task.limits
                seconds = limits.wall_seconds + limits.call_seconds + BACKSTOP_SECONDS
                item.add_marker(pytest.mark.timeout(seconds))
