"""The main job: every agent against every task in real containers, to a board, the way pytest users expect."""

import json
import re
import sys
from pathlib import Path

import pytest
from plugin.evaluations import BAD, GOOD, REVERSE_TASK, command, evaluate, lay_out, printing, run
from plugin.proxy import EngineProxy

from bitsec_eval.sandbox.oci.engine import OciSandbox

pytestmark = pytest.mark.usefixtures("docker_cli")

SECOND_TASK = REVERSE_TASK.replace("timeout=5", "timeout=5, weight=3")
AGENTS = {"good": GOOD, "bad": BAD, "silent": "pass\n"}
TASKS = {"suite/test_reverse.py": REVERSE_TASK, "suite/test_again.py": SECOND_TASK}


def test_every_agent_meets_every_task_and_the_board_follows(tmp_path: Path):
    ran = evaluate(tmp_path, "-q", agents=AGENTS, tasks=TASKS)

    assert ran.scores() == {"good": 100.0, "bad": 0.0, "silent": 0.0}
    assert ran.status == 0, ran.output
    assert "1  good    100.0  reward: 100.00 TAO" in ran.lines
    assert "2  bad       0.0  reward:   0.00 TAO" in ran.lines


def test_ids_name_the_check_and_the_agent_in_collection_order(tmp_path: Path):
    lay_out(tmp_path, {"good": GOOD, "bad": BAD}, TASKS)

    ran = run(tmp_path, sys.executable, "-m", "pytest", "--bitsec-agents=agents", "--collect-only", "-q")

    assert ran.lines[:4] == [
        "suite/test_again.py::test_reverses_a_word[bad]",
        "suite/test_again.py::test_reverses_two_words[bad]",
        "suite/test_again.py::test_reverses_a_word[good]",
        "suite/test_again.py::test_reverses_two_words[good]",
    ]
    assert not (tmp_path / "results").exists()


def test_the_command_line_board_is_the_one_at_the_end_of_the_run(tmp_path: Path):
    ran = evaluate(tmp_path, "--bitsec-emission=7", agents=AGENTS, tasks=TASKS)

    again = run(tmp_path, sys.executable, "-m", "bitsec_eval", "leaderboard", "results/junit.xml")

    printed = [line for line in ran.lines if "reward:" in line]
    assert len(printed) == 3
    assert [line for line in again.lines if "reward:" in line] == printed


def test_xdist_gives_the_same_board_and_does_each_run_once(tmp_path: Path):
    agents = {name: _noting_agent() for name in ("a", "a-b", "c")}
    tasks = {"suite/test_x.py": PARAMETRIZED_TASK, "suite/test_y.py": PARAMETRIZED_TASK}
    lone = evaluate(_folder(tmp_path, "lone"), agents=agents, tasks=tasks)
    spread = evaluate(_folder(tmp_path, "spread"), "-n", "2", agents=agents, tasks=tasks)

    assert _without_times(spread.board()) == _without_times(lone.board())
    assert spread.status == lone.status == 0
    assert lone.scores() == {"a": 100.0, "a-b": 100.0, "c": 100.0}


PARAMETRIZED_TASK = """
import pytest
from bitsec_eval import Task

TASK = Task(prompt="print something random", timeout=5)
SEEN = {}

@pytest.mark.parametrize("word", ["b", "c", "hidden-input"])
def test_one_run_for_all_checks(answer, word, request):
    agent = request.node.callspec.params["bitsec_agent"].name
    assert len(answer.strip()) == 32
    assert SEEN.setdefault(agent, answer) == answer
"""


def _noting_agent() -> str:
    return "import secrets\nprint(secrets.token_hex(16))\n"


def _folder(parent: Path, name: str) -> Path:
    (parent / name).mkdir()
    return parent / name


def _without_times(board: dict) -> str:
    kept = json.dumps({name: board[name] for name in ("agents", "tasks")}, sort_keys=True)
    return re.sub(r'"(seconds|last_evaluated)": ("[^"]*"|[0-9.e+-]+)', "", kept)


@pytest.mark.parametrize(
    "arguments",
    [
        ("-k", "a_word"),
        ("suite/test_reverse.py::test_reverses_a_word",),
        ("suite/test_reverse.py::test_reverses_a_word[good]",),
        ("suite/test_classes.py::TestReversing::test_word",),
    ],
)
def test_a_selection_gives_an_incomplete_run_not_a_better_one(tmp_path: Path, arguments: tuple[str, ...]):
    half = printing("def reverse_string(s):\n    return 'olleh'\n")
    tasks = {"suite/test_reverse.py": REVERSE_TASK, "suite/test_classes.py": CLASS_TASK}

    ran = evaluate(tmp_path, *arguments, agents={"good": half}, tasks=tasks)

    row = ran.board()["agents"][0]
    assert row["score"] == 50.0
    assert row["runs"]["incomplete"] >= 1
    assert ran.status == 1


CLASS_TASK = """
from bitsec_eval import Task

TASK = Task(prompt="Implement reverse_string(s).", timeout=5)

class TestReversing:
    def test_word(self, solution):
        assert solution.reverse_string("hello") == "olleh"

    def test_words(self, solution):
        assert solution.reverse_string("ab cd") == "dc ba"
"""


def test_stopping_at_the_first_failure_leaves_runs_that_are_incomplete(tmp_path: Path):
    ran = evaluate(tmp_path, "-x", agents={"bad": BAD, "good": GOOD})

    rows = {row["agent"]: row for row in ran.board()["agents"]}
    assert ran.status == 1
    assert rows["good"]["runs"]["incomplete"] == 1
    assert rows["good"]["score"] == 0.0


