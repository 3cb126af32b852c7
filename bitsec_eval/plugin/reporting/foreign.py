"""What other plugins see of a check that an agent failed: an AssertionError, as of any test that failed.

An agent that crashes, is late or prints nonsense raises exceptions of many kinds inside a check. Plugins such as
allure call a test "broken" unless it raised an AssertionError, as if the task were at fault.
"""

from collections.abc import Generator

import pytest

from bitsec_eval.core.text import one_line
from bitsec_eval.plugin.collection.tasks import CHECK
from bitsec_eval.plugin.reporting.blame import is_ours


class AgentFailures:
    """Shows what an agent did as a failed assertion, after pytest has made its report of the exception itself."""

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Put an AssertionError into the place of what was raised; wrappers around this one see it."""
        report = yield
        raised = call.excinfo
        if CHECK in item.stash and raised is not None and not _is_assertion(raised) and not is_ours(raised):
            told = AssertionError(one_line(f"{raised.typename}: {raised.value}", 500))
            told.__cause__ = raised.value
            call.excinfo = pytest.ExceptionInfo.from_exc_info((AssertionError, told, raised.tb))
        return report


def _is_assertion(raised: pytest.ExceptionInfo[BaseException]) -> bool:
    return isinstance(raised.value, (AssertionError, pytest.fail.Exception, pytest.skip.Exception))
