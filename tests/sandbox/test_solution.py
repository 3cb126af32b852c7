"""A solution is called through a sandbox: values cross type-exact, and nothing it does can pass for one."""

import math

import pytest
from core.answers.test_values import PLAIN, shape
from hypothesis import HealthCheck, given, settings
from sandbox.sessions import calls_on, solution_of

from bitsec_eval.core.errors import AnswerFault, SolutionError
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.api import Sandbox
from bitsec_eval.sandbox.execution.solution import Handle, RemoteFunction, RemoteSolution


@pytest.fixture(scope="module")
def same(engine: Sandbox):
    """A solution that returns what it is given."""
    with solution_of(engine, "def same(x): return x\n", Limits(wall_seconds=3600)) as solution:
        yield solution.same


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PLAIN)
def test_values_cross_both_ways_type_exact(same: RemoteFunction, value: object):
    assert shape(same(value)) == shape(value)


def test_odd_floats_and_large_numbers_cross(same: RemoteFunction):
    assert math.isnan(same(math.nan))
    assert same(-0.0).hex() == "-0x0.0p+0"
    assert same(7**50_000) == 7**50_000


STACK = """
from collections import namedtuple

VERSION = 3
Point = namedtuple("Point", "x y")

class Stack:
    def __init__(self):
        self.items = []
        self.name = "s"
    def push(self, item):
        self.items.append(item)
        return self
    def pop(self):
        return self.items.pop()
    def __len__(self):
        return len(self.items)
    def __getitem__(self, index):
        return self.items[index]
    def __contains__(self, item):
        return item in self.items
    @property
    def broken(self):
        raise AttributeError("inner")

def count(n):
    yield from range(n)

def adder(n):
    return lambda x: x + n

def total(stack):
    return sum(stack.items)

def pairs():
    return {"stacks": [Stack(), Stack()], "point": Point(1, 2)}
"""


def test_objects_stay_behind_and_are_used_through_handles(sandbox: Sandbox):
    with solution_of(sandbox, STACK) as solution:
        stack = solution.Stack()
        assert isinstance(stack.push(1), Handle)
        stack.push({"a": 2}).push(3)

        assert (len(stack), stack[0], 3 in stack, 9 in stack) == (3, 1, True, False)
        assert (stack.pop(), stack.pop(), stack.name, solution.VERSION) == (3, {"a": 2}, "s", 3)
        assert list(solution.count(4)) == [0, 1, 2, 3]
        assert solution.adder(2)(3) == 5
        assert solution.total(stack) == 1
        assert solution.pairs()["stacks"][1].push(5).pop() == 5
        assert solution.pairs()["point"] != (1, 2)  # a subclass of tuple is not a tuple
        with pytest.raises(SolutionError, match="AttributeError: inner"):
            _ = stack.broken


def test_each_check_starts_with_a_fresh_module_and_an_empty_tmp(sandbox: Sandbox):
    source = """
import os
STATE = []
def note():
    STATE.append(1)
    open("/tmp/left" + str(len(os.listdir("/tmp"))), "w")
    if os.fork() == 0:
        import time
        time.sleep(60)
        os._exit(0)
    return len(STATE), len(os.listdir("/tmp")), sum(name.isdigit() for name in os.listdir("/proc"))
"""
    with calls_on(sandbox, source) as calls:
        first = RemoteSolution(calls).note()
        calls.begin()

        assert RemoteSolution(calls).note() == first == (1, 1, 3)


