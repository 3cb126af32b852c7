"""The key of an LLM stays with the validator: while an agent on a node waits for the LLM, no node's memory has it."""

import re
from contextlib import suppress
from pathlib import Path

import pytest
from cluster.nodes import Node
from inference.server import completion, serving
from plugin.evaluations import evaluate

pytestmark = pytest.mark.docker

KEY = "key-that-stays-at-home-4711"
AGENT = """
import json, os, urllib.request
url = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
body = json.dumps({"model": "small", "messages": [{"role": "user", "content": "a question from a node"}]}).encode()
headers = {"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
print(urllib.request.urlopen(urllib.request.Request(url, data=body, headers=headers)).read().decode())
"""
TASK = """
from bitsec_eval import LLM, Task
TASK = Task(prompt="ask", timeout=30, llm=LLM())


def test_is_answered(answer):
    assert "an answer from home" in answer
"""


def holds(process: int, text: bytes) -> bool:
    """Whether a text is anywhere in what a process may write to in its memory."""
    with Path(f"/proc/{process}/mem").open("rb", 0) as memory:
        for line in Path(f"/proc/{process}/maps").read_text().splitlines():
            region = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if region is None:
                continue
            start, end = (int(each, 16) for each in region.groups())
            with suppress(OSError, OverflowError):
                memory.seek(start)
                if text in memory.read(end - start):
                    return True
    return False


def test_no_node_has_the_key_and_the_llm_is_asked_from_home(
    tmp_path: Path, address: str, two_nodes: list[Node], monkeypatch: pytest.MonkeyPatch
):
    seen: list[tuple[bool, ...]] = []

    def answer(handler, request: dict) -> None:
        if request["messages"][0]["content"] == "a question from a node":
            drivers = [int(path.name) for path in Path("/proc").glob("[0-9]*") if _is_ours(path, tmp_path)]
            seen.append((any(holds(pid, KEY.encode()) for pid in drivers), *(_has_key(node) for node in two_nodes)))
        handler.send_json(200, completion("an answer from home"))

    monkeypatch.setenv("BITSEC_LLM_API_KEY", KEY)
    with serving() as upstream:
        upstream.otherwise = answer
        told = ("--bitsec-llm=live", f"--bitsec-llm-base-url={upstream.url}", "--bitsec-llm-models=small")
        tasks = {"suite/test_asks.py": TASK}
        ran = evaluate(tmp_path, *told, f"--bitsec-cluster={address}", agents={"asks": AGENT}, tasks=tasks)

    assert (ran.status, ran.scores()) == (0, {"asks": 100.0}), ran.output
    assert seen == [(True, False, False)], "the driver has the key, and no node"


def _has_key(node: Node) -> bool:
    return holds(node.process.pid, KEY.encode())


def _is_ours(process: Path, folder: Path) -> bool:
    with suppress(OSError):
        return (process / "cwd").resolve() == folder.resolve()
    return False
