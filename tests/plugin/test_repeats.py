"""Repeats, reuse and resumption in real evaluations, and nothing hidden in anything they leave."""

import json
import os
import signal
import subprocess
import time

import pytest

from bitsec_eval.render.timeline import CHECK_SECONDS
from tests.hub.conftest import launched
from tests.plugin.evaluations import REVERSE_TASK, command, environment, evaluate, lay_out, printing, run

pytestmark = pytest.mark.usefixtures("docker_cli")

ONCE = "import random\nprint('def reverse_string(s):\\n    return s[::-1]')\nprint('#', random.random())\n"
CANARY = "canary-7c1f"
CANARY_TASK = f'''
"""A task with a hidden value."""
from bitsec_eval import Task

TASK = Task(prompt="Implement f().", timeout=5)


def test_hidden(solution):
    assert solution.f("{CANARY}-input") == "{CANARY}-expected", "{CANARY}-message"


def test_raises(solution):
    assert solution.g("{CANARY}-input") is None
'''


def answers(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("results/answers/*/[!.]*.json")}


@pytest.mark.parametrize("more", [(), ("-n2",)])
def test_every_run_is_done_k_times_in_sandboxes_of_its_own(tmp_path, more):
    ran = evaluate(tmp_path, "--bitsec-repeat=2", *more, agents={"once": ONCE})

    assert "test_reverses_a_word[once-r2]" in ran.output
    (row,) = ran.board()["agents"]
    assert row["tasks"]["suite/reverse"]["points"] == [100, 100]
    told = [json.loads(path.read_text()) for path in (tmp_path / "results/private/runs/once").glob("*.json")]
    assert len({each["stdout"] for each in told}) == 2
    for steps in (each["timeline"] for each in told):
        assert steps[0]["what"] == "queued"
        assert [step["what"] for step in steps[2:]] == ["the agent runs", "first byte of the answer", "exited"]
    public = [json.loads(path.read_text()) for path in (tmp_path / "results/runs/once").glob("*.json")]
    for steps in (each["timeline"] for each in public):
        checks = [step for step in steps if step["kind"] == "check"]
        assert [step["what"] for step in checks] == ["test_reverses_a_word", "test_reverses_two_words"]
        assert {step["outcome"] for step in checks} == {"passed"}
        assert {step["seconds"] for step in checks} <= set(CHECK_SECONDS)
    assert 'href="runs/once/suite__reverse.html"' in (tmp_path / "results/leaderboard.html").read_text()


def test_a_reused_answer_is_not_asked_for_again(tmp_path):
    evaluate(tmp_path, agents={"once": ONCE})
    first = answers(tmp_path)
    (tmp_path / "agents/new.py").write_text(printing("def reverse_string(s):\n    return s\n"))

    ran = run(tmp_path, *command("--bitsec-reuse"))

    assert ran.scores() == {"once": 100, "new": 0}
    assert first.items() <= answers(tmp_path).items()
    assert len(answers(tmp_path)) == 2


def test_a_killed_evaluation_goes_on_where_it_stopped(tmp_path):
    slow = "import time\ntime.sleep(0.5)\n" + ONCE
    lay_out(tmp_path, {"a": slow, "b": slow}, {f"suite/test_{n}.py": REVERSE_TASK for n in range(3)})
    process = subprocess.Popen(
        command("-q"), cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while process.poll() is None and len(answers(tmp_path)) < 2:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    kept = answers(tmp_path)
    assert 2 <= len(kept) < 6

    ran = run(tmp_path, *command("--bitsec-resume"))

    assert ran.status == 0, ran.output
    assert kept.items() <= answers(tmp_path).items()
    assert ran.board()["runs"] == {"scored": 6, "void": 0, "incomplete": 0}


def test_nothing_hidden_is_in_anything_a_miner_may_read(tmp_path):
    echo = printing("def f(x):\n    return 1\n\n\ndef g(x):\n    raise ValueError(x)\n")
    summary = tmp_path / "summary.md"
    lay_out(tmp_path, {"echo": echo}, {"suite/test_hidden.py": CANARY_TASK})
    run(tmp_path, *command("-q", "--bitsec-repeat=2"), GITHUB_STEP_SUMMARY=str(summary))
    xml = str(tmp_path / "results/junit.xml")
    forms = [f"--{form}={tmp_path / 'results' / form}" for form in ("json", "html", "csv", "markdown")]
    for arguments in (("leaderboard", xml, *forms), ("compare", xml, xml, f"--html={tmp_path}/results/compare")):
        run(tmp_path, command()[0], "-m", "bitsec_eval", *arguments)

    public = [path for path in tmp_path.rglob("results/**/*") if path.is_file() and path.name != "junit.xml"]
    names = {path.name for path in public}

    assert {"leaderboard.html", "suite__hidden.html", "suite__hidden.json", "csv", "markdown", "compare"} <= names
    assert CANARY in (tmp_path / "results/junit.xml").read_text()
    assert [path.name for path in [*public, summary] if CANARY in path.read_text()] == []
    served = _served(tmp_path, "/miners/echo", "/agents/echo", "/agents", "/", "/leaderboard")
    assert not any("return 1" in text for text in served)  # what an agent prints is for its owner
    assert not any(CANARY in text for text in served)


def _served(folder, *paths: str) -> list[str]:
    hub = launched(folder)
    try:
        return [hub.get(path).text for path in paths]
    finally:
        hub.kill()
