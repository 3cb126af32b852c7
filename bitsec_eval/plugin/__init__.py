"""The pytest plugin: `pytest --bitsec-agents=agents/` evaluates agents, and does nothing without that option."""

import pytest

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.tasks.task import Task
from bitsec_eval.plugin import newhooks
from bitsec_eval.plugin.config.options import add_options, options_of


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the hooks of engines, matchers, answer kinds and artifacts."""
    pluginmanager.add_hookspecs(newhooks)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of an evaluation."""
    add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register the evaluation; without --bitsec-agents we are installed in other people's environments too."""
    config.addinivalue_line("markers", "weight(n): how much a check of a bitsec-eval task counts (default: 1)")
    if not options_of(config).said("agents"):
        return
    from bitsec_eval.plugin.registration import register

    try:
        register(config)
    except SettingsError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Say which option is missing when tasks are collected without one."""
    if options_of(config).said("agents"):
        return
    for item in items:
        module = item.getparent(pytest.Module)
        if module is not None and isinstance(getattr(module.obj, "TASK", None), Task):
            raise pytest.UsageError(f"{module.nodeid} is a task for agents; give them with --bitsec-agents=agents/")
