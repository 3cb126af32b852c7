"""Other plugins add engines, matchers, answer kinds and artifacts by the hooks that our own go through."""

import sys
from pathlib import Path

import pytest
from plugin.evaluations import GOOD, REVERSE_TASK, lay_out, printing, run

from bitsec_eval.plugin.extension import AnswerKind, AnswerKinds

EXAMPLE = Path(__file__).with_name("example_engine.py")
PYTEST = (sys.executable, "-m", "pytest", "--bitsec-agents=agents")


def laid_out(folder: Path, plugin: str, tasks: dict[str, str], agents: dict[str, str] | None = None) -> None:
    lay_out(folder, agents or {"good": GOOD}, tasks)
    (folder / "extra.py").write_text(plugin)


@pytest.mark.usefixtures("docker_cli")
def test_the_example_engine_is_chosen_by_name_and_runs_everything(tmp_path: Path):
    laid_out(tmp_path, EXAMPLE.read_text(), {"suite/test_reverse.py": REVERSE_TASK})

    ran = run(tmp_path, *PYTEST, "-p", "extra", "--bitsec-sandbox=audited")

    assert ran.scores() == {"good": 100.0}
    assert "audited sha256:" in (tmp_path / "results/junit.xml").read_text()
    assert (tmp_path / "results/sandboxes.log").read_text().count("256 MiB\n") >= 2


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--bitsec-sandbox=nsjail", "--bitsec-sandbox nsjail: choose one of docker, oci"),
        ("--bitsec-matcher=guess", "--bitsec-matcher guess: choose one of judge, lexical"),
        ("--bitsec-matcher=judge", "--bitsec-matcher=judge: BITSEC_JUDGE_MODEL is not set; name the judge's model"),
    ],
)
def test_a_name_that_nobody_offers_is_refused_with_those_there_are(tmp_path: Path, option: str, words: str):
    lay_out(tmp_path, {"good": GOOD}, {"suite/test_reverse.py": REVERSE_TASK})

    ran = run(tmp_path, *PYTEST, option)

    assert ran.status == 4
    assert words in ran.output


KIND = """
import pytest
from bitsec_eval import TaskError
from bitsec_eval.plugin.extension import AnswerKind

def only_one_cpu(task, fixtures):
    if task.cpus != 1:
        raise TaskError("a checksum task has one processor")

def pytest_bitsec_answer_kinds():
    return [AnswerKind(name="checksum", fixtures=("checksum",), summary="a sum", check_task=only_one_cpu)]

@pytest.fixture
def checksum(bitsec_run):
    with bitsec_run.open_sandbox(bitsec_run.task.limits):
        return sum(map(int, bitsec_run.answers[0].text.split()))

def pytest_bitsec_write_artifacts(results, board):
    (results / "names.txt").write_text(" ".join(row.agent for row in board.rows))
    return ["names.txt: written by a plugin"]
"""
SUM_TASK = """
from bitsec_eval import Task

TASK = Task(prompt="print numbers that add up to 6")

def test_adds_up(checksum):
    assert checksum == 6
"""


@pytest.mark.usefixtures("docker_cli")
def test_an_answer_kind_and_an_artifact_of_another_plugin(tmp_path: Path):
    agents = {"right": printing("1 2 3"), "wrong": printing("1 2")}
    laid_out(tmp_path, KIND, {"suite/test_sum.py": SUM_TASK}, agents)

    ran = run(tmp_path, *PYTEST, "-p", "extra")

    assert ran.scores() == {"right": 100.0, "wrong": 0.0}
    assert "&quot;kind&quot;: &quot;checksum&quot;" in (tmp_path / "results/junit.xml").read_text()
    assert (tmp_path / "results/names.txt").read_text() == "right wrong"
    assert "names.txt: written by a plugin" in ran.lines


def test_an_answer_kind_refuses_a_task_that_does_not_go_with_it(tmp_path: Path):
    laid_out(tmp_path, KIND, {"suite/test_sum.py": SUM_TASK.replace('6")', '6", cpus=2)')})

    ran = run(tmp_path, *PYTEST, "-p", "extra")

    assert ran.status == 4
    assert "a checksum task has one processor" in ran.output


MATCHER = """
from bitsec_eval.core.matching import Decision
from bitsec_eval.plugin.extension import FindingMatcher

class Everything:
    def match(self, expected, reported):
        return tuple(
            Decision(expected=at, reported=at, verdict="match", confidence=1.0, reason="why not")
            for at in range(len(expected))
        )

def pytest_bitsec_matchers():
    return [FindingMatcher(name="everything", summary="credits all", make=lambda environ: Everything())]
"""
IMPORTED_TASK = """
from pathlib import Path
from bitsec_eval import AUDIT_PROMPT, Task
from bitsec_eval.scabench.case import Case

TASK = Task(prompt=AUDIT_PROMPT)
EXPECTED_FINDINGS = Case(folder=Path(__file__).parent / "project")

def test_h_01(report):
    assert EXPECTED_FINDINGS.finds("h_01", report)
"""
FINDING = '{"check": "h_01", "title": "No access control", "description": "x", "severity": "high", "file": "A.sol"}'
OTHER = '{"findings": [{"title": "Rounding", "description": "y", "severity": "low", "file": "B.sol"}]}'


@pytest.mark.usefixtures("docker_cli")
@pytest.mark.parametrize(("matcher", "score"), [("everything", 100.0), ("lexical", 0.0)])
def test_the_matcher_of_an_imported_task_is_the_evaluations(tmp_path: Path, matcher: str, score: float):
    laid_out(tmp_path, MATCHER, {"suite/test_project.py": IMPORTED_TASK}, {"reporter": printing(OTHER)})
    (tmp_path / "suite/project").mkdir()
    (tmp_path / "suite/project/expected.json").write_text(f'{{"findings": [{FINDING}]}}')

    ran = run(tmp_path, *PYTEST, "-p", "extra", f"--bitsec-matcher={matcher}")

    assert ran.scores() == {"reporter": score}, ran.output


def test_where_several_kinds_are_used_the_one_added_last_counts():
    text, code = (AnswerKind(name=name, fixtures=(name,), summary="") for name in ("text", "code"))
    kinds = AnswerKinds([text, code])

    assert [kinds.of(used).name for used in ({"text"}, {"code", "text"}, {"code"}, set())] == [
        "text", "code", "code", "text",
    ]  # fmt: skip


def test_a_fixture_of_several_kinds_is_told_once():
    kinds = AnswerKinds(AnswerKind(name=name, fixtures=(name, "chain"), summary="") for name in ("exploit", "patch"))

    assert kinds.fixtures == ("exploit", "chain", "patch")
