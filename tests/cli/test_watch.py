"""`bitsec-eval watch` as an operator runs it: in a process of its own, with real containers."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bitsec_eval.sandbox.docker.engine import DockerSandbox
from tests.plugin.evaluations import BAD, GOOD, REVERSE_TASK, environment, lay_out, printing, run

SLEEPER = "import time\ntime.sleep(60)\n"


def watch(*options: str) -> list[str]:
    """Return the command of a watch."""
    return [sys.executable, "-m", "bitsec_eval", "watch", "--tasks=suite", *options]


def containers(state: Path) -> list[str]:
    """Return the containers of validators that keep their locks in `state`."""
    command = ["docker", "ps", "-aq", "--filter", "label=bitsec-eval.owner"]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    labelled = '{{index .Config.Labels "bitsec-eval.owner"}}'
    return [each for each in found if str(state) in _inspected(each, labelled)]


def _inspected(container: str, form: str) -> str:
    command = ["docker", "inspect", "--format", form, container]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def test_one_look_evaluates_what_is_there_and_the_next_one_nothing(tmp_path: Path, docker_cli: DockerSandbox):
    lay_out(tmp_path, {"good": GOOD, "bad": BAD}, {"suite/test_reverse.py": REVERSE_TASK})

    first = run(tmp_path, *watch("--once"))
    second = run(tmp_path, *watch("--once"))

    assert (first.status, first.lines) == (
        0,
        ["watch: bad: scored 0.0 over 1 run", "watch: good: scored 100.0 over 1 run"],
    )
    assert (second.status, second.lines) == (0, [])
    assert first.board(*map(str, (tmp_path / "results").glob("*.xml")))["agents"][0]["agent"] == "good"
    assert (tmp_path / "results/runs/bad/suite__reverse.json").exists()


def test_a_corrected_check_needs_no_new_answers(tmp_path: Path, docker_cli: DockerSandbox):
    lay_out(tmp_path, {"good": GOOD}, {"suite/test_reverse.py": REVERSE_TASK})
    run(tmp_path, *watch("--once"))
    (tmp_path / "suite/test_reverse.py").write_text(REVERSE_TASK.replace('"dc ba"', '"no"'))

    again = run(tmp_path, *watch("--once"))

    assert again.lines == ["watch: good: scored 50.0 over 1 run"]
    told = json.loads((tmp_path / "results/runs/good/suite__reverse.json").read_text())
    assert told["reused"]


def test_options_after_two_dashes_reach_the_evaluation(tmp_path: Path, docker_cli: DockerSandbox):
    lay_out(tmp_path, {"good": GOOD}, {"suite/test_reverse.py": REVERSE_TASK})

    ran = run(tmp_path, *watch("--once", "--", "--bitsec-emission=7"))

    assert ran.status == 0, ran.output
    assert ran.board(str(tmp_path / "results/agent.good.xml"))["emission"] == 7


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_in_the_middle_of_an_evaluation(
    tmp_path: Path, docker_cli: DockerSandbox, number: signal.Signals
):
    lay_out(tmp_path, {"slow": SLEEPER}, {"suite/test_reverse.py": REVERSE_TASK.replace("timeout=5", "timeout=60")})
    state = tmp_path / "bitsec-eval"
    process = subprocess.Popen(
        watch("--interval=1"),
        cwd=tmp_path,
        env=environment(XDG_RUNTIME_DIR=str(tmp_path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    until = time.monotonic() + 60
    while not containers(state):
        assert time.monotonic() < until
        time.sleep(0.2)
    os.kill(process.pid, number)
    output, _ = process.communicate(timeout=40)

    assert process.returncode == 0, output
    assert output.splitlines() == ["watch: watching agents every 1 s; Ctrl-C stops", "watch: stopped"]
    assert containers(state) == []
    assert list((tmp_path / "results").glob("*.xml")) == []


def test_an_agent_that_arrives_while_it_watches_is_evaluated(tmp_path: Path, docker_cli: DockerSandbox):
    lay_out(tmp_path, {"good": GOOD}, {"suite/test_reverse.py": REVERSE_TASK})
    process = subprocess.Popen(
        watch("--interval=0.5"), cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True
    )
    with process.stdout as told:
        lines = [told.readline(), told.readline()]
        (tmp_path / "agents/late.py").write_text(printing("def reverse_string(s): return s[::-1]"))
        lines.append(told.readline())
        process.send_signal(signal.SIGTERM)
        lines += told.readlines()

    assert process.wait(40) == 0
    assert lines[1:] == [
        "watch: good: scored 100.0 over 1 run\n",
        "watch: late: scored 100.0 over 1 run\n",
        "watch: stopped\n",
    ]


def test_after_a_watch_was_killed_the_next_one_waits_for_what_it_left(tmp_path: Path, docker_cli: DockerSandbox):
    lay_out(tmp_path, {"slow": SLEEPER}, {"suite/test_reverse.py": REVERSE_TASK})
    process = subprocess.Popen(watch(), cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True)
    with process.stdout as told:
        told.readline()
        while not (tmp_path / "results/watch/slow.log").exists():
            time.sleep(0.05)
    process.kill()
    process.wait()

    refused = run(tmp_path, *watch("--once"))

    assert refused.status == 2
    assert refused.lines == [
        "bitsec-eval watch: --results results: another watch, or an evaluation it left, is at work there;"
        " stop it or give another folder"
    ]
    until = time.monotonic() + 60
    while (again := run(tmp_path, *watch("--once"))).status == 2:
        assert time.monotonic() < until
    assert (again.status, again.lines) == (0, ["watch: slow: scored 0.0 over 1 run"])


def test_an_engine_that_is_away_is_said_and_looked_for_again(tmp_path: Path):
    lay_out(tmp_path, {"good": GOOD}, {"suite/test_reverse.py": REVERSE_TASK})

    ran = run(tmp_path, *watch("--once"), DOCKER_HOST=f"unix://{tmp_path}/no.sock")

    assert ran.status == 1
    assert len(ran.lines) == 1
    assert ran.lines[0].startswith("watch: no Docker engine answers: ")
    assert ran.lines[0].endswith("; start one, or name one with DOCKER_HOST; asking again in 60 s")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--agents=gone"], "--agents gone: no such folder; make it or give the hub's --agents folder"),
        (["--tasks=gone"], "--tasks gone: no such file or folder; try --tasks=task_suites/"),
        (["--interval=0"], "--interval 0: give seconds above 0"),
        (["--interval=nan"], "--interval nan: give seconds above 0"),
        (
            ["--results=suite/test_reverse.py"],
            "--results suite/test_reverse.py: Not a directory; give a folder to write in",
        ),
    ],
)
def test_what_cannot_be_watched_is_one_line_and_exit_2(tmp_path: Path, options: list[str], words: str):
    lay_out(tmp_path, {"good": GOOD}, {"suite/test_reverse.py": REVERSE_TASK})

    ran = run(tmp_path, *watch("--once", *options))

    assert (ran.status, ran.lines) == (2, [f"bitsec-eval watch: {words}"])
