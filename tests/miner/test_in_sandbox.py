"""What needs a sandbox: an LLM's agent is rehearsed in one before it is taken, and `try` evaluates in them."""

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bitsec_eval.core.errors import SandboxError
from bitsec_eval.miner.hub import HubTask
from bitsec_eval.miner.writing.rehearsal import problem_of, stage
from bitsec_eval.sandbox.docker.engine import DockerSandbox
from tests.hub.conftest import RunningHub
from tests.miner.conftest import Miner
from tests.miner.llm_server import llm_server
from tests.plugin.evaluations import BAD, GOOD, REVERSE_TASK, environment, printing
from tests.sandbox.image.wheels import made_image, own_name

AGENT = """
import argparse

parser = argparse.ArgumentParser()
if __name__ == "__main__":
    parser.add_argument("--task")
    task = parser.parse_args().task
    {body}
"""


def agent(body: str) -> str:
    """Return an agent that does `body` with its `task`."""
    return AGENT.format(body=body)


def offered(kind: str) -> HubTask:
    return HubTask(id="demo/x", prompt="Say hello.", kind=kind, timeout_seconds=2, checks=1, problem="")


@pytest.mark.parametrize(
    ("kind", "body", "problem"),
    [
        ("code", "print('def f(): return 1')", ""),
        ("code", "print('def f(:')", "loading the answer: the answer is neither Python source nor holds a fenced"),
        ("code", "print('1 / 0')", "loading the answer"),
        ("code", "pass", "the agent printed nothing"),
        ("findings", "print('{\"vulnerabilities\": []}')", ""),
        ("findings", "print('all is well')", "the report is not JSON"),
        ("exploit", "print('contract Exploit { }')", ""),
        ("exploit", "pass", ""),
        ("exploit", "print(open('src/Till.sol').read().replace('Till', 'Exploit'))", ""),
        ("exploit", "print('I found nothing.')", "the answer holds no Solidity source with a contract Exploit"),
        ("patch", "import json; print(json.dumps({'src/Till.sol': open('src/Till.sol').read()}))", ""),
        ("patch", "print('--- a/src/A.sol\\n+++ b/src/A.sol\\n@@ -1 +1 @@\\n-a\\n+b')", ""),
        ("patch", "pass", ""),
        ("patch", "print('{}')", "the answer is neither a JSON object of files nor a unified diff"),
        ("patch", "print('Make it internal.')", "the answer is neither a JSON object of files nor a unified diff"),
        ("answer", "print(task)", ""),
        ("answer", "print()", "the agent printed nothing"),
        (
            "answer",
            "raise SystemExit('not today')",
            "the agent ended with status 1; its last line on stderr: not today",
        ),
        ("answer", "import time; time.sleep(9)", "the agent was still running after 2."),
        ("answer", "import requests", "Line 8 imports requests, which is not in Python 3.11's standard library."),
    ],
)
def test_a_rehearsal_finds_what_does_not_work(engine: DockerSandbox, kind: str, body: str, problem: str):
    found = problem_of(agent(body), offered(kind), engine)

    assert found.startswith(problem) if problem else found == ""


def test_a_rehearsal_starts_an_agent_as_its_task_does(engine: DockerSandbox):
    task = replace(offered("answer"), protocol="agent_main")

    assert problem_of("def agent_main(input):\n    return input['problem_statement']\n", task, engine) == ""
    assert "agent.py defines no agent_main(); this task calls it" in problem_of(agent("print(task)"), task, engine)


def test_a_rehearsal_is_in_the_image_of_its_task(engine: DockerSandbox, tmp_path: Path):
    with made_image(tmp_path, own_name("miner"), {"greetings.py": "def hello():\n    return 'hello'\n"}) as image:
        task = replace(offered("answer"), image=image.pinned, libraries=frozenset({"greetings"}))
        source = agent("import greetings; print(greetings.hello())")
        with stage(task, {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}) as rehearse:
            assert rehearse(source) == ""
        assert "imports greetings, which is not in Python 3.11's" in problem_of(source, offered("answer"), engine)
    name = image.pinned.partition("@")[0]
    build = f"bitsec-eval image build --with REQUIREMENTS --name {name}"
    words = f"no image {name}, which the task asks for; make it with {build}"
    with (
        pytest.raises(SandboxError, match=words),
        stage(task, {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}),
    ):
        pass