def test_an_exception_is_a_solution_error_with_its_type_and_text(sandbox: Sandbox):
    source = """
class Odd(Exception):
    def __str__(self):
        return 1 / 0
def fail(kind, text):
    raise {"V": ValueError, "K": KeyError, "O": Odd}[kind](text)
def deep():
    return deep()
"""
    with solution_of(sandbox, source) as solution:
        with pytest.raises(SolutionError, match="ValueError: bad") as raised:
            solution.fail("V", "bad")
        assert (raised.value.type, raised.value.message) == ("ValueError", "bad")
        with pytest.raises(SolutionError, match="Odd: .its message cannot be shown."):
            solution.fail("O", "x")
        with pytest.raises(SolutionError, match="RecursionError"):
            solution.deep()


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def g(): pass", "the solution defines no '(f|anything_else)'"),
        ("def f():\n    while True: pass", "calling f: the solution took longer than 2 s"),
        ("def f():\n    import os; os._exit(3)", r"calling f: the solution's process ended \(status 3\)"),
        ("def f():\n    raise SystemExit", r"calling f: the solution's process ended \(status 0\)"),
        ("def f():\n    import ctypes; ctypes.string_at(0)", "ended .signal 11."),
        ("def f(): return 'x' * (2 << 20)", "calling f: the value is larger than 1048576 bytes"),
        ("def f():\n    x = []\n    x.append(x)\n    return x", "the value nests deeper than 60 levels"),
        ("def f(): return 1 << (1 << 21)", "the value holds an int of 2097153 bits"),
        ("def f(): return {(1, frozenset([2])): bytearray(1 << 30)}", "most likely for using more memory"),
    ],
)
def test_what_is_no_exception_of_the_solutions_is_an_answer_fault_that_stays(
    sandbox: Sandbox, source: str, words: str
):
    with calls_on(sandbox, source) as calls:
        solution = RemoteSolution(calls)
        with pytest.raises(AnswerFault, match=words):
            solution.f()
        with pytest.raises(AnswerFault, match=words):
            solution.anything_else()

        calls.begin()
        assert calls.fault is None


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("def f(:", "neither Python source nor holds a fenced python block"),
        (b"\xff", "the answer is not UTF-8"),
        ("1 / 0", "loading the answer raised ZeroDivisionError: division by zero"),
        ("import os; os._exit(0)", r"the solution's process ended \(status 0\)"),
        ("while True: pass", "loading the answer: the solution took longer than 2 s"),
        ("x = " + "-" * 100_000 + "1", "loading the answer"),
    ],
)
def test_an_answer_that_does_not_load_says_why(sandbox: Sandbox, answer: str | bytes, words: str):
    with calls_on(sandbox, answer) as calls:
        assert isinstance(calls.fault, AnswerFault)
        with pytest.raises(AnswerFault, match=words):
            raise calls.fault


def test_the_last_fenced_python_block_counts_where_the_whole_is_no_python(sandbox: Sandbox):
    answer = "First:\n```python\nX = 1\n```\nNo, better:\n```py\nX = 2\n```\nand\n```\nX = 3\n```\n"

    with solution_of(sandbox, answer) as solution:
        assert solution.X == 2


LIARS = {
    "a list that equals everything": "class E(list):\n    __eq__ = lambda *a: True\ndef f(): return E()",
    "an int that equals everything": "class E(int):\n    __eq__ = lambda *a: True\ndef f(): return E(3)",
    "a bool for an int": "def f(): return True",
    "a float for an int": "def f(): return 1.0",
}


@pytest.mark.parametrize("lie", LIARS)
def test_a_lying_value_is_only_what_it_is(sandbox: Sandbox, lie: str):
    with solution_of(sandbox, LIARS[lie]) as solution:
        value = solution.f()

        assert not (value == 1 and type(value) is int)
        assert value != [1]


FORGERS = {
    "a reply to no call": '{"id":"00","value":["i","0x2a"]}',
    "a verdict": '{"id":ID,"ok":true,"passed":true}',
    "two replies in one": '{"id":ID,"value":["i","0x2a"],"callable":"x"}',
    "a duplicate key": '{"id":ID,"value":["n"],"value":["i","0x2a"]}',
    "a wrong form": '{"id":ID,"value":["i",42]}',
    "nan": '{"id":ID,"value":NaN}',
}


@pytest.mark.parametrize("forgery", FORGERS)
def test_a_forged_reply_is_a_fault_and_never_a_value(sandbox: Sandbox, forgery: str):
    """The solution reaches into its own process's runner, which nothing trusts."""
    source = f"""
import gc, json, os, sys
def f():
    worker = next(o for o in gc.get_objects() if type(o).__name__ == "Worker")
    text = {FORGERS[forgery]!r}
    type(worker).send = lambda self, reply: sys.modules["__main__"].send(
        self.replies, "V", text.replace("ID", json.dumps(reply["id"])).encode())
    return 0
"""
    with solution_of(sandbox, source) as solution, pytest.raises(AnswerFault, match="calling f: the "):
        solution.f()


def test_time_for_all_calls_of_a_check_is_limited_too(sandbox: Sandbox):
    source = "import time\ndef f():\n    time.sleep(0.4)\n"

    with (
        solution_of(sandbox, source, Limits(wall_seconds=0.5, call_seconds=0.5)) as solution,
        pytest.raises(AnswerFault, match="took longer than 0\\.\\d+ s"),
    ):
        for _ in range(4):
            solution.f()


def test_an_argument_that_is_not_plain_is_the_checks_mistake(sandbox: Sandbox):
    with solution_of(sandbox, "def f(x): return x") as solution:
        with pytest.raises(TypeError, match="an argument cannot be passed to the solution: object is not plain data"):
            solution.f(object())
        assert solution.f(1) == 1
