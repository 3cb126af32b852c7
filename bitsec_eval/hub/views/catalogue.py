"""The tasks on offer, read from the task suites without running them: only what an agent may see.

A task file is parsed, never imported, and of it only the literal `TASK = Task(...)` and the number of checks are
taken; expected values cannot leave a file that is not run.
"""

import ast
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bitsec_eval.core.errors import TaskError
from bitsec_eval.core.proof.prompts import EXPLOIT_PROMPT, PATCH_PROMPT, POC_PROMPT
from bitsec_eval.core.reports.report import AUDIT_PROMPT
from bitsec_eval.core.tasks.task import CLI, Task
from bitsec_eval.core.text import one_line

SHOWN = ("prompt", "timeout", "protocol", "image")
"""The fields of a Task that a miner is told."""

_IMPORTABLE = {
    "AUDIT_PROMPT": AUDIT_PROMPT,
    "EXPLOIT_PROMPT": EXPLOIT_PROMPT,
    "PATCH_PROMPT": PATCH_PROMPT,
    "POC_PROMPT": POC_PROMPT,
}  # texts a task file may take from bitsec_eval
_KINDS = {
    "report": "findings",
    "twin_report": "findings",
    "solution": "code",
    "exploit": "exploit",
    "patch": "patch",
    "answer": "answer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueTask:
    """One task as miners see it; `problem` says why it cannot be read, and is empty otherwise.

    `kind` says what is asked for: "code" is called, "findings" are matched, a "patch" and an "exploit" are run on an
    EVM, an "answer" is read as text.
    `protocol` says how an agent is started, "cli" or "agent_main"; `image` names the task's own sandbox image, and
    `libraries` are what agents may import of it beside the standard library here.
    """

    id: str
    suite: str
    prompt: str = ""
    timeout_seconds: float = 0.0
    kind: str = ""
    checks: int = 0
    protocol: str = CLI
    image: str = ""
    libraries: tuple[str, ...] = ()
    problem: str = ""


class Catalogue:
    """The task files under one folder; a file is read again when it changes.

    `protocol` is that of tasks which name none.
    """

    def __init__(self, folder: Path, protocol: str = CLI) -> None:
        self._folder = folder
        self._protocol = protocol
        self._read: dict[Path, tuple[tuple[int, int], CatalogueTask]] = {}

    def tasks(self) -> list[CatalogueTask]:
        """Return every task, by id."""
        known = self._read
        self._read = dict(self._refreshed(known))
        return sorted((task for _, task in self._read.values()), key=lambda task: task.id)

    def _refreshed(
        self, known: dict[Path, tuple[tuple[int, int], CatalogueTask]]
    ) -> Iterator[tuple[Path, tuple[tuple[int, int], CatalogueTask]]]:
        for path in self._folder.rglob("test_*.py"):
            stamp, kept = _stamp(path), known.get(path)
            yield path, kept if kept and kept[0] == stamp else (stamp, offered(path, self._folder, self._protocol))


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:  # a link to nowhere, or a file that has just gone
        return 0, 0
    return status.st_mtime_ns, status.st_size


def offered(path: Path, folder: Path, protocol: str = CLI) -> CatalogueTask:
    """Read one task file; what is wrong with it is said in the task, not raised."""
    inside = path.relative_to(folder)
    id_ = inside.with_name(inside.stem.removeprefix("test_")).as_posix()
    suite = inside.parent.as_posix()
    try:
        tree = ast.parse(path.read_bytes())
        task = _task(tree)
    except (OSError, SyntaxError, ValueError, TypeError, TaskError, RecursionError) as error:
        return CatalogueTask(id=id_, suite=suite, problem=one_line(str(error)))
    return CatalogueTask(
        id=id_,
        suite=suite,
        prompt=task.prompt,
        timeout_seconds=float(task.timeout),
        kind=_kind(tree),
        checks=sum(map(_cases, _checks(tree))),
        protocol=task.protocol or protocol,
        image=task.image,
    )


def _task(tree: ast.Module) -> Task:
    """Return what the file's TASK shows an agent; the fields that it does not show may be computed."""
    values = dict(_assignments(tree))
    call = values.get("TASK")
    if not isinstance(call, ast.Call):
        raise TaskError("no TASK = Task(...) at the top of the file; add one")
    given = {each.arg: each.value for each in call.keywords} | dict(zip(("prompt",), call.args, strict=False))
    fields: dict[str, Any] = {name: _plain(name, given[name], values) for name in SHOWN if name in given}
    if "prompt" not in fields:
        raise TaskError(f"line {call.lineno}: TASK has no prompt to be read; write Task(prompt=...)")
    return Task(**fields)


def _plain(name: str, value: ast.expr, values: dict[str, ast.expr]) -> object:
    if isinstance(value, ast.Name) and value.id in _IMPORTABLE:
        return _IMPORTABLE[value.id]
    if isinstance(value, ast.Name):
        value = values.get(value.id, value)
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
        left, right = (_plain(name, side, values) for side in (value.left, value.right))
        if isinstance(left, str) and isinstance(right, str):
            return left + right
    try:
        return ast.literal_eval(value)
    except ValueError:
        raise TaskError(f"line {value.lineno}: {name} is computed; write it as a plain value") from None


def _assignments(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield name, value


def _checks(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    classes = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name.startswith("Test"))
    for body in (tree.body, *(each.body for each in classes)):
        yield from (node for node in body if isinstance(node, ast.FunctionDef) and node.name.startswith("test"))


def _kind(tree: ast.Module) -> str:
    """What the task asks for, told from the fixtures that its checks and its own fixtures use."""
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    used = {argument.arg for function in functions for argument in function.args.args}
    return next((kind for fixture, kind in _KINDS.items() if fixture in used), "")


def _cases(check: ast.FunctionDef) -> int:
    """How many checks a test function is: the product of its `parametrize` lists; an unreadable one counts once."""
    return math.prod(
        len(decorator.args[1].elts)
        for decorator in check.decorator_list
        if isinstance(decorator, ast.Call)
        and _called_name(decorator) == "parametrize"
        and isinstance(decorator.args[1], ast.List | ast.Tuple)
    )


def _called_name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) and len(call.args) > 1 else ""
