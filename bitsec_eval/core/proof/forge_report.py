"""What `forge test` told of a project's tests, through a sandbox in which an enemy's code ran."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bitsec_eval.core.answers.values import ValueFault
from bitsec_eval.core.text import one_line

PASSED, FAILED = "Success", "Failure"
SETUP = "setUp()"
_ADDRESS = re.compile(r"0x[0-9a-f]{40}\Z")
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class ForgeTest:
    """One test's outcome; `status` is forge's own word: Success, Failure or Skipped."""

    status: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgeReport:
    """The outcome of one `forge test`: tests by "FILE:CONTRACT::NAME", or why the project did not compile.

    Where traces were asked for, `callers` are the contracts that called cheat codes, and `calls` how many calls to
    other contracts the tests made themselves.
    """

    compiled: bool
    words: str = ""
    tests: Mapping[str, ForgeTest]
    callers: frozenset[str] = frozenset()
    calls: int = 0

    @property
    def passed(self) -> frozenset[str]:
        """The tests that passed."""
        return frozenset(name for name, test in self.tests.items() if test.status == PASSED)

    def failed_setups(self) -> list[str]:
        """Return the contracts whose setUp failed; none of their tests were run."""
        return sorted(name for name, test in self.tests.items() if name.endswith(f"::{SETUP}"))


def read_report(told: object) -> ForgeReport:
    """Return the report that the program in the sandbox told.

    Raises:
        ValueFault: it is none.
    """
    if not isinstance(told, dict) or type(told.get("compiled")) is not bool:
        raise ValueFault("no report of tests")
    tests, callers, calls = told.get("tests"), told.get("callers"), told.get("calls")
    if not isinstance(tests, list) or not isinstance(callers, list) or type(calls) is not int:
        raise ValueFault("no report of tests")
    if not all(isinstance(each, str) and _ADDRESS.match(each) for each in callers):
        raise ValueFault("no addresses of contracts")
    return ForgeReport(
        compiled=told["compiled"],
        words=one_line(str(told.get("words", "")), _LONGEST),
        tests=dict(_test(each) for each in tests),
        callers=frozenset(callers),
        calls=calls,
    )


def _test(told: Any) -> tuple[str, ForgeTest]:
    if not isinstance(told, list) or len(told) != 4 or not all(isinstance(each, str) for each in told):
        raise ValueFault("no outcome of a test")
    suite, name, status, reason = told
    return f"{one_line(suite, _LONGEST)}::{one_line(name, _LONGEST)}", ForgeTest(status, one_line(reason, _LONGEST))
