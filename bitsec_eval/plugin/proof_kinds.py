"""The kinds of answers that are judged by running them, and what of a task goes with them."""

from collections.abc import Collection
from functools import partial

from bitsec_eval.core.errors import TaskError
from bitsec_eval.core.proof.answer import changed_text
from bitsec_eval.core.tasks.task import PROOF_ANSWERS, Task
from bitsec_eval.plugin.extension import AnswerKind, Files, take_whole

SHARED = ("chain", "scenario")
FORGE = "forge"
PATCH = "patch"
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


def _check_foundry_task(task: Task, fixtures: Collection[str]) -> None:
    if FORGE in fixtures and task.workspace is None:
        raise TaskError("a check uses forge, but TASK has no workspace; give workspace= the case's own")


def _changed_text(printed: str, files: Files) -> str:
    """Return what a patch changes: whole files are alike by nature."""
    return changed_text(printed, {path: content.decode("utf-8", "replace") for path, content in files().items()})


def _proof_kind(name: str) -> AnswerKind:
    return AnswerKind(
        name=name,
        fixtures=(name, *SHARED),
        summary=_SUMMARIES[name],
        check_task=partial(_check_task, name),
        own_text=_changed_text if name == PATCH else take_whole,
    )


PROOF_KINDS = (
    *map(_proof_kind, PROOF_ANSWERS),
    AnswerKind(
        name="foundry",
        fixtures=(FORGE,),
        summary="a patch of a Foundry project, run with its tests",
        check_task=_check_foundry_task,
        own_text=_changed_text,
    ),
)
