"""Repeated names in a task file: the later function or class silently replaces the earlier, so checks vanish."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from bitsec_eval.plugin.collection.refused import RefusedTaskError

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def refuse_repeated_names(path: Path) -> None:
    """Refuse a file that defines two checks, helpers or classes of one name in one place.

    A later one with a decorator may stand beside the earlier on purpose (overloads, setters), unless it is a check.

    Raises:
        RefusedTaskError: it names the line of the later one and that of the earlier.
    """
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, ValueError, SyntaxError):  # whoever imports the file says it
        return
    for body in _bodies(tree):
        earlier: dict[str, Definition] = {}
        for later in (each for each in body if isinstance(each, Definition)):
            first = earlier.setdefault(later.name, later)
            if first is not later and _replaces(first, later):
                told = (
                    f"{later.name} is defined in line {first.lineno} too, which this one replaces; rename one of them"
                )
                raise RefusedTaskError(told, later.lineno)


def _bodies(tree: ast.Module) -> Iterator[Iterable[ast.stmt]]:
    yield tree.body
    yield from (each.body for each in ast.walk(tree) if isinstance(each, ast.ClassDef))


def _replaces(first: Definition, later: Definition) -> bool:
    return later.name.lower().startswith("test") or not (first.decorator_list or later.decorator_list)
