"""What runs share is shared fairly: places, the LLM, its budget, and the trust in the machine.

Agents write down when they ran, by the machine's clock, which all sandboxes have in common.
"""

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from inference.server import serving, slow
from plugin.evaluations import Ran, command, lay_out, run

TICK = 0.02
JOBS = 2
_ASK = """
import json, os, sys, threading, time, urllib.error, urllib.request

BASE = os.environ.get("OPENAI_BASE_URL", "http://127.0.0.1:4000/v1")

def ask(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(BASE + path, data=data), timeout=60) as reply:
            return json.load(reply)
    except (OSError, ValueError) as error:
        return str(error)

def chat(text="x"):
    return ask("/chat/completions", {"messages": [{"role": "user", "content": text}]})

ticks, started = [], time.monotonic()

def tick():
    while True:
        ticks.append(round(time.monotonic(), 2))
        time.sleep(0.02)

threading.Thread(target=tick, daemon=True).start()
"""
_TOLD = "\nprint(json.dumps({'hello': True, 'ticks': ticks}))\n"
_QUESTIONS = (
    _ASK
    + """
while time.monotonic() < started + 1.5:
    ask("/models"), ask("/usage"), ask("/nothing"), chat()
"""
    + _TOLD
)
_HOG = (
    _ASK
    + """
asking = [threading.Thread(target=lambda: [chat("hog") for _ in range(40)], daemon=True) for _ in range(12)]
[each.start() for each in asking]
while True:
    print(json.dumps({"ticks": ticks[-1:]}), flush=True)
    time.sleep(0.1)
"""
)
_HONEST = _ASK + "told = chat('honest')\n" + _TOLD
TASK = """
from bitsec_eval import LLM, Task
TASK = Task(prompt="say hello", timeout={seconds}, llm=LLM())
def test_says_hello(answer):
    assert "hello" in answer
"""


def ticks_of(ran: Ran, agent: str) -> list[float]:
    told = json.loads((ran.folder / f"results/private/runs/{agent}/suite__hello.json").read_text())["stdout"]
    return [tick for line in told.splitlines() for tick in json.loads(line)["ticks"]]


def at_once(ran: Ran, agents: list[str]) -> int:
    """Return how many agents ran in one tick, at most, apart from single ticks at the edge of a pause."""
    slots = [{int(tick / 0.1) for tick in ticks_of(ran, agent)} for agent in agents]
    every = sorted(set().union(*slots))
    crowds = [sum(at in each for each in slots) for at in every]
    return sorted(crowds)[-1 - len(crowds) // 20]


@pytest.mark.parametrize("mode", ["off", "live"])
def test_no_more_runs_go_on_than_jobs_whatever_they_ask(tmp_path: Path, engine_options: tuple[str, ...], mode: str):
    agents = {f"asker{n}": _QUESTIONS for n in range(5)}
    lay_out(tmp_path, agents, {"suite/test_hello.py": TASK.format(seconds=20)})
    with serving() as upstream:
        upstream.otherwise = slow(0.1, "hello")
        options = (f"--bitsec-llm={mode}", f"--bitsec-llm-base-url={upstream.url}", "--bitsec-llm-models=small")
        options = options if mode == "live" else ("--bitsec-llm=off",)
        ran = run(
            tmp_path, *command("-q", f"--bitsec-jobs={JOBS}", *options, *engine_options), BITSEC_LLM_API_KEY="k"
        )

    assert ran.scores() == dict.fromkeys(agents, 100.0), ran.output
    assert 1 <= at_once(ran, list(agents)) <= JOBS


def test_who_fills_every_place_at_the_llm_delays_nobody_and_lives_no_longer(
    tmp_path: Path, engine_options: tuple[str, ...]
):
    agents = {"a_hog": _HOG, "b_hog": _HOG, "honest": _HONEST, "other": _HONEST}
    lay_out(tmp_path, agents, {"suite/test_hello.py": TASK.format(seconds=4)})
    with serving() as upstream:
        upstream.otherwise = slow(0.3, "hello")
        options = ("--bitsec-llm=live", f"--bitsec-llm-base-url={upstream.url}", "--bitsec-llm-models=small")
        many = ("--bitsec-jobs=4", "--bitsec-llm-calls=1000", "--bitsec-llm-total-calls=60")
        ran = run(tmp_path, *command("-q", *options, *many, *engine_options), BITSEC_LLM_API_KEY="k")

    rows = {row["agent"]: row for row in ran.board()["agents"]}
    assert {name: row["score"] for name, row in rows.items()} == {"a_hog": 0, "b_hog": 0, "honest": 100, "other": 100}
    assert all(row["runs"]["void"] == 0 for row in rows.values())
    assert len(upstream.requests) <= 60
    for hog in ("a_hog", "b_hog"):
        alive = ticks_of(ran, hog)
        assert alive[-1] - alive[0] < 2 * 4 + 1, "a clock stands still for no longer than the task's own timeout"


_MARKED = "bitsec-test-lost-from-outside"
_LOST = f"""
import subprocess, sys, time
child = [sys.executable, "-c", "import time; time.sleep(30)", {_MARKED!r}]
subprocess.Popen(child)
time.sleep(30)
"""


@contextmanager
def killing(mark: str) -> Iterator[list[int]]:
    """Kill process 1 of every sandbox in which a process has this mark, from outside, as somebody else might."""
    killed: list[int] = []
    ended = threading.Event()

    def kill() -> None:
        while not ended.wait(0.1):
            for first in _firsts(mark):
                killed.append(first)
                os.kill(first, signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        ended.set()
        thread.join()


def _firsts(mark: str) -> Iterator[int]:
    """Yield the host's number of process 1 of each sandbox that has a process with this mark."""
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            if mark.encode() not in (process / "cmdline").read_bytes().split(b"\0"):
                continue
            of = (process / "ns/pid").readlink()
            firsts = [each for each in Path("/proc").glob("[0-9]*") if _is_first(each, of)]
        except OSError:
            continue
        yield from (int(each.name) for each in firsts)


def _is_first(process: Path, namespace: Path) -> bool:
    try:
        if (process / "ns/pid").readlink() != namespace:
            return False
        told = (process / "status").read_text()
    except OSError:
        return False
    return told.partition("NSpid:")[2].splitlines()[0].split()[-1] == "1"


@pytest.mark.skipif(os.geteuid() != 0, reason="kills processes of other users")
def test_one_owners_lost_attempts_void_nobody_elses_run(tmp_path: Path, engine_options: tuple[str, ...]):
    """Nine attempts of one owner are lost, three in a row of each agent; six in a row once stopped everybody's."""
    lost = {f"a_lost{n}": _LOST for n in range(3)}
    honest = {f"{name}_honest": "print('hello')\n" for name in "bmz"}
    lay_out(tmp_path, lost | honest, {"suite/test_hello.py": TASK.format(seconds=25)})
    with killing(_MARKED) as killed:
        ran = run(tmp_path, *command("-q", "--bitsec-jobs=2", *engine_options))

    rows = {row["agent"]: row for row in ran.board()["agents"]}
    assert len(killed) >= 3 * len(lost)
    assert {name: rows[name]["score"] for name in honest} == dict.fromkeys(honest, 100.0), ran.output
    assert all(rows[name]["runs"]["void"] == 0 for name in honest)
    assert not any(rows[name]["score"] for name in lost)
