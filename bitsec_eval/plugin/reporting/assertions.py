"""Keep pytest from explaining at length why two large values differ.

When `assert solution.f() == expected` fails, pytest diffs the two, in time that grows with the product of their
sizes.
One of them is the agent's choice: a well-made mebibyte keeps the validator busy for minutes, outside every limit of
the sandbox. So a large value is shown shortened, and small ones are explained as everywhere else.
"""

from collections.abc import Callable, Generator

import pytest
from _pytest._io.saferepr import saferepr
from _pytest.assertion import util

from bitsec_eval.plugin.collection.tasks import CHECK

MOST_UNITS = 8192
"""How many characters, numbers and the like two compared values may hold to be explained."""

Explain = Callable[[str, object, object], str | None]


class AssertionLimits:
    """While a check is called, failed comparisons of large values are told in one line."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        """Put ourselves in front of pytest's explanations, which it installs for each test."""
        explain = util._reprcompare
        if CHECK in item.stash and explain is not None:
            util._reprcompare = bounded(explain)
        try:
            return (yield)
        finally:
            util._reprcompare = explain


def bounded(explain: Explain) -> Explain:
    """Return `explain` for small values, and a line for large ones."""

    def explained(operator: str, left: object, right: object) -> str | None:
        if units([left, right], MOST_UNITS) <= MOST_UNITS:
            return explain(operator, left, right)
        line = f"{saferepr(left)} {operator} {saferepr(right)} (too large to explain)"
        return line.replace("\n", "\\n").replace("%", "%%")

    return explained


def units(value: object, enough: int) -> int:
    """Return how many characters and elements a value holds, however deep; counting stops beyond `enough`.

    >>> units(["abc", {1: (2, 3)}], 100)
    14
    """
    total, pending = 0, [value]
    while pending and total <= enough:
        current = pending.pop()
        if isinstance(current, (str, bytes)):
            total += len(current)
        elif isinstance(current, int):
            total += 1 + current.bit_length() // 8
        elif isinstance(current, (list, tuple, set, frozenset, dict)):
            total += 1 + len(current)
            pending += list(current)[:enough]
            pending += list(current.values())[:enough] if isinstance(current, dict) else []
        else:
            total += 1
    return total
