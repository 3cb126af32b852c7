"""`bitsec-eval check` finds what an evaluation would refuse, one line for each, without an engine or agents."""

from pathlib import Path

import pytest

from bitsec_eval.cli import main

GOOD = """from bitsec_eval import Task

TASK = Task(prompt="Implement f().")


def test_it(solution):
    assert solution.f() == 1
"""


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A suite with one right task, on a machine without an engine."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    folder = tmp_path / "task_suites/suite"
    folder.mkdir(parents=True)
    (folder / "test_good.py").write_text(GOOD)
    return folder


@pytest.mark.usefixtures("suite")
def test_a_right_suite_needs_no_engine(capsys: pytest.CaptureFixture[str]):
    assert main(["check", "task_suites"]) == 0
    assert capsys.readouterr().out == "1 check, nothing wrong\n"


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        (GOOD.replace("prompt", "promt"), 3, "promt"),
        (GOOD.replace("TASK =", "task ="), 3, "did you mean TASK?"),
        (GOOD.replace("(solution)", "()").replace("solution.f()", "1"), 6, "must look at what the agent did"),
        (GOOD.replace("def test_it(solution):", "def test_it(solution:"), 6, "SyntaxError"),
        (GOOD.replace("import Task", "import Task\nimport nothing_such"), 2, "nothing_such"),
        (GOOD.replace('prompt="Implement f()."', 'prompt="p", workspace="none"'), 3, "workspace"),
    ],
)
def test_a_fault_is_a_line_with_file_and_line(
    suite: Path, source: str, line: int, words: str, capsys: pytest.CaptureFixture[str]
):
    (suite / "test_bad.py").write_text(source)

    assert main(["check", "task_suites"]) == 1
    (told,) = capsys.readouterr().out.splitlines()
    assert told.startswith(f"task_suites/suite/test_bad.py:{line}: ")
    assert words in told


def test_a_folder_without_a_task_is_a_fault(suite: Path, capsys: pytest.CaptureFixture[str]):
    (suite / "test_good.py").unlink()

    assert main(["check", "task_suites"]) == 1
    assert capsys.readouterr().out == "no task in there\n"


@pytest.mark.usefixtures("suite")
def test_a_path_that_is_not_there_is_one_line(capsys: pytest.CaptureFixture[str]):
    assert main(["check", "task_suite"]) == 2
    assert capsys.readouterr().err == "bitsec-eval check: task_suite: no such file or folder\n"