def test_last_failed_runs_only_those_and_says_the_board_is_incomplete(tmp_path: Path):
    half = printing("def reverse_string(s):\n    return 'olleh'\n")
    evaluate(tmp_path, agents={"half": half, "good": GOOD})

    ran = run(tmp_path, sys.executable, "-m", "pytest", "--bitsec-agents=agents", "--lf")

    assert "1 failed" in ran.lines[-1]
    assert ran.scores() == {"half": 0.0}
    assert ran.status == 1


def test_skip_and_xfail_are_never_a_pass(tmp_path: Path):
    task = REVERSE_TASK.replace("def test_rev", "@pytest.mark.xfail\ndef test_rev", 1)
    task = task.replace("from bitsec_eval", "import pytest\nfrom bitsec_eval") + SKIPS

    ran = evaluate(tmp_path, tasks={"suite/test_x.py": task})

    checks = ran.board()["agents"][0]["tasks"]["suite/x"]["checks"]
    assert checks == {
        "test_reverses_a_word": "failed",
        "test_reverses_two_words": "passed",
        "test_skips": "failed",
        "test_skips_by_mark": "failed",
    }
    assert ran.status == 0


SKIPS = """

def test_skips(solution):
    pytest.skip("too hard")


@pytest.mark.skip
def test_skips_by_mark(solution):
    pass
"""


def test_a_weight_marker_and_a_task_weight_count(tmp_path: Path):
    task = REVERSE_TASK.replace("def test_reverses_a", "@pytest.mark.weight(3)\ndef test_reverses_a")
    task = task.replace("from bitsec_eval", "import pytest\nfrom bitsec_eval")
    half = printing("def reverse_string(s):\n    return 'olleh'\n")

    ran = evaluate(tmp_path, agents={"half": half}, tasks={"t/test_a.py": task, "t/test_b.py": SECOND_TASK})

    tasks = ran.board()["agents"][0]["tasks"]
    assert {name: tasks[name]["score"] for name in tasks} == {"t/a": 75.0, "t/b": 50.0}
    assert ran.scores() == {"half": pytest.approx((75 + 3 * 50) / 4)}


def test_a_lone_file_is_an_agent_too(tmp_path: Path):
    lay_out(tmp_path, {"good": GOOD}, {"suite/test_reverse.py": REVERSE_TASK})
    (tmp_path / "agents/bad").mkdir()
    (tmp_path / "agents/bad/agent.py").write_text(BAD)

    one = run(tmp_path, sys.executable, "-m", "pytest", "--bitsec-agents=agents/good.py")
    all_of_them = run(tmp_path, sys.executable, "-m", "pytest", "--bitsec-agents=agents")

    assert "1  good  100.0  reward: 100.00 TAO" in one.lines
    assert all_of_them.scores() == {"good": 100.0, "bad": 0.0}


def test_an_engine_at_docker_host_is_used_over_tcp_too(tmp_path: Path):
    lay_out(tmp_path, {"good": GOOD}, TASKS)
    with EngineProxy(None) as proxy:
        ran = run(tmp_path, sys.executable, "-m", "pytest", "--bitsec-agents=agents", DOCKER_HOST=proxy.url)

        assert proxy.starts >= 2
    assert ran.scores() == {"good": 100.0}


def test_an_oci_runtime_gives_the_same_board_without_an_engine(tmp_path: Path, oci_engine: OciSandbox):
    lay_out(tmp_path, AGENTS, TASKS)
    options = ("--bitsec-sandbox=oci", f"--bitsec-image={oci_engine.image.removeprefix('oci:')}")

    ran = run(tmp_path, *command(*options, f"--bitsec-state={tmp_path / 'state'}"), DOCKER_HOST="unix:///nowhere")

    assert ran.scores() == {"good": 100.0, "bad": 0.0, "silent": 0.0}
    assert ran.status == 0


def test_the_seed_that_repeats_an_evaluation_is_shown_and_recorded(tmp_path: Path):
    ran = evaluate(tmp_path, "--bitsec-seed=77")

    assert "bitsec-eval: agents: 1, jobs: " in ran.output
    assert "--bitsec-seed=77" in ran.output
    assert "&quot;seed&quot;: 77" in (tmp_path / "results/junit.xml").read_text()


def test_fail_under_is_for_gates(tmp_path: Path):
    ran = evaluate(tmp_path, "--bitsec-fail-under=50", agents={"good": GOOD, "bad": BAD})

    assert ran.status == 1
    assert run(tmp_path, sys.executable, "-m", "pytest", "--bitsec-agents=agents/good.py").status == 0


def test_what_a_miner_may_read_holds_the_output_and_no_hidden_input(tmp_path: Path):
    loud = printing("def reverse_string(s):\n    raise KeyError(s)\n") + "print('x', file=sys.stderr)\n"

    ran = evaluate(tmp_path, agents={"loud": loud})

    written = (tmp_path / "results/runs/loud/suite__reverse.json").read_text()
    told = json.loads(written)
    streams = json.loads((tmp_path / "results/private/runs/loud/suite__reverse.json").read_text())
    assert told["checks"] == {"test_reverses_a_word": "failed", "test_reverses_two_words": "failed"}
    assert (told["ending"], told["score"]) == ("exited", 0.0)
    assert streams["stderr"] == "x\n"
    assert "reverse_string" in streams["stdout"]
    assert not {"stdout", "stderr"} & set(told)
    assert "hello" not in written
    assert "hello" not in json.dumps(ran.board())
    assert "KeyError: 'hello'" in ran.output  # while the validator is shown everything
