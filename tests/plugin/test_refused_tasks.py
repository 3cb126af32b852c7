"""No task vanishes from a board that calls itself final: a wrong one is refused in one line, with file and line."""

import sys
from pathlib import Path

import pytest
from plugin.evaluations import BAD, GOOD, REVERSE_TASK, Ran, command, lay_out, run

PYTEST = (sys.executable, "-m", "pytest", "--bitsec-agents=agents")
HEAD = 'from bitsec_eval import Task\n\nTASK = Task(prompt="Implement reverse_string(s).")\n\n'
CHECK = "def test_word(solution):\n    assert solution.reverse_string('ab') == 'ba'\n"
OTHER_NAME = HEAD.replace("TASK", "{name}") + CHECK

WRONG = {
    "lower case": (OTHER_NAME.format(name="task"), "3: task = Task(...) is no task; did you mean TASK?"),
    "the class's name": (OTHER_NAME.format(name="Task"), "3: Task = Task(...) is no task; did you mean TASK?"),
    "misspelt": (OTHER_NAME.format(name="TAKS"), "3: TAKS = Task(...) is no task; did you mean TASK?"),
    "no TASK at all": (CHECK, "1: test_word is a check, but the file has no TASK; write TASK = Task(...)"),
    "a list": (
        HEAD.replace("Task(p", "[Task(p").replace('")', '")]') + CHECK,
        "3: TASK must be a bitsec_eval.Task, got list",
    ),
    "no check": (HEAD + CHECK.replace("test_", "check_"), "3: TASK has no check; write functions test_* that use"),
    "no check is to be collected": (f"__test__ = False\n{HEAD}{CHECK}", "4: TASK has no check; write functions"),
    "unittest": (
        f"import unittest\n{HEAD}class TestIt(unittest.TestCase):\n    def test_it(self): pass\n\n{CHECK}",
        "6: TestIt is a unittest.TestCase, whose tests can use no fixture; write functions test_*(solution)",
    ),
    "a class with __init__": (
        f"{HEAD}class TestIt:\n    def __init__(self): pass\n    def test_it(self, solution): pass\n\n{CHECK}",
        "5: pytest collects no test of class TestIt; remove its __init__ or write functions",
    ),
    "a field that is not there": (
        HEAD.replace("prompt", "promt") + CHECK,
        "3: TypeError: Task.__init__() got an unexpected keyword argument 'promt'; did you mean prompt?",
    ),
    "an import that fails": (f"import no_such_module\n{HEAD}{CHECK}", "1: ModuleNotFoundError: No module named"),
    "a syntax error": (f"{HEAD}def test_word(solution) -> None\n", "5: SyntaxError: expected ':'"),
    "a file that skips itself": (
        f"import pytest\n{HEAD}pytest.skip('later', allow_module_level=True)\n",
        "4: the file skips itself, and a task is never skipped; remove pytest.skip",
    ),
    "a check that looks at nothing": (
        f"{HEAD}def test_nothing():\n    pass\n",
        "5: test_nothing uses none of answer",
    ),
    "a check that is an async generator": (
        f"{HEAD}async def test_word(solution):\n    yield\n",
        "5: test_word holds a yield, so it would not be run; write it without",
    ),
    "an async fixture that nobody awaits": (
        f"import pytest\n{HEAD}@pytest.fixture\nasync def made(solution):\n    return solution\n\n"
        "async def test_word(made):\n    assert made.reverse_string('ab') == 'ba'\n",
        "10: test_word uses the fixture made, which is async and would not be run; write it without async",
    ),
    "a check that returns its verdict": (
        f"import pytest\n{HEAD}@pytest.mark.weight(2)\n" + CHECK.replace("assert", "return"),
        "8: test_word returns a comparison, at which nobody looks; write assert",
    ),
    "a check that returns what all say": (
        f"{HEAD}class TestIt:\n    def test_it(self, solution):\n        if solution:\n"
        "            return all(solution.reverse_string(s) == s for s in 'ab')\n",
        "8: test_it returns a comparison, at which nobody looks; write assert",
    ),
    "two checks of one name": (
        f"{HEAD}{CHECK}\n\n{CHECK}",
        "9: test_word is defined in line 5 too, which this one replaces; rename one of them",
    ),
    "two checks of one name in a class": (
        f"{HEAD}class TestIt:\n" + 2 * "    def test_it(self, solution): pass\n\n",
        "8: test_it is defined in line 6 too, which this one replaces; rename one of them",
    ),
    "a check repeated under a decorator": (
        f"import pytest\n{HEAD}{CHECK}@pytest.mark.weight(2)\nasync {CHECK}",
        "9: test_word is defined in line 6 too, which this one replaces; rename one of them",
    ),
    "two helpers of one name": (
        f"{HEAD}def pair(): return 1\n\ndef pair(): return 2\n\n{CHECK}",
        "7: pair is defined in line 5 too, which this one replaces; rename one of them",
    ),
    "a wrong weight": (
        f"import pytest\n{HEAD}@pytest.mark.weight(0)\n{CHECK}",
        "6: suite/test_wrong.py::test_word[bad]: the weight marker takes one positive number",
    ),
}


