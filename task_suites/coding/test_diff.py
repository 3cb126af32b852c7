"""Compare two texts line by line in as few changes as can be: checked by what the changes lead to."""

import random

import pytest

from bitsec_eval import Task

TASK = Task(
    prompt="""\
Implement diff(old: list[str], new: list[str]) -> list[tuple[str, str]], which compares two lists of lines.

The result is a list of steps: (" ", line) for a line that is kept, ("-", line) for one of old that goes and
("+", line) for one of new that comes.
The lines of the " " and "-" steps are old, in order; those of the " " and "+" steps are new.
No other such list has fewer "-" and "+" steps.
Between two kept lines, before the first and after the last, all "-" stand before all "+".

Lists may have a few hundred lines.

Example:
    diff(["a", "b", "c"], ["a", "x", "c"]) == [(" ", "a"), ("-", "b"), ("+", "x"), (" ", "c")]
""",
    timeout=20,
)


def _kept(old, new):
    """Return how many lines two lists can keep: the length of their longest common subsequence."""
    row = [0] * (len(new) + 1)
    for line in old:
        before = row[:]
        for place, other in enumerate(new, 1):
            row[place] = before[place - 1] + 1 if line == other else max(before[place], row[place - 1])
    return row[-1]


def _check(steps, old, new):
    """Check that the steps lead from old to new, with as few changes as can be, removals first."""
    assert isinstance(steps, list)
    assert [line for sign, line in steps if sign in {" ", "-"}] == old
    assert [line for sign, line in steps if sign in {" ", "+"}] == new
    signs = "".join(sign for sign, _ in steps)
    assert signs.count(" ") == _kept(old, new)
    assert "+-" not in signs


def _lines(seed, count, words):
    chance = random.Random(seed)  # noqa: S311 - the same lines every time is the point
    return [chance.choice(words) for _ in range(count)]


def test_keeps_what_both_have(solution):
    assert solution.diff(["p", "q"], ["p", "q", "r"]) == [(" ", "p"), (" ", "q"), ("+", "r")]


def test_removes_before_it_adds(solution):
    assert solution.diff(["k", "one", "two"], ["k", "uno", "dos"]) == [
        (" ", "k"), ("-", "one"), ("-", "two"), ("+", "uno"), ("+", "dos"),
    ]  # fmt: skip


def test_finds_changes_at_the_beginning(solution):
    assert solution.diff(["x", "y", "z"], ["w", "y", "z"]) == [("-", "x"), ("+", "w"), (" ", "y"), (" ", "z")]


def test_compares_with_nothing(solution):
    steps = [solution.diff(old, new) for old, new in (([], []), (["m"], []), ([], ["n", ""]), (["o"], ["o"]))]

    assert steps == [[], [("-", "m")], [("+", "n"), ("+", "")], [(" ", "o")]]


def test_tells_lines_apart_that_look_alike(solution):
    assert solution.diff(["a ", "b"], ["a", "b"]) == [("-", "a "), ("+", "a"), (" ", "b")]


def test_keeps_as_much_as_can_be_kept(solution):
    old, new = list("xaxcxabc"), list("abcyaxxc")

    _check(solution.diff(old, new), old, new)


@pytest.mark.weight(2)
def test_is_minimal_where_lines_repeat(solution):
    for seed in range(4):
        old, new = _lines(seed, 14, "abc"), _lines(seed + 100, 12, "abc")

        _check(solution.diff(old, new), old, new)


def test_is_minimal_for_a_few_hundred_lines(solution):
    old, new = _lines(7, 250, "abcdefgh"), _lines(8, 300, "abcdefgh")

    _check(solution.diff(old, new), old, new)
