"""The findings of a run beside the truth, for the validator."""

from collections.abc import Callable
from contextlib import suppress

from bitsec_eval.core.errors import AnswerFault, BitsecError
from bitsec_eval.core.matching.comparison_sheet import ComparisonSheet
from bitsec_eval.core.matching.task_expectation import sheet_of
from bitsec_eval.core.reports.report import Report
from bitsec_eval.core.text import one_line
from bitsec_eval.plugin.collection.tasks import CollectedTask
from bitsec_eval.plugin.config.settings import Settings
from bitsec_eval.render.findings import findings_file, write_findings
from bitsec_eval.render.findings_index import write_tally
from bitsec_eval.schedule.runs import RunKey


def write_sheet(task: CollectedTask, key: RunKey, settings: Settings, report: Callable[[int], Report]) -> None:
    """Write a run's findings beside the truth; for a task without EXPECTED_FINDING there is nothing to write.

    `report` returns the report on the project (0) or on its twin (1), as the checks see it.
    """
    if task.expected is not None:
        write_page(key, settings, _sheet(task, report))


def write_page(key: RunKey, settings: Settings, sheet: ComparisonSheet) -> None:
    """Write the validator's page of a run, and what the index tells of it."""
    again = f", repeat {key.repeat + 1}" if key.repeat else ""
    path = findings_file(settings.results, key.agent, key.task, key.repeat)
    with suppress(OSError):  # a full disk is told by junit, which matters more
        what = "findings" if sheet.proves is None else "what ran"
        write_findings(path, f"{key.agent} on {key.task}{again}: {what}", sheet)
        write_tally(path, key.agent, key.task, key.repeat, settings.evaluation, sheet)


def _sheet(task: CollectedTask, report: Callable[[int], Report]) -> ComparisonSheet:
    """Return the sheet of a run; what kept its checks from deciding is told in place of decisions."""
    assert task.expected is not None  # noqa: S101 - the caller looked
    try:
        return sheet_of(task.expected, report(0), report(1) if task.task.twin else None)
    except (AnswerFault, BitsecError) as trouble:
        return ComparisonSheet(trouble=str(trouble))
    except Exception as error:  # noqa: BLE001 - a task's own EXPECTED_FINDING; its checks have told already
        return ComparisonSheet(trouble=f"EXPECTED_FINDING.sheet failed: {one_line(repr(error))}")
