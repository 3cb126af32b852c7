"""`bitsec-eval check` finds what an evaluation would refuse, one line for each, without an engine or agents.

Patch and exploit tasks it runs as well, where there is an engine, and says so where there is none.
"""

import shutil
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


PROOF = Path(__file__).parents[2] / "task_suites/proof"
CASE = "secondswap_h02"


@pytest.fixture
def proof_suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A suite with one exploit and one patch task of a project of its own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    folder = tmp_path / "task_suites/proof"
    shutil.copytree(PROOF / CASE, folder / CASE)
    for kind in ("exploit", "patch"):
        shutil.copy(PROOF / f"test_{CASE}_{kind}.py", folder)
    return folder


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


@pytest.mark.usefixtures("proof_suite", "evm_engine")
def test_patch_and_exploit_tasks_are_compiled_and_run(capsys: pytest.CaptureFixture[str]):
    assert main(["check", "task_suites"]) == 0
    assert told(capsys) == ["2 patch and exploit tasks compiled and run", "2 checks, nothing wrong"]


@pytest.mark.usefixtures("proof_suite")
def test_without_an_engine_it_says_what_was_not_looked_at(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")

    assert main(["check", "task_suites"]) == 0
    assert told(capsys)[0].startswith("2 patch and exploit tasks not compiled and not proven: ")


def replaced(folder: Path, name: str, old: str, new: str) -> None:
    """Replace a text in each of a suite's files of this name."""
    for path in folder.rglob(name):
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("Exploit.sol", "try vesting.claim() {} catch {}", "vesting;", "the task's own exploit gains 0 of "),
        ("Exploit.sol", "reached = true;", "", "the task's own exploit does not reach its attack"),
        ("test_*.py", f'twin="{CASE}/b"', f'twin="{CASE}/a"', "on the mended twin too"),
        ("StepVesting.sol", "function claim()", "function more() external {} function claim()", "StepVesting.more"),
        ("scenario.py", "assert vesting.claimable(self.late) == 0", "assert False, 'no use'", "no use"),
        ("StepVesting.sol", "function claim()", "function claim(", "does not compile"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("evm_engine")
def test_a_task_that_proves_nothing_is_a_fault(
    proof_suite: Path, name: str, old: str, new: str, words: str, capsys: pytest.CaptureFixture[str]
):
    replaced(proof_suite, name, old, new)

    assert main(["check", "task_suites"]) == 1
    faults = [line for line in told(capsys) if line.startswith("task_suites/proof/test_")]
    assert len(faults) == 2
    assert all(words in fault for fault in faults)


@pytest.fixture
def poc_suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A findings task that takes pocs, and the scenario that it shares with an exploit task."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    name, suites = "liquid_ron_h01", PROOF.parent
    shutil.copytree(suites / "scabench" / name, tmp_path / "task_suites/scabench" / name)
    shutil.copy(suites / f"scabench/test_{name}.py", tmp_path / "task_suites/scabench")
    shutil.copytree(suites / f"proof/{name}/chain", tmp_path / f"task_suites/proof/{name}/chain")
    return tmp_path / "task_suites"


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("Poc.sol", "vault.leave();", "", "the task's own exploit gains -"),
        ("Poc.sol", "contract Poc", "contract Other", "the scenario needs a file Poc.sol"),
        ("scenario.py", "self.vault.fetchOperatorFee(sender=self.operator)", "assert False, 'no day'", "no day"),
        ("scenario.py", "for holder in (self.alice, self.wallet, self.attacker)",
         "for holder in (self.alice, self.wallet)", "the attacker has none of a token"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("evm_engine")
def test_a_findings_task_whose_own_poc_proves_nothing_is_a_fault(
    poc_suite: Path, name: str, old: str, new: str, words: str, capsys: pytest.CaptureFixture[str]
):
    (path,) = poc_suite.rglob(name)
    path.write_text(path.read_text().replace(old, new, 1) if name == "Poc.sol" else _day_replaced(path, old, new))

    assert main(["check", "task_suites/scabench"]) == 1
    assert words in "\n".join(told(capsys))


def _day_replaced(path: Path, old: str, new: str) -> str:
    """Return a scenario with a text replaced, in its ordinary day if it stands there."""
    before, day, after = path.read_text().partition("def ordinary_day")
    return before + day + after.replace(old, new) if old in after else before.replace(old, new) + day + after
