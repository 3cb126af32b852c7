"""Task files that are wrong, each with its line: a usage error with exit code 4, not a failing test.

One line for each is printed whatever --tb says, and nothing is evaluated unless pytest is told to go on all the same
(--continue-on-collection-errors): then the board says which tasks are missing.
"""

import os
import re
from collections.abc import Generator
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from types import TracebackType

import pytest

from bitsec_eval.core.errors import TaskError
from bitsec_eval.core.tasks.task import Task
from bitsec_eval.core.text import one_line

LINE_CHARACTERS = 2000
_TASK_LINE = re.compile(r"^TASK\b *(?::|=)", re.MULTILINE)
_UNKNOWN_FIELD = re.compile(r"^Task\.__init__\(\) got an unexpected keyword argument '(\w+)'")
_SUMMARY = "bitsec_refused"
"""The attribute of a collection report that carries its line, from xdist's workers too."""


class RefusedTaskError(TaskError):
    """A task is written wrongly at `line` of its file."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def has_task(path: Path) -> bool:
    """Whether a Python file sets TASK, told from its text alone."""
    return _task_line(path) > 0


def _task_line(path: Path) -> int:
    try:
        text = path.read_text("utf-8", "replace")
    except OSError:
        return 0
    found = _TASK_LINE.search(text)
    return text.count("\n", 0, found.start()) + 1 if found else 0


def refusal(path: Path, shown: str, error: BaseException) -> str:
    """Return what is wrong with a task file in one line: file, line number, reason."""
    cause = error.__cause__ if isinstance(error, pytest.Collector.CollectError) and error.__cause__ else error
    return one_line(f"{shown}:{_line_of(path, cause)}: {_reason(cause)}", LINE_CHARACTERS)


def _reason(error: BaseException) -> str:
    told = str(error).strip() or type(error).__name__
    if isinstance(error, (TaskError, pytest.Collector.CollectError)):
        return told
    if isinstance(error, SyntaxError):
        return f"SyntaxError: {error.msg}"
    field = _UNKNOWN_FIELD.search(told) if isinstance(error, TypeError) else None
    near = get_close_matches(field.group(1), [each.name for each in fields(Task) if each.init], n=1) if field else ()
    return f"{type(error).__name__}: {told}{f'; did you mean {near[0]}?' if near else ''}"


def _line_of(path: Path, error: BaseException) -> int:
    if isinstance(error, RefusedTaskError):
        return error.line
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno or 1
    return _last_line(path, error.__traceback__) or _task_line(path) or 1


def _last_line(path: Path, traceback: TracebackType | None) -> int:
    """Return the line of the innermost frame in a file, 0 where there is none."""
    line = 0
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == str(path):
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line


class RefusedTasks:
    """Takes note of task files that could not be collected, tells of them, and settles the exit code."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.paths: set[Path] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Say in one line why a file could not be collected; a task that skips itself could not."""
        report = yield
        raised = report.call.excinfo if report.call is not None else None
        module = collector.getparent(pytest.Module)
        path = module.path if module is not None else collector.path
        if report.skipped and has_task(path):
            report.outcome, report.longrepr = "failed", "a task is never skipped"
            told = "the file skips itself, and a task is never skipped; remove pytest.skip"
            setattr(report, _SUMMARY, f"{shown_path(path, collector.config)}:{_task_line(path)}: {told}")
        elif report.failed and raised is not None:
            setattr(report, _SUMMARY, refusal(path, shown_path(path, collector.config), raised.value))
        if report.failed:
            self.paths.add(path)
        return report

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep the line, which may come from a worker of xdist."""
        line = getattr(report, _SUMMARY, "")
        if line and line not in self.lines:
            self.lines.append(line)

    def refuse(self, path: Path, session: pytest.Session, reason: str) -> None:
        """Refuse a file that pytest would not even collect, as one that could not be collected."""
        if path not in self.paths:
            self.paths.add(path)
            self.lines.append(f"{shown_path(path, session.config)}:{_task_line(path) or 1}: {reason}")
            session.testsfailed += 1

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """End with pytest's usage error when a task could not be collected."""
        if self.lines:
            session.exitstatus = pytest.ExitCode.USAGE_ERROR

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> Generator[None, object, object]:
        """Print the lines below everything else, uncut."""
        errors = terminalreporter.stats.get("error", [])
        terminalreporter.stats["error"] = [each for each in errors if not hasattr(each, _SUMMARY)]
        try:
            result = yield
        finally:
            terminalreporter.stats["error"] = errors
        if self.lines:
            terminalreporter.section("tasks that cannot be evaluated")
            terminalreporter.write_line("\n".join(f"ERROR: {line}" for line in sorted(self.lines)))
        return result


def shown_path(path: Path, config: pytest.Config) -> str:
    """Return a file's path from where pytest was called."""
    return os.path.relpath(path, config.invocation_params.dir)
