"""Turns pytest's reports into checks: who is to blame, what is shown, and what a leaderboard needs of each."""

from collections.abc import Generator

import pytest

from bitsec_eval.core.errors import AnswerFault
from bitsec_eval.core.text import one_line
from bitsec_eval.plugin.collection.tasks import CHECK, DeclaredCheck
from bitsec_eval.plugin.reporting.blame import neutralise, one_line_repr, public_reason, settle
from bitsec_eval.plugin.reporting.check_letters import IS_CHECK
from bitsec_eval.plugin.reporting.junit_properties import check_properties
from bitsec_eval.plugin.running.runs import Runs
from bitsec_eval.schedule.runs import RunKey

REASON = pytest.StashKey[str]()


class CheckReports:
    """Completes pytest's reports of checks."""

    def __init__(self, evaluation: str, runs: Runs) -> None:
        self._evaluation = evaluation
        self._runs = runs
        self._told_by: dict[RunKey, str] = {}  # the item whose check tells of a run

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Settle who is to blame, escape what is shown, and attach what a leaderboard needs."""
        check = item.stash.get(CHECK, None)
        if check is None:
            return (yield)
        if call.when == "teardown":
            item.user_properties += self._properties(item, check)
        raised = call.excinfo
        report = yield
        settle(report, raised)
        if report.failed and raised is not None:
            item.stash[REASON] = one_line(public_reason(raised))
        if report.failed and raised is not None and isinstance(raised.value, AnswerFault):
            report.longrepr = one_line_repr(item, raised.value)
        neutralise(report)
        setattr(report, IS_CHECK, True)
        return report

    def _properties(self, item: pytest.Item, check: DeclaredCheck) -> list[tuple[str, str]]:
        done, task = self._runs.done(check.key), self._runs.task(check.key)
        is_told = self._told_by.setdefault(check.key, item.nodeid) != item.nodeid
        kept = None if is_told else self._runs.print(check.key)
        reason = item.stash.get(REASON, "")
        return check_properties(self._evaluation, check, task, done, reason, kept=kept)
