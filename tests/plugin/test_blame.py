"""The agent's faults are failures and cost points; ours are errors, make the run void and cost nothing."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree as ET

import docker
import pytest
from faults.evaluations import prepare
from plugin.evaluations import (
    GOOD,
    REVERSE_TASK,
    Ran,
    command,
    environment,
    evaluate,
    lay_out,
    printing,
    run,
)

from bitsec_eval.sandbox.uid_lease import LABEL

pytestmark = pytest.mark.usefixtures("docker_cli")

FIXTURE_TASK = """
import pytest
from bitsec_eval import SolutionError, Task

TASK = Task(prompt="Implement reverse_string(s).", timeout=1, call_timeout=1)

@pytest.fixture
def reversed_word(solution):
    return solution.reverse_string("hello")

def test_in_a_fixture(reversed_word):
    assert reversed_word == "olleh"

def test_expecting_an_exception(solution):
    with pytest.raises(SolutionError):
        solution.reverse_string(3)
    assert solution.reverse_string("ab") == "ba"

def test_swallowing_everything(solution):
    try:
        solution.reverse_string("hello")
    except BaseException:
        pass
"""

FAULTY = {
    "late": "while True: pass\n",
    "crashed": "import os\nos.abort()\n",
    "exited": "print('def reverse_string(s): return s[::-1]')\nraise SystemExit(3)\n",
    "garbage": "import os\nos.write(1, bytes(range(256)))\n",
    "unparsable": "print('def reverse_string(s) return s')\n",
    "import_error": printing("import requests\ndef reverse_string(s):\n    return s[::-1]\n"),
    "nameless": printing("def reverse(s):\n    return s[::-1]\n"),
    "hanging": printing("def reverse_string(s):\n    while True: pass\n"),
    "dying": printing("import os\ndef reverse_string(s):\n    os._exit(0)\n"),
    "leaving": printing("def reverse_string(s):\n    raise SystemExit\n"),
}


SPY = """
import pytest

class Spy:
    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item, call):
        yield
        if call.excinfo is not None:
            print("SPY", item.callspec.id, call.excinfo.typename, call.excinfo.errisinstance(AssertionError))

def pytest_configure(config):
    config.pluginmanager.register(Spy())
"""


def test_other_plugins_see_what_an_agent_did_as_a_failed_assertion(tmp_path: Path):
    (tmp_path / "spy.py").write_text(SPY)
    ran = evaluate(tmp_path, "-p", "spy", "-s", agents={"late": FAULTY["late"], "odd": printing("x = 1\n")})

    seen = {line.partition("SPY ")[2] for line in ran.lines if "SPY " in line}
    assert seen == {"late AssertionError True", "odd AssertionError True"}
    assert "AnswerFault" in ran.output


def test_a_plain_junit_file_has_no_property_and_tells_the_same(tmp_path: Path):
    ran = evaluate(tmp_path, "--bitsec-junit=plain", agents={"good": GOOD, "odd": printing("x = 1\n")})
    record, plain = (ET.parse(tmp_path / f"results/{name}").getroot() for name in ("junit.xml", "junit.plain.xml"))

    def told(root):
        return [
            (case.attrib, [child.tag for child in case if child.tag != "properties"])
            for case in root.iter("testcase")
        ]

    assert {element.tag for element in plain.iter()} == {"testsuites", "testsuite", "testcase", "failure"}
    assert told(plain) == told(record)
    assert {each.tag for case in plain.iter("testcase") for each in case} == {"failure"}
    assert ran.scores() == {"good": 100.0, "odd": 0.0}


TEARDOWN_TASK = """
import pytest
from bitsec_eval import Task

TASK = Task(prompt="Implement double(n) and close().", timeout=5)

@pytest.fixture
def closed(solution):
    yield solution
    assert solution.close() is None

def test_first(closed):
    assert closed.double(1) == 2

