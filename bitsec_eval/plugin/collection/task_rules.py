"""Rules for task files: a violation is refused here, at its line, rather than missing from a board."""

import ast
import inspect
import textwrap
from collections.abc import Collection, Iterator
from types import ModuleType

import pytest
from _pytest.unittest import UnitTestCase

from bitsec_eval.core.errors import TaskError
from bitsec_eval.core.tasks.task import Task
from bitsec_eval.plugin.collection.refused import RefusedTaskError
from bitsec_eval.plugin.collection.tasks import AGENT_FIXTURE
from bitsec_eval.plugin.extension import AnswerKinds

ASYNC_FIXTURE_PLUGINS = ("asyncio", "trio", "aiohttp")
"""Plugins that await fixtures; anyio's does so only where its `anyio_backend` is asked for."""


def line_of(defined: object) -> int:
    """Return the line on which a function or class begins, 1 where nobody knows."""
    code = getattr(inspect.unwrap(defined) if callable(defined) else defined, "__code__", None)
    if code is not None:
        return int(code.co_firstlineno)
    try:
        return inspect.getsourcelines(defined)[1]  # type: ignore[arg-type]
    except (OSError, TypeError):
        return 1


def refuse_other_names(module: ModuleType) -> None:
    """Refuse a file without TASK that has a Task under another name.

    Raises:
        RefusedTaskError: it says which name.
    """
    named = [name for name, value in vars(module).items() if isinstance(value, Task)]
    if named:
        line = _assignment(module, named[0])
        raise RefusedTaskError(f"{named[0]} = Task(...) is no task; did you mean TASK?", line)


def _assignment(module: ModuleType, name: str) -> int:
    try:
        lines, _ = inspect.getsourcelines(module)
    except (OSError, TypeError):
        return 1
    return next((at for at, line in enumerate(lines, 1) if line.replace(" ", "").startswith(f"{name}=")), 1)


def refuse_without_task(metafunc: pytest.Metafunc) -> None:
    """Refuse a check in a file without TASK.

    Raises:
        RefusedTaskError: it uses a fixture that only tasks have.
    """
    refuse_other_names(metafunc.module)
    if AGENT_FIXTURE in metafunc.fixturenames:
        name = metafunc.function.__name__
        raise RefusedTaskError(
            f"{name} is a check, but the file has no TASK; write TASK = Task(...)", _line(metafunc)
        )


def refuse_wrong_check(metafunc: pytest.Metafunc, task: Task, kinds: AnswerKinds) -> None:
    """Refuse a check that looks at no answer, asks for one that the task does not have, or that nobody would run.

    Raises:
        RefusedTaskError: it says what the check lacks.
    """
    used = kinds.used(metafunc.fixturenames)
    if not used:
        name, known = metafunc.function.__name__, ", ".join(kinds.fixtures)
        told = f"{name} uses none of {known}; a check must look at what the agent did"
        raise RefusedTaskError(told, _line(metafunc))
    for kind in used:
        try:
            kind.check_task(task, metafunc.fixturenames)
        except TaskError as error:
            raise RefusedTaskError(str(error), _line(metafunc)) from None
    _refuse_what_nobody_runs(metafunc)
    _refuse_returned_verdict(metafunc)


def _refuse_returned_verdict(metafunc: pytest.Metafunc) -> None:
    """Refuse a check that returns a comparison: nobody looks at it, so everybody would pass."""
    function = inspect.unwrap(metafunc.function)
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return
    returned = next(filter(_is_verdict, _own_statements(tree.body[0])), None)
    if returned is not None:
        told = f"{metafunc.function.__name__} returns a comparison, at which nobody looks; write assert"
        raise RefusedTaskError(told, _line(metafunc) + returned.lineno - 1)


def _own_statements(node: ast.AST) -> Iterator[ast.stmt]:
    """Yield the statements of a function, without those of functions and classes in it."""
    for each in ast.iter_child_nodes(node):
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if isinstance(each, ast.stmt):
            yield each
        yield from _own_statements(each)


def _is_verdict(statement: ast.stmt) -> bool:
    value = statement.value if isinstance(statement, ast.Return) else None
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) and value.func.id in ("all", "any", "bool", "isinstance")
    negated = isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not)
    return negated or isinstance(value, ast.Compare) or (isinstance(value, ast.Constant) and value.value is not None)


def _refuse_what_nobody_runs(metafunc: pytest.Metafunc) -> None:
    name = metafunc.function.__name__
    if inspect.isasyncgenfunction(metafunc.function):
        raise RefusedTaskError(f"{name} holds a yield, so it would not be run; write it without", _line(metafunc))
    handled = any(map(metafunc.config.pluginmanager.hasplugin, ASYNC_FIXTURE_PLUGINS))
    if handled or "anyio_backend" in metafunc.fixturenames:
        return
    for fixture, found in metafunc.definition._fixtureinfo.name2fixturedefs.items():
        if inspect.iscoroutinefunction(found[-1].func) or inspect.isasyncgenfunction(found[-1].func):
            told = f"{name} uses the fixture {fixture}, which is async and would not be run; write it without async"
            raise RefusedTaskError(told, _line(metafunc))


def _line(metafunc: pytest.Metafunc) -> int:
    return line_of(metafunc.function)


def refuse_uncounted(found: pytest.Class, collected: Collection[object]) -> None:
    """Refuse a class whose tests would run and not count, or not run at all.

    Raises:
        RefusedTaskError: it is a unittest.TestCase, or pytest collects none of its tests.
    """
    if isinstance(found, UnitTestCase):
        told = (
            f"{found.name} is a unittest.TestCase, whose tests can use no fixture; write functions test_*(solution)"
        )
        raise RefusedTaskError(told, line_of(found.obj))
    if not collected and any(name.startswith("test") for name in vars(found.obj)):
        told = f"pytest collects no test of class {found.name}; remove its __init__ or write functions"
        raise RefusedTaskError(told, line_of(found.obj))
