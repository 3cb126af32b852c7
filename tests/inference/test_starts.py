"""Sandboxes are started while the models are asked whether they answer."""

import time
from collections import deque
from pathlib import Path

from inference.server import Handler, Server, answer, status
from inference.sessions import CANARY
from plugin.evaluations import command, lay_out, run

TASK = """
from bitsec_eval import LLM, Task
TASK = Task(prompt="say hello", llm=LLM())
def test_says_hello(answer):
    assert "hello" in answer
"""
SIMULATED = ("-p", "tests.plugin.simulated_engine", "--bitsec-sandbox=simulated")


def once_there_is(path: Path):
    """Answer a request as soon as there is such a file, and refuse it where there is none for long."""

    def step(handler: Handler, request: dict) -> None:
        deadline = time.monotonic() + 10
        while not path.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        (answer("OK") if path.exists() else status(401))(handler, request)

    return step


def test_a_slow_model_holds_up_no_start(upstream: Server, tmp_path: Path):
    lay_out(tmp_path, {"alice": "print('hello')"}, {"suite/test_hello.py": TASK})
    upstream.known_good = deque([once_there_is(tmp_path / "results/opened")])
    options = ["--bitsec-llm=live", f"--bitsec-llm-base-url={upstream.url}", "--bitsec-llm-models=small"]

    ran = run(tmp_path, *command(*SIMULATED, *options), BITSEC_LLM_API_KEY=CANARY)

    assert ran.status == 0, ran.output
    assert ran.board()["agents"][0]["score"] == 100.0


def test_a_wrong_key_leaves_no_run_behind(upstream: Server, tmp_path: Path):
    lay_out(tmp_path, {"alice": "print('hello')"}, {"suite/test_hello.py": TASK})
    upstream.known_good = deque([status(401)])
    options = ["--bitsec-llm=live", f"--bitsec-llm-base-url={upstream.url}", "--bitsec-llm-models=small"]

    ran = run(tmp_path, *command(*SIMULATED, *options), BITSEC_LLM_API_KEY=CANARY)

    assert ran.status == 4
    assert "BITSEC_LLM_API_KEY" in ran.output
    assert not (tmp_path / "results/started").exists()
