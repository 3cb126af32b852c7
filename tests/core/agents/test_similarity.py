"""A copy keeps its structure under new names, comments and layout; unrelated programs share little of their shape."""

import ast
import inspect
import json.decoder
import random
import shlex

import pytest

from bitsec_eval.core.agents.similarity import likeness, resemblance

PROGRAM = '''
"""Adds up."""
import os, sys as system

def total(items: list[int], start: int = 0) -> int:
    """Return the sum."""
    result: int = start
    for item in items:
        result += item  # one by one
    return result

class Box:
    size: int
    def fill(self, n):
        pass
        return [f"{total([n])}" for _ in range(n)]
'''


def structure(source: str) -> str:
    return likeness(ast.parse(source)).structure


def share(one: str, other: str) -> float:
    a, b = likeness(ast.parse(one)).prints, likeness(ast.parse(other)).prints
    return resemblance(a, b, len(b))


def renamed(source: str) -> str:
    for old, new in (("total", "zz"), ("items", "q"), ("item", "w"), ("result", "acc"), ("Box", "Crate")):
        source = source.replace(old, new)
    return source


@pytest.mark.parametrize(
    "copy",
    [
        renamed(PROGRAM),
        ast.unparse(ast.parse(PROGRAM)),
        PROGRAM.replace('    """Return the sum."""\n', "").replace("        pass\n", ""),
        PROGRAM.replace(" -> int", "").replace(": int = start", " = start").replace("    size: int\n", ""),
        PROGRAM.replace("# one by one", "# all of them").replace("    ", "        "),
        PROGRAM.replace("import os, sys as system", "import os as o, sys"),
    ],
    ids=["renamed", "reformatted", "without docstrings", "without annotations", "other comments", "other aliases"],
)
def test_a_copy_in_other_clothes_has_the_same_structure(copy):
    assert copy != PROGRAM
    assert structure(copy) == structure(PROGRAM)


@pytest.mark.parametrize(
    ("old", "new"),
    [("+=", "-="), ("start: int = 0", "start: int = 1"), ("import os", "import re"), ("range(n)", "range(n, n)")],
)
def test_another_program_has_another_structure(old, new):
    assert structure(PROGRAM.replace(old, new)) != structure(PROGRAM)


def test_swapped_names_are_another_program():
    assert structure("def f(a, b): return a - b") != structure("def f(a, b): return b - a")


def test_shuffled_functions_and_padding_are_still_alike():
    functions = ast.parse(inspect.getsource(shlex)).body
    shuffled = random.Random(1).sample(functions, len(functions))
    copy = "\n".join(ast.unparse(each) for each in shuffled) + "\nprint('padding')" * 20

    assert share(inspect.getsource(shlex), copy) > 0.9


def test_unrelated_programs_are_not_alike():
    assert share(inspect.getsource(shlex), inspect.getsource(json.decoder)) < 0.5


def test_very_small_programs_are_never_called_alike():
    assert share("print(1)", "print(1)") == 0.0


def test_compares_deep_and_huge_values_without_recursion():
    deep = "x = " + "+".join(["1"] * 900)

    assert structure(deep) == structure(deep)
    assert structure(f"x = {'0x' + 'f' * 9000}") != structure("x = 0xff")
    assert structure("x = '\\ud800'") == structure("y = '\\ud800'")