def test_a_rehearsal_shows_the_traceback_to_mend_by(engine: DockerSandbox):
    found = problem_of(agent("print(1 / 0)"), offered("answer"), engine)

    assert "Its stderr ends with:\nTraceback (most recent call last):" in found
    assert "ZeroDivisionError: division by zero" in found


def test_an_llm_has_its_agent_mended_until_it_works(miner: Miner, home: Path, docker_cli: DockerSandbox, monkeypatch):
    works = agent("print('def reverse_string(s): return s[::-1]')")
    answers = [
        "I cannot.",
        *(f"Here:\n```python\n{source}```\n" for source in (agent("import numpy"), agent("1 / 0"), works)),
    ]
    with llm_server(answers) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        made = miner("make", "demo/reverse", "--llm", "--model", "some-model", "--attempts", "4")

    assert made.status == 0, made.trouble
    assert made.lines == [
        "attempt 1 of 4: the answer holds no Python file in a block fenced with ```python",
        "attempt 2 of 4: Line 8 imports numpy, which is not in Python 3.11's standard library."
        " Use the standard library only, also inside try, if and functions; nothing else is installed.",
        "attempt 3 of 4: the agent ended with status 1;"
        " its last line on stderr: ZeroDivisionError: division by zero.",
        "agent.py: an agent for demo/reverse; next: bitsec-miner try agent.py",
    ]
    assert (home / "agent.py").read_text() == works
    assert {asked["model"] for asked in server.asked} == {"some-model"}
    assert "ZeroDivisionError" in server.asked[3]["messages"][-1]["content"]


def test_when_all_attempts_fail_the_last_draft_is_kept(
    miner: Miner, home: Path, docker_cli: DockerSandbox, monkeypatch
):
    (home / "agent.py.draft-1").write_text("an earlier one")
    with llm_server(["```python\n1 / 0\n```", "Sorry."]) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        failed = miner("make", "demo/reverse", "--llm", "--attempts", "2")

    assert failed.status == 2
    assert failed.lines[-1] == "what it wrote last is in agent.py.draft-2"
    assert failed.trouble[0].startswith("bitsec-miner make: no agent in 2 attempts: the answer holds no Python file")
    assert sorted(path.name for path in home.iterdir()) == ["agent.py.draft-1", "agent.py.draft-2"]
    assert (home / "agent.py.draft-1").read_text() == "an earlier one"


def test_without_an_engine_no_llm_is_asked(home: Path, hub: RunningHub):
    command = [sys.executable, "-m", "bitsec_eval.miner", "make", "demo/reverse", "--llm", "--hub", hub.url]
    with llm_server(["```python\nprint(1)\n```"]) as server:
        environ = environment(DOCKER_HOST=f"unix://{home}/no.sock", **server.environment)
        failed = subprocess.run(command, cwd=home, env=environ, capture_output=True, text=True, timeout=60)

    assert (failed.returncode, failed.stdout, len(failed.stderr.splitlines())) == (2, "", 1)
    assert "is the Docker engine running?" in failed.stderr
    assert server.asked == []