def test_second(solution):
    assert solution.double(2) == 4

def test_last(closed):
    assert closed.double(3) == 7
"""


def test_a_teardown_that_fails_fails_its_check_and_takes_nothing_from_others(tmp_path: Path):
    agents = {
        "honest": printing("def double(n): return 2 * n\ndef close(): pass\n"),
        "spoiler": printing("def double(n): return 2 * n\n"),
    }
    ran = evaluate(tmp_path, agents=agents, tasks={"suite/test_x.py": TEARDOWN_TASK})

    checks = {row["agent"]: row["tasks"]["suite/x"]["checks"] for row in ran.board()["agents"]}
    assert checks["honest"] == {"test_first": "passed", "test_second": "passed", "test_last": "failed"}
    assert checks["spoiler"] == {"test_first": "failed", "test_second": "passed", "test_last": "failed"}
    assert (ran.status, ran.board()["provisional"]) == (0, False)
    assert "3 failed, 3 passed" in ran.output


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory, docker_cli: object) -> Ran:
    """One evaluation of a good agent among all that are faulty."""
    folder = tmp_path_factory.mktemp("faulty")
    return evaluate(folder, agents=FAULTY | {"good": GOOD}, tasks={"suite/test_x.py": FIXTURE_TASK})


def test_whatever_an_agent_does_wrong_is_a_failure_even_where_checks_expect_exceptions(faulty: Ran):
    rows = {row["agent"]: row for row in faulty.board()["agents"]}
    assert {name: row["score"] for name, row in rows.items()} == dict.fromkeys(FAULTY, 0.0) | {"good": 100.0}
    assert all(row["runs"] == {"scored": 1, "void": 0, "incomplete": 0} for row in rows.values())
    assert faulty.status == 0
    assert rows["late"]["tasks"]["suite/x"]["ending"] == "timed_out"


def test_the_reason_a_miner_reads_says_what_went_wrong(faulty: Ran):
    said = {row["agent"]: row["tasks"]["suite/x"].get("reason") for row in faulty.board()["agents"]}
    assert said["late"] == "the agent was still running at the end of its time and was stopped"
    assert said["crashed"] == "the agent crashed"
    assert said["exited"] == "the agent ended with an error"
    assert {said[name] for name in ("garbage", "unparsable", "import_error")} == {"loading the answer failed"}
    assert said["nameless"] == "the solution defines no 'reverse_string'"
    assert said["hanging"] == "calling reverse_string: the solution took longer than a call may take"
    assert said["dying"] == "calling reverse_string: the solution's process ended"
    told = (faulty.folder / "results/junit.xml").read_text()
    assert "No module named 'requests'" in told  # the validator has the solution's own words
    assert "neither Python source nor holds a fenced python block" in told


def test_an_engine_that_dies_mid_run_voids_runs_and_costs_no_points(tmp_path: Path):
    """The engine is a proxy of ours in front of the real one, so that the tests beside this one keep theirs."""
    from plugin.proxy import EngineProxy

    slow = "import time\ntime.sleep(3)\n" + GOOD
    agents = {"a": GOOD, "b": slow, "c": GOOD}
    prepare(tmp_path, agents, {"suite/test_reverse.py": REVERSE_TASK})
    with EngineProxy(tmp_path / "engine.sock") as proxy:
        process = subprocess.Popen(
            command("--bitsec-jobs=1", "--bitsec-order=interleaved"),
            cwd=tmp_path,
            env=environment(DOCKER_HOST=f"unix://{tmp_path}/engine.sock"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        proxy.wait_for_starts(4)  # the sandbox that is tried first, a's agent, a's solution, b's agent
        proxy.die()
        output, _ = process.communicate(timeout=120)

    ran = Ran(tmp_path, process.returncode, output)
    rows = {row["agent"]: row for row in ran.board()["agents"]}
    assert ran.status == 1, output
    assert rows["a"]["score"] == 100.0
    assert [rows[name]["score"] for name in "bc"] == [None, None]
    assert [rows[name]["runs"]["void"] for name in "bc"] == [1, 1]
    assert "held back: " in output
    assert (
        output.index("short test summary info") < output.index("= leaderboard =") < output.index("void: 2 runs (4 ")
    )
    assert output.count("\nERROR suite/") == 4  # asked for with -rA
    assert "<error" in (tmp_path / "results/junit.xml").read_text()


def test_a_validator_killed_outright_leaves_no_container_after_the_next_start(tmp_path: Path):
    state = f"--bitsec-state={tmp_path / 'state'}"
    lay_out(tmp_path, {"slow": "import time\ntime.sleep(60)\n"}, {"suite/test_x.py": REVERSE_TASK})
    process = subprocess.Popen(
        command("--timeout=100", state), cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL
    )
    _wait_until(lambda: _containers(tmp_path), "no container appeared")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()

    (tmp_path / "agents/slow.py").write_text(GOOD)
    ran = run(tmp_path, *command(state))

    assert ran.scores() == {"slow": 100.0}
    assert _containers(tmp_path) == 0


@pytest.mark.parametrize("before", [signal.SIG_DFL, signal.SIG_IGN], ids=["terminal", "background"])
def test_ctrl_c_leaves_no_container_and_a_junit_that_can_be_read(tmp_path: Path, before: signal.Handlers):
    """A shell starts what it puts into the background with SIGINT ignored."""
    state = f"--bitsec-state={tmp_path / 'state'}"
    agents = {"a": GOOD, "slow": "import time\ntime.sleep(60)\n"}
    lay_out(tmp_path, agents, {"suite/test_x.py": REVERSE_TASK.replace("timeout=5", "timeout=60")})
    process = subprocess.Popen(
        command("--bitsec-jobs=1", state),
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, before),
    )
    _wait_until(lambda: any(tmp_path.glob("results/answers/*/[!.]*.json")), "a did not answer")
    _wait_until(lambda: _containers(tmp_path), "slow was not started")
    os.kill(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=30)

    assert process.returncode == 2, output
    rows = {row["agent"]: row for row in Ran(tmp_path, 2, output).board()["agents"]}
    assert rows["slow"]["runs"]["incomplete"] == 1
    assert _containers(tmp_path) == 0


def test_no_escape_sequence_of_an_agent_reaches_terminal_or_junit(tmp_path: Path):
    nasty = "\x1b]0;pwn\x07\x1b[31m\x9b31m\u202e"
    agents = {"nasty": printing(f"def reverse_string(s):\n    raise ValueError({nasty!r})\n")}
    agents["shouting"] = f"import sys\nsys.stdout.write({nasty!r})\nsys.stderr.write({nasty!r})\nsys.exit(1)\n"
    task = REVERSE_TASK + "\n\ndef test_raw(answer):\n    print(answer)\n    assert answer == 'x\\ny'\n"

    ran = evaluate(tmp_path, "-vv", "--showlocals", "--color=yes", agents=agents, tasks={"suite/test_x.py": task})

    everything = [(tmp_path / "results/junit.xml").read_text()]
    everything += [path.read_text() for path in (tmp_path / "results/runs").rglob("*.json")]
    everything.append(json.dumps(ran.board()))
    for text in everything:
        assert not any(character in text for character in "\x1b\x07\x9b\u202e")
    assert "\x1b]0;pwn" not in ran.output
    assert not any(character in ran.output for character in "\x07\x9b\u202e")
    assert r"\x1b]0;pwn\x07" in everything[0]


def _containers(folder: Path) -> int:
    with closing(docker.from_env().api) as client:
        found = client.containers(all=True, filters={"label": [LABEL]})
    return sum(str(folder) in each["Labels"][LABEL] for each in found)


def _wait_until(holds: Callable[[], object], otherwise: str) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.1)
