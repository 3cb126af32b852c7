"""The pytest plugin: `pytest --bitsec-agents=agents/` evaluates agents, and does nothing without that option."""

from collections.abc import Generator

import pytest

from bitsec_eval.core.errors import SettingsError, TaskError
from bitsec_eval.core.task import Task
from bitsec_eval.plugin.config.options import add_options

WRONG_TASK = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of an evaluation."""
    add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register the evaluation; without --bitsec-agents we are installed in other people's environments too."""
    config.addinivalue_line("markers", "weight(n): how much a check of a bitsec-eval task counts (default: 1)")
    if config.getoption("--bitsec-agents") is None:
        return
    from bitsec_eval.plugin.registration import register

    try:
        register(config)
    except SettingsError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Say which option is missing when tasks are collected without one."""
    if config.getoption("--bitsec-agents") is not None:
        return
    for item in items:
        module = item.getparent(pytest.Module)
        if module is not None and isinstance(getattr(module.obj, "TASK", None), Task):
            raise pytest.UsageError(f"{module.nodeid} is a task for agents; give them with --bitsec-agents=agents/")


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Remember that a task is written wrongly: that is a usage error, not a failing test."""
    report = yield
    raised = report.call.excinfo if report.failed and report.call is not None else None
    if raised is not None and isinstance(raised.value, TaskError):
        collector.config.stash[WRONG_TASK] = True
    return report


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """End with pytest's usage error when a task could not be collected."""
    if session.config.stash.get(WRONG_TASK, False):
        session.exitstatus = pytest.ExitCode.USAGE_ERROR
