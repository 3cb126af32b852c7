"""bitsec_eval: evaluate submitted agents in locked-down containers.

This is the face for task authors: everything a task file needs, and nothing that loads pytest or an engine.
"""

from bitsec_eval.core.errors import AnswerFault, BitsecError, SolutionError, TaskError
from bitsec_eval.core.finding import Finding
from bitsec_eval.core.llm import LLM
from bitsec_eval.core.matching.expected import ExpectedFinding
from bitsec_eval.core.matching.twins import compare
from bitsec_eval.core.proof.chain import ETHER, Reverted
from bitsec_eval.core.proof.judge import ExploitVerdict, PatchVerdict
from bitsec_eval.core.proof.prompts import EXPLOIT_PROMPT, PATCH_PROMPT
from bitsec_eval.core.proof.scenario import Scenario
from bitsec_eval.core.report import AUDIT_PROMPT, Report
from bitsec_eval.core.solution import Solution
from bitsec_eval.core.task import Task

__all__ = [
    "AUDIT_PROMPT",
    "ETHER",
    "EXPLOIT_PROMPT",
    "LLM",
    "PATCH_PROMPT",
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
]
Expected = ExpectedFinding
"""The name of `ExpectedFinding` in task files written for 0.1."""

__version__ = "0.1.0"
