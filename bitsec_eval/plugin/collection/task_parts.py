"""What makes a task, part by part: two evaluations of one task can be told apart, and it can be said where.

A change of comments or layout changes no part, as it changes no outcome.
"""

import ast
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from bitsec_eval.core.tasks.image_name import pinned
from bitsec_eval.core.tasks.task import Task
from bitsec_eval.support.digest import sha256, sha256_of_parts

SUITES = "task_suites"
CONFTEST = "conftest.py"
KEPT_DIGITS = 16
"""So many hexadecimal digits of each part are kept, to say which differ; the task's own digest is whole."""

Files = Mapping[str, bytes]


def parts_of(
    task: Task,
    path: Path,
    *,
    projects: Iterable[Files],
    scenario: Files,
    drawn: str,
    kind: str,
    protocol: str,
    gives_solution: bool = False,
) -> dict[str, str]:
    """Return the SHA-256 of each part of a task by its name.

    `projects` are the files of its workspaces, `drawn` what differs per evaluation, as a text; `kind` is the name of
    its kind of answer and `protocol` how its agents are started; `gives_solution`: they see the reference.
    """
    workspace = [_digest(files) for files in projects]
    return {
        "prompt": sha256(task.prompt.encode()),
        "workspace": sha256_of_parts([each.encode() for each in (*workspace, drawn, repr(task.rename))]),
        "checks": sha256_of_parts(_sources(path)),
        "scenario": _digest(scenario),
        "limits": sha256(json.dumps([asdict(task.limits), asdict(task.llm)], sort_keys=True, default=str).encode()),
        "kind": sha256(json.dumps([kind, task.answer, protocol, list(task.editable)]).encode()),
        "compiler": sha256(task.compiler.encode()),
        **({"image": sha256(pinned(task.image).digest.encode())} if task.image else {}),
        **({"solution": sha256(b"given")} if gives_solution else {}),
    }


def digest_of_parts(parts: Mapping[str, str]) -> str:
    """Return the SHA-256 of all that makes a task."""
    return sha256_of_parts([part.encode() for name in sorted(parts) for part in (name, parts[name])])


def kept_parts(parts: Mapping[str, str]) -> dict[str, str]:
    """Return the digests of parts as they are kept."""
    return {name: digest[:KEPT_DIGITS] for name, digest in parts.items()}


def _digest(files: Files) -> str:
    return sha256_of_parts(part for path in sorted(files) for part in (path.encode(), files[path]))


def _sources(path: Path) -> Iterator[bytes]:
    """Yield what the checks of a task are made of: its file but TASK, and the conftest.py files of its suites."""
    yield _spelled(path, without="TASK")
    folders = [path.parent, *path.parent.parents]
    names = [folder.name for folder in folders]
    for folder in folders[: names.index(SUITES) + 1 if SUITES in names else 1]:
        if (folder / CONFTEST).is_file():
            yield _spelled(folder / CONFTEST)


def _spelled(path: Path, without: str = "") -> bytes:
    tree = ast.parse(path.read_bytes())
    kept = [node for node in tree.body if not _assigns(node, without) and not _is_text(node)]
    return ast.dump(ast.Module(body=kept, type_ignores=[])).encode("utf-8", "backslashreplace")


def _assigns(node: ast.stmt, name: str) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
