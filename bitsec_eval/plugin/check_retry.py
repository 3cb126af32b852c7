"""A check that lost its sandbox through a fault of ours is made again, from its fixtures on, in a fresh sandbox.

What a check finds is settled by the answer and the task, so whoever makes it again finds the same. An agent gets no
second chance by that: nothing but the loss of a sandbox is tried again, and one that was killed each time counts as
brought down by what is in it.
"""

from collections.abc import Generator
from contextlib import suppress
from copy import copy
from time import monotonic
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from bitsec_eval.core.errors import AnswerFault, KilledError, SandboxError
from bitsec_eval.plugin.collection.tasks import CHECK
from bitsec_eval.plugin.evaluation import EvaluationPlugin
from bitsec_eval.plugin.reporting.check_reports import REASON
from bitsec_eval.plugin.running.checked_run import USED
from bitsec_eval.schedule.schedule import MOST_KILLS

PATIENCE_SECONDS = 60
"""No check is begun again later than this: pytest-timeout's clock, which guards against us, goes on meanwhile."""

LOST = pytest.StashKey[SandboxError]()
KILLS = pytest.StashKey[int]()


class CheckRetry:
    """Makes checks in place of pytest, which would report on each attempt."""

    def __init__(self, evaluation: EvaluationPlugin) -> None:
        self._evaluation = evaluation

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        """Make a check until its sandbox lasts or our patience ends, and report on the last attempt alone."""
        if CHECK not in item.stash:
            return None
        if self._evaluation.stages.is_unspent(item.stash[CHECK].key):
            return True
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        reports = self._reports(item, self._next(item, nextitem))
        self._evaluation.stages.take(item.stash[CHECK], reports)
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def _next(self, item: pytest.Item, nextitem: pytest.Item | None) -> Any:
        """Return what fixtures are kept for: not for a check that may not be made, whose module may be another."""
        if nextitem is None or CHECK not in nextitem.stash:
            return nextitem
        keys = nextitem.stash[CHECK].key, item.stash[CHECK].key
        return item.session if self._evaluation.stages.may_be_unspent(*keys) else nextitem

    def _reports(self, item: pytest.Item, nextitem: Any) -> list[pytest.TestReport]:
        making = _Making(item, nextitem)
        making.once()
        if making.lost is not None:
            with suppress(SandboxError, _Enough):  # what was lost at last is in the reports
                self._evaluation.attempt(making.again)
        return _closed(making.reports)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Take note of a loss, before anybody is blamed."""
        used = item.stash.get(USED, None)
        if used is not None and call.excinfo is not None and isinstance(used.fault, SandboxError):
            if _always_killed(item, used.fault):
                call.excinfo = _brought_down(used.fault)
            elif call.excinfo.value is used.fault:
                item.stash[LOST] = used.fault
        return (yield)


def _closed(reports: list[pytest.TestReport]) -> list[pytest.TestReport]:
    """Return the reports of a check such that the last, which carries its properties, is always a passed teardown.

    What failed in the teardown fails the check: the report stands in place of its call's, unless that failed before.
    Without this a check whose teardown fails would leave no trace in junit, and an agent could choose which do.
    """
    *before, last = reports
    if not last.failed:
        return reports
    if not any(report.failed for report in before):
        before = [*(report for report in before if report.when != "call"), last]
    end = copy(last)
    end.when, end.outcome, end.longrepr = "teardown", "passed", None
    return [*before, end]


class _Enough(Exception):  # noqa: N818 - it is no error
    """Our patience has ended."""


class _Making:
    """Attempts at one check: `reports` of the last, and what it `lost`."""

    def __init__(self, item: pytest.Item, nextitem: Any) -> None:
        self._item = item
        self._nextitem = nextitem
        self._properties = list(item.user_properties)
        self._deadline = monotonic() + PATIENCE_SECONDS
        self._loss_is_known = False
        self.reports: list[pytest.TestReport] = []
        self.lost: SandboxError | None = None

    def once(self) -> None:
        """Make the check."""
        self._item.user_properties = list(self._properties)
        _forget(self._item.stash)
        self.reports = runtestprotocol(self._item, log=False, nextitem=self._nextitem)
        self.lost = self._item.stash.get(LOST, None)

    def again(self) -> None:
        """Raise what was lost; from the second time on, make the check first.

        So the first loss counts as an attempt, with the pause behind it, and a check that lost nothing never does: it
        says nothing of the engine.
        """
        if self._loss_is_known:
            self.once()
        self._loss_is_known = True
        if self.lost is None:
            return
        if monotonic() > self._deadline:
            raise _Enough
        raise self.lost


def _forget(stash: pytest.Stash) -> None:
    keys: tuple[pytest.StashKey[Any], ...] = (LOST, REASON, USED)
    for key in keys:
        if key in stash:
            del stash[key]


def _always_killed(item: pytest.Item, fault: SandboxError) -> bool:
    if not isinstance(fault, KilledError):
        return False
    item.stash[KILLS] = item.stash.get(KILLS, 0) + 1
    return item.stash[KILLS] >= MOST_KILLS


def _brought_down(killed: SandboxError) -> pytest.ExceptionInfo[BaseException]:
    try:
        told = f"the solution's sandbox was killed {MOST_KILLS} times"
        raise AnswerFault(told, told) from killed
    except AnswerFault:
        return pytest.ExceptionInfo.from_current()
