"""Task files that are wrong: a usage error with exit code 4, not a failing test."""

from collections.abc import Generator

import pytest

from bitsec_eval.core.errors import TaskError


class WrongTasks:
    """Takes note of task files that could not be collected, and settles the exit code."""

    def __init__(self) -> None:
        self.found = False

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Remember that a task is written wrongly."""
        report = yield
        raised = report.call.excinfo if report.failed and report.call is not None else None
        if raised is not None and isinstance(raised.value, TaskError):
            self.found = True
        return report

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """End with pytest's usage error when a task could not be collected."""
        if self.found:
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
