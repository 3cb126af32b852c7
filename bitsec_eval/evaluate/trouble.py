"""Finds the reason why an evaluation gave no result, in one line, in what pytest printed.

An evaluation with a task file that cannot be collected gives none either: its board lacks that task.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from bitsec_eval.core.text import one_line
from bitsec_eval.evaluate.process import Order

RAN = (0, 1)
"""The exit statuses of pytest after its tests were run, whatever came of them."""

_READ_BYTES = 1 << 20
_TELLING = (
    ("python -m pytest: error: ", 0),
    ("ERROR: ", 0),
    ("E   ", -1),
    ("ERROR ", 0),
    ("INTERNALERROR> ", -1),
)
"""How lines begin that say what went wrong, the best first, and which of several says it best."""

_COLLECTING = re.compile(r"^_+ ERROR collecting (?P<file>.+?) _+$")
_SECTION = re.compile(r"^(_{3,} .+ _{3,}|={3,}.*|!{3,}.*)$")


def no_result(status: int, order: Order) -> str:
    """Return why an evaluation has no result to use; "" where pytest ran, collected every file and wrote junit.

    `status` is pytest's exit status.
    """
    broken = collection_errors(order.log, order.tasks)
    if broken:
        reason = f"{broken[0]} (and {len(broken) - 1} more)" if len(broken) > 1 else broken[0]
    elif status in RAN and order.junit.exists():
        return ""
    else:
        reason = trouble(order.log)
    return f"not evaluated (pytest ended with {status}): {reason}"


def collection_errors(log: Path, tasks: Iterable[Path]) -> list[str]:
    """Return one line for each file of `tasks` that pytest could not collect: FILE:LINE: what is wrong there."""
    return [_collection_error(file, lines, tasks) for file, lines in _sections(_lines(log))]


def trouble(log: Path) -> str:
    """Return the line of pytest's output that says best why there is no result."""
    lines = [line.strip() for line in _lines(log)]
    for beginning, place in _TELLING:
        told = [line.removeprefix(beginning).strip() for line in lines if line.startswith(beginning)]
        if told:
            return one_line(told[place])
    return one_line((list(filter(None, lines)) or ["pytest said nothing"])[-1])


def _lines(log: Path) -> list[str]:
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - _READ_BYTES))
        return stream.read().decode("utf-8", "backslashreplace").splitlines()


def _sections(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield each file that could not be collected, with what pytest says of it."""
    file, told = "", list[str]()
    for line in [*lines, "==="]:
        if file and _SECTION.match(line):
            yield file, told
            file = ""
        if found := _COLLECTING.match(line):
            file, told = found["file"], []
        told.append(line)


def _collection_error(file: str, lines: list[str], tasks: Iterable[Path]) -> str:
    told = [line.removeprefix("E").strip() for line in lines if line.startswith("E ")]
    words = one_line(told[-1] if told else next(filter(None, map(str.strip, lines[1:])), "cannot be collected"))
    name = re.escape(Path(file).name)
    if re.search(rf"{name}:\d+", words):
        return words
    places = [int(place) for line in lines for place in re.findall(rf'{name}(?:", line |:)(\d+)', line)]
    line = places[-1] if places else _line_of_task(Path(file).name, tasks)
    return f"{one_line(file)}{f':{line}' if line else ''}: {words}"


def _line_of_task(name: str, tasks: Iterable[Path]) -> int | None:
    """Return the line on which a file assigns its TASK: pytest names none where the traceback is ours alone."""
    found = [file for path in tasks for file in (path.rglob(name) if path.is_dir() else [path]) if file.name == name]
    try:
        tree = ast.parse(found[0].read_bytes())
    except (IndexError, OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    assigned = ((target, node) for node in tree.body if isinstance(node, ast.Assign) for target in node.targets)
    return next((node.lineno for target, node in assigned if getattr(target, "id", "") == "TASK"), None)
