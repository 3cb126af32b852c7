"""Decides who is to blame for a failed check, and what of it may be shown.

pytest writes junit's `<failure>` for what fails in a test's call and `<error>` for what fails around it.
Here the two mean more: a failure is the agent's and costs points, an error is ours and makes the run void.
So the phase of a failed report is set by who is to blame, wherever the exception came up.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from _pytest._code.code import (
    ExceptionChainRepr,
    ReprEntry,
    ReprExceptionInfo,
    ReprFileLocation,
    ReprTracebackNative,
)

import bitsec_eval.sandbox
import bitsec_eval.schedule
from bitsec_eval.core.errors import AnswerFault, BitsecError, SolutionError
from bitsec_eval.core.text import printable

SHOWN_LINE = 2000
SHOWN_SECTION = 20_000

_OURS = tuple(str(Path(package.__path__[0])) for package in (bitsec_eval.sandbox, bitsec_eval.schedule))


def is_ours(raised: pytest.ExceptionInfo[BaseException]) -> bool:
    """Whether what was raised is no doing of the agent's."""
    if isinstance(raised.value, (AnswerFault, SolutionError)):
        return False
    # pytest-timeout stops whatever is running; stopped inside our own code, it was our code that hung.
    stopped = isinstance(raised.value, pytest.fail.Exception) and _came_up_in_ours(raised)
    return isinstance(raised.value, BitsecError) or stopped


def _came_up_in_ours(raised: pytest.ExceptionInfo[BaseException]) -> bool:
    return any(str(entry.path).startswith(_OURS) for entry in raised.traceback)


def settle(report: pytest.TestReport, raised: pytest.ExceptionInfo[BaseException] | None) -> None:
    """Give a report the phase that says who is to blame, and let no skip or xfail pass for success."""
    if report.skipped or hasattr(report, "wasxfail"):
        _refuse_skip(report)
    elif report.failed and raised is not None:
        report.when = "setup" if is_ours(raised) else "call"


def _refuse_skip(report: pytest.TestReport) -> None:
    report.__dict__.pop("wasxfail", None)
    report.outcome = "failed"
    report.when = "call"
    report.longrepr = "skip and xfail are never a pass: the agent gets no points for this check"


def public_reason(raised: pytest.ExceptionInfo[BaseException]) -> str:
    """Return what the agent's author may read of a failure: no hidden argument, no expected value."""
    if isinstance(raised.value, AnswerFault):
        return raised.value.public
    if isinstance(raised.value, SolutionError):
        return "the solution raised an exception"
    return ""


def one_line_repr(item: pytest.Item, fault: AnswerFault) -> ReprExceptionInfo:
    """Return an agent's fault as pytest shows an exception, in one line: no traceback says more about it."""
    path, line, _ = item.location
    told = printable(f"{type(fault).__name__}: {fault}", SHOWN_LINE)
    return ReprExceptionInfo(
        reprtraceback=ReprTracebackNative([told]),
        reprcrash=ReprFileLocation(path=path, lineno=(line or 0) + 1, message=told),
    )


def neutralise(report: pytest.TestReport) -> None:
    """Spell out every control character in what a report shows, in place."""
    report.sections = [(name, printable(text, SHOWN_SECTION)) for name, text in report.sections]
    shown: Any = report.longrepr
    if isinstance(shown, str):
        report.longrepr = printable(shown, SHOWN_SECTION)
    elif isinstance(shown, tuple):
        report.longrepr = (shown[0], shown[1], printable(shown[2], SHOWN_SECTION))
    elif isinstance(shown, (ExceptionChainRepr, ReprExceptionInfo)):
        _neutralise_exception(shown)


def _neutralise_exception(shown: ExceptionChainRepr | ReprExceptionInfo) -> None:
    shown.sections = [(name, printable(text, SHOWN_SECTION), mark) for name, text, mark in shown.sections]
    if shown.reprcrash is not None:
        shown.reprcrash.message = printable(shown.reprcrash.message, SHOWN_LINE)
    for entry in _entries(shown):
        entry.lines = [printable(line, SHOWN_LINE) for line in entry.lines]
        if entry.reprlocals is not None:
            entry.reprlocals.lines = [printable(line, SHOWN_LINE) for line in entry.reprlocals.lines]
        if entry.reprfuncargs is not None:
            entry.reprfuncargs.args = [(n, printable(str(text), SHOWN_LINE)) for n, text in entry.reprfuncargs.args]


def _entries(shown: ExceptionChainRepr | ReprExceptionInfo) -> Iterator[ReprEntry]:
    tracebacks = [shown.reprtraceback]
    if isinstance(shown, ExceptionChainRepr):
        tracebacks = [traceback for traceback, _, _ in shown.chain]
        for _, crash, _ in shown.chain:
            if crash is not None:
                crash.message = printable(crash.message, SHOWN_LINE)
    for traceback in tracebacks:
        yield from (entry for entry in traceback.reprentries if isinstance(entry, ReprEntry))
