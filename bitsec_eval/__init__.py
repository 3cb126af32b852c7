"""bitsec_eval: evaluate submitted agents in locked-down containers.

This is the face for task authors: everything a task file needs, and nothing that loads pytest or an engine.
"""

import os
from typing import TYPE_CHECKING

from bitsec_eval.core.errors import AnswerFault, BitsecError, SolutionError, TaskError
from bitsec_eval.core.matching.expected import ExpectedFinding
from bitsec_eval.core.matching.twins import compare
from bitsec_eval.core.proof.accounts import Reverted
from bitsec_eval.core.proof.chain import ETHER
from bitsec_eval.core.proof.prompts import EXPLOIT_PROMPT, FOUNDRY_PATCH_PROMPT, PATCH_PROMPT, POC_PROMPT
from bitsec_eval.core.proof.scenario import Scenario
from bitsec_eval.core.proof.verdict import ExploitVerdict, PatchVerdict
from bitsec_eval.core.reports.finding import Finding
from bitsec_eval.core.reports.report import AUDIT_PROMPT, Report
from bitsec_eval.core.tasks.llm import LLM
from bitsec_eval.core.tasks.solution import Solution
from bitsec_eval.core.tasks.task import Task

if TYPE_CHECKING:
    from bitsec_eval.arrow.tables import ResultTables

__all__ = [
    "AUDIT_PROMPT",
    "ETHER",
    "EXPLOIT_PROMPT",
    "FOUNDRY_PATCH_PROMPT",
    "LLM",
    "PATCH_PROMPT",
    "POC_PROMPT",
    "AnswerFault",
    "BitsecError",
    "Expected",
    "ExpectedFinding",
    "ExploitVerdict",
    "Finding",
    "PatchVerdict",
    "Report",
    "Reverted",
    "Scenario",
    "Solution",
    "SolutionError",
    "Task",
    "TaskError",
    "compare",
    "frames",
]
Expected = ExpectedFinding
"""The name of `ExpectedFinding` in task files written for 0.1."""


def frames(*junit: "str | os.PathLike[str]") -> "ResultTables":
    """Return the runs and the checks in junit files as Arrow tables, `.runs` and `.checks`; needs `[arrow]`.

    A run has a line whether or not it left a trace: `state` is scored, incomplete or void, `score` is 0 to 100 and
    null where void, `seconds` and `cost` (US dollars) are null where nobody knows. Tables have the columns
    `evaluation`, `agent`, `task` and `repeat` in common. pandas takes them by `.to_pandas()`, polars by
    `polars.from_arrow()`.

    Raises:
        ResultsError: a file is no record of an evaluation, or two of one evaluation contradict each other.
        SettingsError: pyarrow is not installed, or no file is given.
    """
    from bitsec_eval.arrow.reading import read_frames  # loads pyarrow, an extra

    return read_frames(*junit)


__version__ = "0.1.0"