def refused(folder: Path, source: str, *arguments: str, name: str = "suite/test_wrong.py") -> Ran:
    lay_out(folder, {"good": GOOD, "bad": BAD}, {"suite/test_right.py": REVERSE_TASK, name: source})
    return run(folder, *PYTEST, "-q", "--tb=no", *arguments, COLUMNS="80")


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_task_is_refused_in_one_uncut_line(tmp_path: Path, case: str):
    source, words = WRONG[case]

    ran = refused(tmp_path, source)

    told = [line for line in ran.lines if line.startswith("ERROR: ")]
    assert len(told) == 1, ran.output
    assert told[0].startswith(f"ERROR: suite/test_wrong.py:{words}")
    assert ran.status == 4
    assert not (tmp_path / "results/junit.xml").exists()


def test_checks_that_end_early_or_hold_functions_are_left_alone(tmp_path: Path):
    source = (
        HEAD
        + CHECK
        + (
            "    def same(a): return a == 'ab'\n    if same('ba'):\n        return\n"
            "    if same('ab'):\n        return None\n    return print()\n"
        )
    )

    assert refused(tmp_path, source, "--collect-only").status == 0


def test_names_that_are_repeated_on_purpose_are_left_alone(tmp_path: Path):
    source = (
        "from typing import overload\nimport sys\n" + HEAD + "@overload\ndef pair(a: int) -> int: ...\n"
        "@overload\ndef pair(a: str) -> str: ...\ndef pair(a): return a\n\n"
        "class Box:\n    @property\n    def size(self): return 1\n    @size.setter\n    def size(self, it): pass\n\n"
        "if sys.platform:\n    def either(): return 1\nelse:\n    def either(): return 2\n\n"
        "def outer():\n    def pair(): return 1\n    return pair\n\n" + CHECK
    )

    assert refused(tmp_path, source, "--collect-only").status == 0


def test_a_task_in_a_file_that_pytest_passes_over_is_refused(tmp_path: Path):
    ran = refused(tmp_path, HEAD + CHECK, name="suite/reverse_again.py")

    assert "ERROR: suite/reverse_again.py:3: a task's file is called test_*.py; rename reverse_again.py" in ran.lines
    assert ran.status == 4
    assert "nothing was evaluated" in ran.output


def test_files_that_are_no_tasks_are_left_alone(tmp_path: Path):
    tasks = {
        "suite/test_x.py": f"from shared import WORD\n{HEAD}{CHECK}",
        "suite/shared.py": "WORD = 'ab'\n",
        "suite/test_helper.py": "def test_it():\n    pass\n",
    }
    lay_out(tmp_path, {"good": GOOD}, tasks)

    ran = run(tmp_path, *PYTEST, "--collect-only", "-q")

    assert ran.status == 0, ran.output
    assert ran.lines[:2] == ["suite/test_helper.py::test_it", "suite/test_x.py::test_word[good]"]


@pytest.mark.usefixtures("docker_cli")
def test_an_evaluation_in_which_nothing_ran_replaces_nothing(tmp_path: Path):
    lay_out(tmp_path, {"good": GOOD}, {"suite/test_right.py": REVERSE_TASK})
    run(tmp_path, *PYTEST)
    before = {path: path.read_bytes() for path in (tmp_path / "results").rglob("*") if path.is_file()}
    (tmp_path / "suite/test_wrong.py").write_text(WRONG["misspelt"][0])

    ran = run(tmp_path, *PYTEST)

    assert {path: path.read_bytes() for path in (tmp_path / "results").rglob("*") if path.is_file()} == before
    assert len(before) > 4
    assert ran.status == 4
    told = " ".join(line.strip() for line in ran.lines)
    assert "nothing was evaluated, and results/ is as it was; correct the files named above and give the same" in told


