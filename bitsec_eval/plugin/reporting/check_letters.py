"""Progress letters of checks: a lost one is no broken test, and gets no F."""

from collections.abc import Sequence

import pytest

LOST = "-"
IS_CHECK = "bitsec_check"
"""The attribute of a report on a check of an evaluation, from xdist's workers too."""


class CheckLetters:
    """Replaces pytest's letters for checks, and says at the start which options do nothing to them."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = [f"bitsec-eval: {line}" for line in lines]

    def pytest_report_header(self) -> list[str]:
        """Say which of the options given have no effect."""
        return self._lines

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Return category, letter and word of a check that was lost; one that is void remains an error."""
        is_lost = getattr(report, IS_CHECK, False) and report.failed and report.when == "call"
        return ("failed", LOST, "LOST") if is_lost else None
