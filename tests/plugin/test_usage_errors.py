"""What an operator or a task author did wrong ends in exit code 4 and one line that says what to do."""

import os
import sys
from pathlib import Path

import pytest
from plugin.evaluations import GOOD, REVERSE_TASK, evaluate, lay_out, run

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.plugin.agents import find_agents

PYTEST = (sys.executable, "-m", "pytest")


def _usage_error(folder: Path, *arguments: str) -> str:
    ran = run(folder, *PYTEST, *arguments)
    assert ran.status == 4, ran.output
    return ran.output


def test_a_task_without_agents_names_the_option(tmp_path: Path):
    lay_out(tmp_path, {}, {"suite/test_reverse.py": REVERSE_TASK})

    said = _usage_error(tmp_path)

    assert "suite/test_reverse.py is a task for agents; give them with --bitsec-agents=agents/" in said


def test_without_the_option_other_peoples_tests_are_left_alone(tmp_path: Path):
    lay_out(tmp_path, {}, {"test_theirs.py": "def test_it():\n    pass\n"})
    (tmp_path / "test_fixture.py").write_text(THEIR_FIXTURES)

    ran = run(tmp_path, *PYTEST, "-q")

    assert ran.status == 0
    assert "2 passed" in ran.lines[-1]
    assert not (tmp_path / "results").exists()


THEIR_FIXTURES = """
import pytest

@pytest.fixture
def answer():
    return 42

def test_answer(answer):
    assert answer == 42
"""


def test_importing_the_plugin_loads_no_engine(tmp_path: Path):
    code = "import bitsec_eval.plugin, sys; print([m for m in ('docker', 'openai', 'httpx') if m in sys.modules])"

    ran = run(tmp_path, sys.executable, "-c", code)

    assert ran.output == "[]\n"


def test_an_agent_that_is_no_regular_or_a_huge_file_is_named_and_neither_waited_for_nor_left_out(tmp_path: Path):
    for folder in ("pipe", "gone", "huge", "inside/x"):
        (tmp_path / folder).mkdir(parents=True)
    os.mkfifo(tmp_path / "pipe/x.py")
    (tmp_path / "gone/x.py").symlink_to("nowhere")
    os.mkfifo(tmp_path / "inside/x/agent.py")
    with (tmp_path / "huge/x.py").open("wb") as file:
        file.truncate(1 << 40)

    for folder in ("pipe", "gone", "inside"):
        with pytest.raises(SettingsError, match=r"(x|agent)\.py: no regular file; an agent is one source file"):
            find_agents(tmp_path / folder, folder)
    with pytest.raises(SettingsError, match=r"x\.py: 1099511627776 bytes, the most is 1048576; an agent is one"):
        find_agents(tmp_path / "huge", "huge")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("nowhere", "--bitsec-agents nowhere: no such file or folder; try --bitsec-agents=agents/"),
        ("empty", "--bitsec-agents empty: no NAME.py or NAME/agent.py in there; add an agent's file"),
        ("twice", "--bitsec-agents twice: one.py and one/agent.py have one name; remove one"),
        ("named", "'My Agent' cannot name an agent (1 to 64 of a-z, 0-9, _ and -, beginning and ending with"),
        ("conftested", "'conftest' cannot name an agent"),
    ],
)
def test_agents_that_cannot_be_found_are_named(tmp_path: Path, path: str, words: str):
    lay_out(tmp_path, {}, {"suite/test_reverse.py": REVERSE_TASK})
    for name in ("empty/x.txt", "twice/one.py", "twice/one/agent.py", "named/My Agent.py", "conftested/conftest.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")

    assert words in _usage_error(tmp_path, f"--bitsec-agents={path}")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("TASK = Task(prompt='')", "prompt must be a text that says what to do, got ''"),
        ("TASK = Task(prompt='x', timeout=0)", "timeout must be positive seconds, got 0"),
        ("TASK = Task(prompt='x', twin='fixed')", "twin 'fixed' has no workspace to be the twin of"),
        ("TASK = 'reverse it'", "TASK must be a bitsec_eval.Task, got str"),
        ("TASK = Task(prompt='x')\ndef test_nothing(): pass", "test_nothing uses none of answer, solution, report"),
        ("TASK = Task(prompt='x', workspace='gone')\ndef test_it(answer): pass", "gone is not a folder"),
        (
            "TASK = Task(prompt='x')\ndef test_it(twin_report): pass",
            "a check uses twin_report, but TASK has no twin; give",
        ),
    ],
)
def test_a_task_that_is_wrong_fails_at_collection_on_its_own_line(tmp_path: Path, line: str, words: str):
    lay_out(tmp_path, {"good": GOOD}, {"suite/test_x.py": f"from bitsec_eval import Task\n{line}\n"})
    if "def test" not in line:
        with (tmp_path / "suite/test_x.py").open("a") as file:
            file.write("def test_it(answer): pass\n")

    said = _usage_error(tmp_path, "--bitsec-agents=agents")

    assert words in said
    if line.startswith("TASK = Task(prompt='')"):
        assert "ERROR: suite/test_x.py:2: prompt must be" in said


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--bitsec-jobs=0", "--bitsec-jobs must be at least 1 (got 0)."),
        ("--bitsec-emission=lots", "lots"),
        (
            "-o python_functions=test_only_*",
            "-o python_functions: it would hide checks without a word; set it in pytest.ini",
        ),
        (
            "--bitsec-image=no/such:image",
            "the engine has no image no/such:image; run bitsec-eval image build to make it",
        ),
    ],
)
@pytest.mark.usefixtures("docker_cli")
def test_a_wrong_option_is_named(tmp_path: Path, option: str, words: str):
    ran = evaluate(tmp_path, *option.split())

    assert ran.status == 4
    assert words in ran.output


@pytest.mark.parametrize("workers", [(), ("-n2",)])
def test_an_engine_that_does_not_answer_is_a_usage_error_and_keeps_the_last_results(
    tmp_path: Path, workers: tuple[str, ...]
):
    lay_out(tmp_path, {"good": GOOD}, {"suite/test_reverse.py": REVERSE_TASK})
    (tmp_path / "results").mkdir()
    (tmp_path / "results/junit.xml").write_text("the last results")

    ran = run(tmp_path, *PYTEST, "--bitsec-agents=agents", *workers, DOCKER_HOST=f"unix://{tmp_path}/no.sock")

    assert ran.status == 4, ran.output
    assert "INTERNALERROR" not in ran.output
    told = " ".join(ran.output.split())  # a terminal of 80 columns wraps it
    assert "could not ask the engine for its version" in told
    assert "is the Docker engine running?" in told
    assert (tmp_path / "results/junit.xml").read_text() == "the last results"
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["junit.xml"]


def test_where_nothing_was_selected_no_file_is_said_to_be_written(tmp_path: Path):
    lay_out(tmp_path, {"good": GOOD}, {"suite/test_reverse.py": REVERSE_TASK})

    ran = run(tmp_path, *PYTEST, "--bitsec-agents=agents", "-k", "no_such_check")

    assert "2 deselected" in ran.lines[-1]
    assert ran.status == 5
    assert "xml" not in ran.output


def test_what_runs_nothing_cannot_be_distributed(tmp_path: Path):
    lay_out(tmp_path, {"me": GOOD}, {"suite/test_reverse.py": REVERSE_TASK})

    told = _usage_error(tmp_path, "--bitsec-agents=agents", "--setup-plan", "-n2")

    assert "--setup-plan and --setup-only run nothing that -n could distribute; remove -n" in told
    assert not (tmp_path / "results").exists()
