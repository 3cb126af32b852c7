"""Summary of void runs, one line for each cause: when an engine goes away, hundreds of checks end with one error.

pytest would list each of them. Unless the command line asks for that, one check of each cause stands for the others.
"""

import re
import shlex
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import pytest

from bitsec_eval.core.text import one_line
from bitsec_eval.plugin.reporting.junit_properties import RUN, run_key
from bitsec_eval.schedule.attempts import first_cause
from bitsec_eval.schedule.runs import RunKey

SHOWN_CAUSES = 5

_ASKS = re.compile(r"-[a-zA-Z]*r|--tb(=(?!no\b)|$)")
_OUR_TYPE = re.compile(r"bitsec_eval[\w.]*: ")


def arguments_of(config: pytest.Config, environment: Mapping[str, str]) -> list[str]:
    """Return what whoever started pytest told it, on the command line and in PYTEST_ADDOPTS."""
    return [*shlex.split(environment.get("PYTEST_ADDOPTS", "")), *map(str, config.invocation_params.args)]


def asks_for_each(arguments: Sequence[str]) -> bool:
    """Whether somebody asks pytest to list what failed, or to show where.

    >>> asks_for_each(["-vrE"]), asks_for_each(["--tb=short"]), asks_for_each(["-q", "--tb=no"])
    (True, True, False)
    """
    return any(_ASKS.match(argument) for argument in arguments)


class VoidSummary:
    """Takes note of checks that ended by a fault of ours, in whatever process."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self._lists_each = asks_for_each(arguments)
        self._failed: dict[str, pytest.TestReport] = {}
        self._checks: defaultdict[str, list[pytest.TestReport]] = defaultdict(list)
        self._runs: defaultdict[str, set[RunKey]] = defaultdict(set)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep a check that failed through us; the last phase of a check says which run it is of."""
        if report.failed and report.when == "setup":
            self._failed[report.nodeid] = report
        run = next((value for name, value in report.user_properties if name == RUN), None)
        failed = self._failed.pop(report.nodeid, None) if run is not None else None
        if failed is not None:
            said = _said(failed)
            cause = first_cause(said)
            checks = self._checks[cause]
            checks.insert(0 if said == cause else len(checks), failed)  # first one that says it plainly
            self._runs[cause].add(run_key(str(run)))

    @contextmanager
    def folded(self, reporter: pytest.TerminalReporter) -> Iterator[None]:
        """Have pytest tell of the first check of each cause only; what it counts stays as it is."""
        errors = reporter.stats.get("error")
        if self._lists_each or not errors:
            yield
            return
        spared = {id(report) for checks in self._checks.values() for report in checks[1:]}
        reporter.stats["error"] = [report for report in errors if id(report) not in spared]
        try:
            yield
        finally:
            reporter.stats["error"] = errors

    def causes(self) -> list[str]:
        """Return a line for each cause, that of the most runs first."""
        told = [f"void: {self._counts(cause)}: {cause}" for cause in sorted(self._runs, key=self._rank)]
        more = len(told) - SHOWN_CAUSES
        return told if more <= 0 else [*told[:SHOWN_CAUSES], f"void: and {more} other cause{'s' * (more != 1)}"]

    def remedies(self) -> list[str]:
        """Return a line that says what to do about void runs, if there are any."""
        if not self._runs:
            return []
        each = "" if self._lists_each else "; -rE lists each check"
        return [f"when that is mended, --bitsec-rerun=void runs them again{each}"]

    def _rank(self, cause: str) -> tuple[int, str]:
        return -len(self._runs[cause]), cause

    def _counts(self, cause: str) -> str:
        runs, checks = len(self._runs[cause]), len(self._checks[cause])
        return f"{runs} run{'s' * (runs != 1)} ({checks} check{'s' * (checks != 1)})"


def _said(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    said = str(crash.message if crash is not None else report.longrepr).strip() or "no reason was given"
    return one_line(_OUR_TYPE.sub("", said.splitlines()[0], count=1), 500)
