"""The kinds of answers that are judged by running them, and what of a task goes with them."""

from collections.abc import Collection
from functools import partial

from bitsec_eval.core.errors import TaskError
from bitsec_eval.core.task import PROOF_ANSWERS, Task
from bitsec_eval.plugin.extension import AnswerKind

SHARED = ("chain", "scenario")
_SUMMARIES = {"exploit": "a Solidity exploit, run on an EVM", "patch": "a patch of a project, run on an EVM"}


def _check_task(kind: str, task: Task, fixtures: Collection[str]) -> None:
    """Refuse a check whose fixtures are of another kind than its TASK.

    Raises:
        TaskError: they are.
    """
    if not task.answer:
        used = sorted({kind, *SHARED} & set(fixtures))
        raise TaskError(f"a check uses {', '.join(used)}, but TASK has no answer=; give it 'exploit' or 'patch'")
    if kind in fixtures and kind != task.answer:
        raise TaskError(f"a check uses {kind}, but TASK has answer={task.answer!r}")


PROOF_KINDS = tuple(
    AnswerKind(name=name, fixtures=(name, *SHARED), summary=_SUMMARIES[name], check_task=partial(_check_task, name))
    for name in PROOF_ANSWERS
)