STOPS = """
import os

def pytest_runtest_setup(item):
    if os.environ.get("STOP"):
        raise KeyboardInterrupt
"""


@pytest.mark.usefixtures("docker_cli")
def test_an_evaluation_that_is_interrupted_before_its_first_check_replaces_no_result(tmp_path: Path):
    lay_out(tmp_path, {"good": GOOD, "bad": BAD}, {"suite/test_right.py": REVERSE_TASK})
    run(tmp_path, *PYTEST)
    (tmp_path / "conftest.py").write_text(STOPS)
    shown = ("junit.xml", "leaderboard.json", "leaderboard.html")
    before = [(tmp_path / "results" / name).read_bytes() for name in shown]

    stopped = run(tmp_path, *PYTEST, STOP="1")

    assert [(tmp_path / "results" / name).read_bytes() for name in shown] == before
    assert "interrupted before a check was done, and results/ shows what it did before" in stopped.output
    assert stopped.status == 2
    resumed = run(tmp_path, *PYTEST, "--bitsec-resume")
    assert {row["agent"]: row["score"] for row in resumed.board()["agents"]} == {"good": 100.0, "bad": 0.0}


@pytest.mark.usefixtures("docker_cli")
@pytest.mark.parametrize(
    ("arguments", "missing", "status"),
    [
        (("--continue-on-collection-errors",), "suite/wrong", 4),
        (("--continue-on-collection-errors", "-n", "2"), "suite/wrong", 4),
        (("--deselect=suite/test_right.py",), "suite/right", 1),
        (("-k", "not test_reverses"), "suite/right", 1),
        (("--ignore=suite/test_right.py",), "suite/right", 1),
    ],
)
def test_a_task_that_was_there_and_did_not_run_makes_the_board_provisional(
    tmp_path: Path, arguments: tuple[str, ...], missing: str, status: int
):
    second = WRONG["misspelt"][0] if missing.endswith("wrong") else HEAD + CHECK

    ran = refused(tmp_path, second, *arguments)

    board = ran.board()
    assert f"rewards are provisional: not run: {missing}" in ran.lines, ran.output
    assert board["provisional"]
    assert {row["agent"]: row["score"] for row in board["agents"]} == {"good": 100.0, "bad": 0.0}
    assert ran.status == status


@pytest.mark.usefixtures("docker_cli")
def test_what_one_shard_leaves_out_and_another_runs_is_not_missing(tmp_path: Path):
    lay_out(tmp_path, {"good": GOOD}, {"suite/test_one.py": HEAD + CHECK, "suite/test_two.py": HEAD + CHECK})
    shards = []
    for name in ("one", "two"):
        run(tmp_path, *PYTEST, f"--deselect=suite/test_{name}.py", f"--junitxml={name}.xml")
        shards.append(str(tmp_path / f"{name}.xml"))

    board = Ran(tmp_path, 0, "").board(*shards)

    assert not board["provisional"]
    assert board["tasks"] == ["suite/one", "suite/two"]


@pytest.mark.usefixtures("docker_cli")
def test_equal_file_names_in_two_suites_are_two_tasks(tmp_path: Path):
    lay_out(tmp_path, {"good": GOOD}, {"one/test_x.py": HEAD + CHECK, "two/test_x.py": HEAD + CHECK})

    ran = run(tmp_path, *PYTEST)

    assert ran.board()["tasks"] == ["one/x", "two/x"]
    assert ran.scores() == {"good": 100.0}