def tried(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run `try` in `folder`."""
    command = [sys.executable, "-m", "bitsec_eval.miner", "try", *options]
    return subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=120)


def test_try_prints_the_agents_own_board_and_what_it_failed(tmp_path: Path, docker_cli: DockerSandbox):
    (tmp_path / "suite").mkdir()
    (tmp_path / "suite/test_reverse.py").write_text(REVERSE_TASK)
    (tmp_path / "mine.py").write_text(BAD)

    ran = tried(tmp_path, "mine.py", "--tasks", "suite", "--results", "kept")

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines()[0].startswith("caution: The file names neither --task nor sys.argv;")
    assert ran.stdout.splitlines()[1:] == [
        "evaluating mine.py on suite ...",
        "  0.0  suite/reverse: 0 of 2 checks",
        "       failed: test_reverses_a_word (weight 1)",
        "       failed: test_reverses_two_words (weight 1)",
        "",
        "1  mine  0.0  reward: 0.00 TAO",
        "undistributed: 100.00 TAO, as no agent earned it",
    ]
    assert (tmp_path / "kept/junit.xml").exists()
    selected = tried(tmp_path, "mine.py", "--tasks", "suite", "--", "-k", "two")
    assert (selected.returncode, selected.stderr) == (1, "")
    assert selected.stdout.splitlines()[2] == "  0.0  suite/reverse: 0 of 1 checks, incomplete"
    assert (tmp_path / "kept/runs/mine/suite__reverse.json").exists()


HALF = printing("def reverse_string(s):\n    return s[::-1] if ' ' in s else s\n")


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        (GOOD, ["100.0  suite/reverse: 2 of 2 checks", ""]),
        (HALF, [" 50.0  suite/reverse: 1 of 2 checks", "       failed: test_reverses_a_word (weight 1)"]),
    ],
)
def test_try_tells_of_an_agent_that_passes(tmp_path: Path, docker_cli: DockerSandbox, source: str, lines: list[str]):
    (tmp_path / "suite").mkdir()
    (tmp_path / "suite/test_reverse.py").write_text(REVERSE_TASK)
    (tmp_path / "mine.py").write_text(source)

    ran = tried(tmp_path, "mine.py", "--tasks", "suite")

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines()[2:4] == lines


def test_try_without_task_suites_runs_on_the_hubs_prompts_and_shows_what_was_printed(
    miner: Miner, home: Path, docker_cli: DockerSandbox
):
    body = "print(task)\n    import sys; print('a note', file=sys.stderr)"
    (home / "mine.py").write_text(agent(body))

    ran = miner("try", "mine.py")
    one = miner("try", "mine.py", "--task", "demo/one")

    assert (ran.status, ran.trouble) == (1, [])
    assert ran.lines[0].startswith("running mine.py on 3 prompts of http://127.0.0.1:")
    assert [line.partition(": ")[0] for line in ran.lines if line.startswith("demo/")] == [
        *("demo/one", "demo/reverse", "demo/vault"),
    ]
    assert "problem: loading the answer" in "".join(ran.lines)
    assert "        Implement reverse_string(s)." in ran.lines
    assert ran.lines[-2] == "1 of 3 runs printed an answer of the form that the task asks for"
    assert (one.status, one.lines[2:6]) == (
        *(0, ["    stdout:", "        Say one.", "    stderr:", "        a note"]),
    )
    assert re.fullmatch(r"demo/one: \d+\.\d\d s, in order", one.lines[1])


def test_try_says_what_a_hub_would_refuse(miner: Miner, home: Path, docker_cli: DockerSandbox):
    (home / "mine.py").write_text("import numpy\n")
    (home / "suite").mkdir()
    (home / "suite/test_reverse.py").write_text(REVERSE_TASK)

    on_prompts = miner("try", "mine.py")
    on_suites = miner("try", "mine.py", "--tasks", "suite")

    assert (on_prompts.status, on_prompts.trouble[0].partition(": Line")[0]) == (
        *(2, "bitsec-miner try: a hub would refuse it (not_stdlib)"),
    )
    assert on_suites.lines[0].startswith("a hub would refuse it (not_stdlib): Line 1 imports numpy")
    assert on_suites.status == 0


def test_try_says_why_there_is_no_board_and_keeps_the_last_one(tmp_path: Path, docker_cli: DockerSandbox):
    (tmp_path / "suite").mkdir()
    (tmp_path / "suite/test_reverse.py").write_text("TASK = 3\ndef test_it(answer): pass\n")
    (tmp_path / "mine.py").write_text(GOOD)
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/junit.xml").write_text("the last one")

    ran = tried(tmp_path, "mine.py", "--tasks", "suite", "--results", "kept")

    assert ran.returncode == 2
    assert len(ran.stderr.splitlines()) == 1
    assert ran.stderr.startswith("bitsec-miner try: not evaluated (pytest ended with 4): ")
    assert "TASK must be a bitsec_eval.Task, got int" in ran.stderr
    assert (tmp_path / "kept/junit.xml").read_text() == "the last one"


def test_try_stops_when_it_is_told_to(tmp_path: Path, docker_cli: DockerSandbox):
    (tmp_path / "suite").mkdir()
    (tmp_path / "suite/test_reverse.py").write_text(REVERSE_TASK.replace("timeout=5", "timeout=60"))
    (tmp_path / "mine.py").write_text(printing("x").replace("print", "import time\ntime.sleep(60)\nprint"))
    command = [sys.executable, "-m", "bitsec_eval.miner", "try", "mine.py", "--tasks", "suite"]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment(TMPDIR=str(tmp_path)), stderr=subprocess.PIPE, text=True
    )
    time.sleep(4)
    os.kill(process.pid, signal.SIGTERM)
    _, told = process.communicate(timeout=40)

    assert (process.returncode, told) == (130, "bitsec-miner try: stopped\n")
    assert [path.name for path in tmp_path.glob("bitsec-try-*")] == []
