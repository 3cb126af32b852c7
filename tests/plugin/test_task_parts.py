"""A task's parts change with what could change an outcome, each by its name, and with nothing else."""

import pytest

from bitsec_eval.core.tasks.task import Task
from bitsec_eval.plugin.collection.task_parts import digest_of_parts, parts_of

FILE = '''"""A task."""
from bitsec_eval import Task
TASK = Task(prompt="Print a function f.", workspace="code", timeout=5)
def test_f(solution):
    assert solution.f() == 1
'''


@pytest.fixture
def suite(tmp_path):
    folder = tmp_path / "task_suites" / "coding"
    folder.mkdir(parents=True)
    (folder / "test_f.py").write_text(FILE)
    return folder


def parts(suite, **told):
    namespace = {}
    exec((suite / "test_f.py").read_text().partition("def ")[0], namespace)
    task = namespace["TASK"]
    assert isinstance(task, Task)
    made = {"projects": [{"a.py": b"1"}], "scenario": {}, "drawn": "", "kind": "code", "protocol": "cli"}
    return parts_of(task, suite / "test_f.py", **made | told)


def changed(suite, before, **told):
    after = parts(suite, **told)
    assert (digest_of_parts(before) != digest_of_parts(after)) == (before != after)
    return {name for name in before if before[name] != after[name]}


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("Print a function f.", "Print a function g.", {"prompt"}),
        ("== 1", "== 2", {"checks"}),
        ("def test_f", "import math\ndef test_f", {"checks"}),
        ("timeout=5", "timeout=6", {"limits"}),
        ("timeout=5", "timeout=5, memory_mib=512", {"limits"}),
        ("timeout=5", 'timeout=5, rename=["f"]', {"workspace"}),
        ("timeout=5", 'timeout=5, protocol="agent_main"', set()),  # as the evaluation says, see below
        ("def test_f", "# a comment\ndef test_f", set()),
        ('"""A task."""', '"""The task."""', set()),
        ("== 1\n", "==  1\n\n\n", set()),
    ],
)
def test_each_change_is_found_in_its_part(suite, old, new, part):
    before = parts(suite)
    (suite / "test_f.py").write_text(FILE.replace(old, new))

    assert changed(suite, before) == part


@pytest.mark.parametrize(
    ("told", "part"),
    [
        ({"projects": [{"a.py": b"2"}]}, {"workspace"}),
        ({"projects": [{"b.py": b"1"}]}, {"workspace"}),
        ({"projects": [{"a.py": b"1"}, {"a.py": b"2"}]}, {"workspace"}),
        ({"drawn": "other statements"}, {"workspace"}),
        ({"scenario": {"S.sol": b"contract S {}"}}, {"scenario"}),
        ({"kind": "answer"}, {"kind"}),
        ({"protocol": "agent_main"}, {"kind"}),
    ],
)
def test_what_lies_beside_the_file_counts(suite, told, part):
    assert changed(suite, parts(suite), **told) == part


@pytest.mark.parametrize("place", [".", ".."])
def test_a_conftest_of_the_suites_is_part_of_the_checks(suite, place):
    before = parts(suite)
    (suite / place / "conftest.py").write_text("LIMIT = 1\n")

    assert changed(suite, before) == {"checks"}


def test_a_conftest_above_the_suites_is_not(suite):
    before = parts(suite)
    (suite.parent.parent / "conftest.py").write_text("LIMIT = 1\n")

    assert changed(suite, before) == set()
