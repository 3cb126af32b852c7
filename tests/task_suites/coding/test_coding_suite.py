"""For every coding task: doing nothing scores 0, a cheat scores 0, half an answer about half, the reference 100.

A reference and half an answer are solutions, kept by the task's name in `references/` and `halves/`.
A cheat is an agent, in `cheats/`: it is let loose on every task, also on those that are added later.
That a cheat cheats, and does not merely fail, shows on the one task that has it coming, `careless.py`.
All of them are agents of one evaluation, in real sandboxes.
"""

import runpy
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from bitsec_eval.core.junit.reader import read_junit
from bitsec_eval.core.scoring.leaderboard import leaderboard

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SUITE = ROOT / "task_suites" / "coding"
TASKS = [path.stem.removeprefix("test_") for path in sorted(SUITE.glob("test_*.py"))]

CONSTANTS = {"always_none": "None", "always_true": "True", "always_zero": "0"}


def read(path):
    return path.read_text(encoding="utf-8")


def always(value):
    """Return a cheat whose every function returns the same value."""
    source = f"def __getattr__(name): return lambda *args: {value}"
    return f"print({source!r})"


def answering(folder):
    """Return an agent that knows the prompt of every task and prints what `folder` holds for it."""
    prompts = {task: runpy.run_path(str(SUITE / f"test_{task}.py"))["TASK"].prompt for task in TASKS}
    answers = {prompt: read(folder / f"{task}.py") for task, prompt in prompts.items()}
    return f"import sys\nprint({answers!r}.get(sys.argv[-1], ''))\n"


CHEATS = {path.stem: read(path) for path in sorted((HERE / "cheats").glob("*.py"))}
CHEATS |= {name: always(value) for name, value in CONSTANTS.items()}
SAMPLES = {name: read(ROOT / "agents" / f"{name}.py") for name in ("broken", "careful", "hasty", "silent")}
KEPT = {"reference": HERE / "references", "half": HERE / "halves"}


@pytest.fixture(scope="module")
def scores(tmp_path_factory):
    """Every agent's score on every task, from one evaluation of all agents on all tasks."""
    folder = tmp_path_factory.mktemp("evaluation")
    (folder / "agents").mkdir()
    kept = {name: answering(answers) for name, answers in KEPT.items()}
    for name, source in {**CHEATS, **SAMPLES, **kept}.items():
        (folder / "agents" / f"{name}.py").write_text(source, encoding="utf-8")
    careless = shutil.copy(HERE / "careless.py", folder / "test_careless.py")
    junit = folder / "junit.xml"
    command = [sys.executable, "-m", "pytest", str(SUITE), str(careless), "-q", "--tb=no", f"--junitxml={junit}"]
    command += [f"--bitsec-agents={folder / 'agents'}", f"--bitsec-results={folder / 'results'}"]

    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-4000:]
    with junit.open("rb") as stream:
        board = leaderboard([read_junit(stream)])
    return {row.agent: {cell.task.rpartition("/")[2]: cell.score for cell in row.tasks} for row in board.rows}


@pytest.mark.parametrize("task", TASKS)
def test_the_reference_scores_100(scores, task):
    assert scores["reference"][task] == 100


@pytest.mark.parametrize("task", TASKS)
def test_half_an_answer_scores_about_half(scores, task):
    assert 25 <= scores["half"][task] <= 75


@pytest.mark.parametrize("cheat", CHEATS)
def test_a_cheat_scores_0(scores, cheat):
    assert {task: scores[cheat][task] for task in TASKS} == dict.fromkeys(TASKS, 0)


@pytest.mark.parametrize("cheat", CHEATS)
def test_a_cheat_would_score_where_checks_are_careless(scores, cheat):
    assert scores[cheat]["careless"] > 0


@pytest.mark.parametrize("agent", ["broken", "silent"])
def test_an_agent_without_an_answer_scores_0(scores, agent):
    assert set(scores[agent].values()) == {0}


def test_the_careful_sample_agent_scores_100(scores):
    assert {task: scores["careful"][task] for task in TASKS} == dict.fromkeys(TASKS, 100)


def test_the_hasty_sample_agent_scores_about_half(scores):
    assert 25 <= statistics.mean(scores["hasty"][task] for task in TASKS) <= 75


@pytest.mark.parametrize("folder", KEPT.values(), ids=KEPT)
def test_every_task_has_its_answer_and_every_answer_its_task(folder):
    assert sorted(path.stem for path in folder.glob("*.py")) == TASKS