@pytest.mark.parametrize("option", ["--setup-plan", "--setup-only", "--collect-only"])
def test_what_runs_nothing_writes_no_board(tmp_path: Path, option: str):
    lay_out(tmp_path, {"good": GOOD}, {"suite/test_right.py": REVERSE_TASK})

    ran = run(tmp_path, *PYTEST, option)

    assert ran.status == 0
    assert "leaderboard" not in ran.output
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("plugin", ["junitxml", "python"])
def test_a_plugin_that_is_needed_and_switched_off_is_named(tmp_path: Path, plugin: str):
    lay_out(tmp_path, {"good": GOOD}, {"suite/test_right.py": REVERSE_TASK})

    ran = run(tmp_path, *PYTEST, "-p", f"no:{plugin}")

    assert ran.status == 4
    assert f"pytest's plugin {plugin} is switched off, and" in ran.output
    assert len(ran.output.strip().splitlines()) == 1


DRAWN = """
from hypothesis import HealthCheck, given, settings, strategies as st
from bitsec_eval import Task

TASK = Task(prompt="Implement reverse_string(s).")


@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.text(min_size=2, max_size=4))
def test_drawn(solution, s):
    assert solution.reverse_string(s) == s[::-1]


async def test_awaited(solution):
    assert solution.reverse_string("abc") == "cba"


def test_probed(solution):
    assert not hasattr(solution, "no_such_thing")
    assert getattr(solution, "no_such_thing", 7) == 7
    assert solution.reverse_string("ab") == "ba"


def test_used(solution):
    with pytest.raises(Exception):
        solution.no_such_thing("ab")
"""


@pytest.mark.usefixtures("docker_cli")
def test_drawn_and_awaited_checks_work_and_what_tools_probe_for_is_simply_not_there(tmp_path: Path):
    lay_out(tmp_path, {"good": GOOD, "bad": BAD}, {"suite/test_x.py": f"import pytest\n{DRAWN}"})

    ran = run(tmp_path, *PYTEST)

    lost = {"bad": {"test_drawn", "test_awaited", "test_probed", "test_used"}, "good": {"test_used"}}
    for row in ran.board()["agents"]:
        checks = row["tasks"]["suite/x"]["checks"]
        assert {name for name, outcome in checks.items() if outcome == "failed"} == lost[row["agent"]]


LOUD = 'raise SystemExit("no")\n'


@pytest.mark.usefixtures("docker_cli")
@pytest.mark.parametrize("on_ci", ["", "true"])
def test_an_agents_fault_is_one_line_for_each_check_without_any_pytest_ini(tmp_path: Path, on_ci: str):
    lay_out(tmp_path, {"good": GOOD, "loud": LOUD, "bad": BAD}, {"suite/test_x.py": REVERSE_TASK})
    (tmp_path / "pytest.ini").unlink()

    ran = run(tmp_path, *PYTEST, COLUMNS="80", CI=on_ci)

    told = [line for line in ran.lines if line.startswith("LOST ")]
    assert len(told) == 4, ran.output
    assert "bitsec_eval/" not in ran.output
    assert len(ran.lines) < 25, ran.output
    progress = next(line for line in ran.lines if line.startswith("suite/test_x.py "))
    assert progress.split()[1] == "--..--"


@pytest.mark.usefixtures("docker_cli")
def test_with_a_traceback_asked_for_an_agents_fault_is_still_one_line(tmp_path: Path):
    lay_out(tmp_path, {"loud": LOUD}, {"suite/test_x.py": REVERSE_TASK})

    ran = run(tmp_path, *PYTEST, "--tb=long", "-n", "2")

    assert ran.output.count("AnswerFault: the agent ended with status 1") >= 2
    assert "bitsec_eval/" not in ran.output


@pytest.mark.usefixtures("docker_cli")
def test_options_without_effect_say_so_once(tmp_path: Path):
    lay_out(tmp_path, {"good": GOOD}, {"suite/test_x.py": REVERSE_TASK})

    ran = run(tmp_path, *PYTEST, "--timeout=100")

    assert ran.output.count("--timeout has no effect on checks: TASK says how long an agent and a call may take") == 1


@pytest.mark.usefixtures("docker_cli")
def test_a_file_beside_the_folder_of_tasks_is_nobodys_business(tmp_path: Path):
    """pytest looks into every folder above what it is given where that lies in several places."""
    lay_out(tmp_path, {"good": GOOD}, {"here/test_a.py": REVERSE_TASK, "there/test_b.py": REVERSE_TASK})
    (tmp_path / "notes.py").write_text(REVERSE_TASK)

    ran = run(tmp_path, *command("-q", "here", "there/test_b.py"))

    assert ran.scores() == {"good": 100.0}, ran.output
