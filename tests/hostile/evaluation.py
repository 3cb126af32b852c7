"""One evaluation of honest agents, alone or among the whole corpus."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from hostile.corpus import Attack
from plugin.evaluations import Ran, command, lay_out, run

TASK = '''
"""Reverse words that are drawn afresh each time."""
import secrets
from bitsec_eval import Task

TASK = Task(prompt="Implement a function reverse_string(s: str) -> str that returns s reversed.",
            timeout=5, call_timeout=2, memory_mib=96, tmp_mib=32)
EXPECTED = "expected-canary"


def test_reverses_a_word(solution):
    word = secrets.token_hex(4)
    assert solution.reverse_string(word) == word[::-1], EXPECTED


def test_reverses_an_accented_word(solution):
    word = secrets.token_hex(4) + chr(228)
    assert solution.reverse_string(word) == word[::-1], EXPECTED
'''

_RIGHT = "def reverse_string(s):\n    return s[::-1]\n"
_HALF = "def reverse_string(s):\n    return s.encode('ascii', 'ignore').decode()[::-1]\n"
_CHATTY = f"""
import subprocess, sys, threading
sys.stderr.write("thinking\\n" * 5000)
threading.Thread(target=print, args=("# a comment",)).start()
open("/tmp/scratch", "wb").write(bytes(8 << 20))
child = [sys.executable, "-c", "import sys; print(sys.argv[1])", {_RIGHT!r}]
print(subprocess.run(child, capture_output=True, text=True, check=True).stdout)
"""
_FORKING = f"""
import fcntl, os
for _ in range(80):
    if os.fork() == 0:
        if os.fork() == 0:
            os._exit(0)
        os._exit(0)
    os.wait()
quota_is_whole = fcntl.fcntl(os.pipe()[1], 1032) == 65536
print({_RIGHT!r} if quota_is_whole else "a neighbour has used up what the kernel grants us")
"""
HONEST = {
    "a_right": f"print({_RIGHT!r})\n",
    "f_half": f"print({_HALF!r})\n",
    "m_fenced": f"print('Here it is:\\n```python\\n' + {_RIGHT!r} + '```\\nDone.')\n",
    "s_chatty": _CHATTY,
    "z_forking": _FORKING,
}
"""Five honest agents, whose names fall between those of the attacks."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What an evaluation left: the process, the board, and one artifact for each agent."""

    ran: Ran
    rows: dict[str, dict[str, Any]]
    runs: dict[str, dict[str, Any]]

    def vector(self) -> dict[str, tuple[object, ...]]:
        """Return what an honest agent can lose: its outcomes, how its run ended, and its score."""
        return {name: self._verdict(self.runs[name]) for name in HONEST}

    def _verdict(self, told: dict[str, Any]) -> tuple[object, ...]:
        return told["state"], told["ending"], told["score"], told["checks"], told["reasons"]


def judge(folder: Path, attacks: list[Attack], *options: str) -> Judged:
    """Evaluate the honest agents among these attacks."""
    agents = HONEST | {attack.agent: attack.agent_source for attack in attacks}
    folder.mkdir()
    lay_out(folder, agents, {"hostile/test_reverse.py": TASK})
    state = f"--bitsec-state={folder / 'state'}"
    ran = run(folder, *command("-q", "-rE", "--tb=line", state, *options), VALIDATOR_KEY="a-key-just")
    rows = {row["agent"]: row for row in ran.board()["agents"]}
    return Judged(ran=ran, rows=rows, runs={name: _told(folder / "results", name) for name in agents})


def _told(results: Path, agent: str) -> dict[str, Any]:
    """Return what is told of a run: to everybody, and beside it what the validator alone is told."""
    public = json.loads((results / f"runs/{agent}/hostile__reverse.json").read_text())
    private = json.loads((results / f"private/runs/{agent}/hostile__reverse.json").read_text())
    cases = ET.parse(results / "junit.xml").iterfind(".//testcase[@name]")
    failed = [
        each for case in cases if case.attrib["name"].endswith(f"[{agent}]") for each in case.iterfind("failure")
    ]
    said = [*public["reasons"].values(), private.get("reason", ""), *(each.attrib["message"] for each in failed)]
    return {**public, "stdout": private.get("stdout", ""), "said": " ".join(said)}
