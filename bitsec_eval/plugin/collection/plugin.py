"""Collection: task files become tasks, and each of their checks one pytest item for every agent."""

import sys
from collections.abc import Callable, Collection, Generator, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bitsec_eval.core.errors import TaskError
from bitsec_eval.core.matching.task_expectation import TakesMatcher, expected_in
from bitsec_eval.core.tasks.task import Task
from bitsec_eval.plugin.agents import turns
from bitsec_eval.plugin.collection.refused import RefusedTaskError, RefusedTasks, has_task
from bitsec_eval.plugin.collection.repeated_names import refuse_repeated_names
from bitsec_eval.plugin.collection.task_rules import (
    line_of,
    refuse_other_names,
    refuse_uncounted,
    refuse_without_task,
    refuse_wrong_check,
)
from bitsec_eval.plugin.collection.tasks import AGENT_FIXTURE, CHECK, CollectedTask, task_id, task_of
from bitsec_eval.plugin.config.settings import Settings

BACKSTOP_SECONDS = 300
"""How much longer than everything the sandbox allows pytest-timeout waits: it guards against us, not the agent."""


class TaskCollection:
    """Collects the checks of an evaluation; `tasks` are all tasks by id, also those of which nothing is selected."""

    def __init__(self, settings: Settings, refused: RefusedTasks) -> None:
        self._settings = settings
        self._refused = refused
        self._ignored: set[Path] = set()
        self.tasks: dict[str, CollectedTask] = {}

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_ignore_collect(self, collection_path: Path) -> Generator[None, bool | None, bool | None]:
        """Never let pytest import an agent, whatever it is called; note a task that is to be ignored."""
        ignored = yield
        if collection_path.resolve().is_relative_to(self._settings.agents_path):
            return True
        if ignored and collection_path.suffix == ".py" and has_task(collection_path):
            self._ignored.add(collection_path)
        return ignored

    @pytest.hookimpl(wrapper=True)
    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> Generator[None, Any, Any]:
        """Refuse a task in a file that pytest would pass over, and let files beside a task be imported by it."""
        collected = yield
        if any(isinstance(each, pytest.Module) for each in collected):
            folder = str(file_path.parent)
            if folder not in sys.path:
                sys.path.insert(0, folder)
        elif _is_asked_for(file_path, parent.config) and file_path.name != "conftest.py" and has_task(file_path):
            told = f"a task's file is called test_*.py; rename {file_path.name}"
            self._refused.refuse(file_path, parent.session, told)
        return collected

    @pytest.hookimpl(tryfirst=True)
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make one item of every agent of each check."""
        task = task_of(metafunc.module)
        if task is None:
            refuse_without_task(metafunc)
            return
        refuse_wrong_check(metafunc, task, self._settings.kinds)
        named = turns(self._settings.agents, self._settings.repeats)
        metafunc.parametrize(AGENT_FIXTURE, named.values(), ids=named.keys(), indirect=True, scope="module")

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Have a module refused that is a task without a check, under another name, or with a name twice."""
        if type(collector) is pytest.Module:
            collect = collector.collect
            collector.collect = partial(self._collect, collector, collect)  # type: ignore[method-assign]
        return (yield)

    def _collect(self, module: pytest.Module, collect: Callable[[], Iterable[Any]]) -> list[Any]:
        found = list(collect())
        task = task_of(module.obj)
        if task is None:
            refuse_other_names(module.obj)
            return found
        refuse_repeated_names(module.path)
        if task_id(module.path, module.config.rootpath) not in self.tasks:
            known = ", ".join(self._settings.kinds.fixtures)
            raise TaskError(f"TASK has no check; write functions test_* that use one of {known}")
        return found

    @pytest.hookimpl(wrapper=True)
    def pytest_pycollect_makeitem(self, collector: pytest.Collector) -> Generator[None, Any, Any]:
        """Count every check a task declares, also those that are not selected."""
        found = yield
        module = collector.getparent(pytest.Module)
        task = task_of(module.obj) if module is not None else None
        if task is None or module is None:
            return found
        if isinstance(found, pytest.Class):
            refuse_uncounted(found, list(found.collect()))  # a selection by node id might never look inside
        elif isinstance(found, list):
            functions = [each for each in found if isinstance(each, pytest.Function)]
            if functions:
                self._declare(module, task, functions)
        return found

    def _declare(self, module: pytest.Module, task: Task, functions: list[pytest.Function]) -> None:
        collected = self._collected(module, task)
        try:
            collected.declare(functions)
        except TaskError as error:
            raise RefusedTaskError(str(error), line_of(functions[0].function)) from None

    def left_out(self, selected: Collection[str], root: Path) -> list[str]:
        """Return the tasks that are there and not among the `selected`: deselected, ignored or refused."""
        known = {*self.tasks, *(task_id(path, root) for path in (*self._ignored, *self._refused.paths))}
        return sorted(known - set(selected))

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
        settings = self._settings
        fresh = CollectedTask(
            identity,
            task,
            module.path,
            settings.kinds,
            expected=expected,
            protocol=settings.protocol,
            includes_solution=settings.includes_solutions,
        )
        fresh.renaming(self._settings.seed)  # reads the workspaces: what is wrong with one is found here
        fresh.drawn_projects(self._settings.seed)
        return fresh

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Put a backstop behind every check that has no time limit of its own."""
        for item in items:
            check = item.stash.get(CHECK, None)
            if check is not None and item.get_closest_marker("timeout") is None:
                limits = self.tasks[check.key.task].task.limits
                seconds = limits.wall_seconds + limits.call_seconds + BACKSTOP_SECONDS
                item.add_marker(pytest.mark.timeout(seconds))


def _is_asked_for(file_path: Path, config: pytest.Config) -> bool:
    """Whether a Python file lies in what pytest was given: on its way there pytest looks into every folder above."""
    given = (config.invocation_params.dir / argument.partition("::")[0] for argument in config.args)
    return file_path.suffix == ".py" and any(file_path.is_relative_to(path.resolve()) for path in given)
