"""Finds the reason why an evaluation gave no result, in one line, in what pytest printed.

An evaluation with a task file that cannot be collected gives none either: its board lacks that task.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from bitsec_eval.core.text import one_line
from bitsec_eval.evaluate.process import Order

RAN = (0, 1)
"""The exit statuses of pytest after its tests were run, whatever came of them."""

_READ_BYTES = 1 << 20
_TELLING = (
    ("python -m pytest: error: ", 0),
    ("__main__.py: error: ", 0),  # pytest before 9
    ("ERROR: ", 0),
    ("E   ", -1),
    ("ERROR ", 0),
    ("INTERNALERROR> ", -1),
)
"""How lines begin that say what went wrong, the best first, and which of several says it best."""

_WRONG_TASK = re.compile(r"^ERROR: (?P<file>.+?\.py):(?P<line>\d+): (?P<reason>.+)$")
"""How the plugin tells of a task file that cannot be evaluated."""


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
    """Return one line for each file of `tasks` that cannot be evaluated: FILE:LINE: what is wrong there."""
    found = filter(None, map(_WRONG_TASK.match, _lines(log)))
    return [f"{_named(each['file'], tasks)}:{each['line']}: {one_line(each['reason'])}" for each in found]


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


def _named(file: str, tasks: Iterable[Path]) -> str:
    """Return a file's path from the folder of tasks it is in: pytest tells it from wherever it was started."""
    path = Path(file).resolve()
    inside = (path.relative_to(folder.resolve()) for folder in tasks if path.is_relative_to(folder.resolve()))
    told = next((each for each in inside if each.parts), Path(path.name))
    return one_line(str(told))
