"""pytest's own options and plugins in an evaluation: those it needs, those it sets, those without effect."""

import pytest

from bitsec_eval.core.errors import SettingsError

NEEDED = {"junitxml": "junit.xml is the record of an evaluation", "python": "tasks are Python files"}
_CHOOSES_CHECKS = ("python_files", "python_classes", "python_functions", "collect_imported_tests", "norecursedirs")
"""Settings by which checks or tasks are not even seen, so that nothing could tell that they are missing."""
SHOWS_WHOLE_REASONS = 2
"""From this many -v on, pytest's summary may take several lines for a check."""

_WITHOUT_EFFECT = {
    "reruns": "an agent gets no second chance by it; void runs are repeated with --bitsec-rerun=void",
    "forked": "checks run no agent code in this process",
    "isolate": "checks run no agent code in this process",
    "timeout": "TASK says how long an agent and a call may take",
}


def require_plugins(manager: pytest.PytestPluginManager) -> None:
    """Refuse to go on without a plugin of pytest's that an evaluation stands on.

    Raises:
        SettingsError: it names the plugin and the option that switches it off.
    """
    for name, reason in NEEDED.items():
        if not manager.has_plugin(name):
            raise SettingsError(f"pytest's plugin {name} is switched off, and {reason}; remove -p no:{name}")


def adapt_pytest(config: pytest.Config) -> None:
    """Set what suits tasks wherever the operator left pytest's default.

    Task ids are paths, so files of equal names must not get into each other's way; and what an agent did wrong is one
    line for each check, whatever a traceback through our own code could add.

    Raises:
        SettingsError: two of pytest's options contradict each other.
    """
    option = config.option
    if option.importmode == "prepend":
        option.importmode = "importlib"
    if getattr(option, "tbstyle", "") == "auto":
        option.tbstyle = "no"
    if option.verbose < SHOWS_WHOLE_REASONS:
        option.force_short_summary = True  # else pytest prints a reason whole, over many lines, wherever CI is set
    if getattr(option, "setuponly", False):
        option.setupplan = True  # fixtures of checks need runs, and there are none
    if getattr(option, "setupplan", False) and getattr(option, "numprocesses", None):
        raise SettingsError("--setup-plan and --setup-only run nothing that -n could distribute; remove -n")
    for setting in getattr(option, "override_ini", None) or ():
        name = setting.partition("=")[0].strip()
        if name in _CHOOSES_CHECKS:
            raise SettingsError(
                f"-o {name}: it would hide checks without a word; set it in pytest.ini, where it holds for every"
                " evaluation, or select with -k, which the board tells"
            )


def runs_nothing(config: pytest.Config) -> bool:
    """Whether pytest is only to show what it would do: then there is no board."""
    return any(getattr(config.option, name, False) for name in ("collectonly", "setuponly", "setupplan"))


def without_effect(config: pytest.Config) -> list[str]:
    """Return a line for each option given that does nothing to checks."""
    given = [name for name in _WITHOUT_EFFECT if getattr(config.option, name, None)]
    return [f"--{name} has no effect on checks: {_WITHOUT_EFFECT[name]}" for name in given]
