"""How long a leaderboard of many checks takes and what memory it needs: `python benchmarks/leaderboard_million.py`.

Writes a junit file of 100 agents x 1000 tasks x 10 checks (750 MB; --tasks=N for another size), then reports the
seconds of CPU and wall clock for reading it and for the board, beside what the bare XML parser needs for the file,
and those of the whole command, `python -m bitsec_eval leaderboard junit.xml`.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar
from xml.parsers import expat
from xml.sax.saxutils import escape

from bitsec_eval.core.junit import read_junit
from bitsec_eval.core.leaderboard import leaderboard
from bitsec_eval.render.console import board_lines

AGENTS, CHECKS = 100, 10
T = TypeVar("T")


def main() -> None:
    """Write, read, rank, and print a line for each step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=1000)
    tasks = parser.parse_args().tasks
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "junit.xml"
        with path.open("w") as file:
            file.writelines(_junit(tasks))
        print(f"{AGENTS * tasks * CHECKS} checks, {path.stat().st_size / 1e6:.0f} MB")
        _timed("bare XML parser", lambda: _parse(path))
        evaluation = _timed("read_junit", lambda: _read(path))
        _timed("the command", lambda: _command(path), resource.RUSAGE_CHILDREN)
    board = _timed("leaderboard", lambda: leaderboard([evaluation]))
    _timed("console", lambda: board_lines(board))


def _timed(what: str, step: Callable[[], T], who: int = resource.RUSAGE_SELF) -> T:
    wall, cpu = time.perf_counter(), _processor_seconds(who)
    done = step()
    wall, cpu = time.perf_counter() - wall, _processor_seconds(who) - cpu
    peak_mb = resource.getrusage(who).ru_maxrss / 1024
    print(f"{what:16} {wall:6.2f} s  cpu {cpu:6.2f} s  peak {peak_mb:4.0f} MB", flush=True)
    return done


def _processor_seconds(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def _command(path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "bitsec_eval", "leaderboard", str(path)], stdout=subprocess.DEVNULL, check=False
    )  # 1: an evaluation without a plan is provisional


def _parse(path: Path) -> None:
    parser = expat.ParserCreate()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            parser.Parse(chunk, False)


def _read(path: Path):
    with path.open("rb") as stream:
        return read_junit(stream)


def _junit(tasks: int) -> Iterator[str]:
    yield "<testsuites><testsuite name='pytest'>"
    for task in range(tasks):
        for agent in range(AGENTS):
            for check in range(CHECKS):
                yield _testcase(agent, task, check)
    yield "</testsuite></testsuites>"


def _testcase(agent: int, task: int, check: int) -> str:
    passed = (agent * 7 + task * 13 + check * 29) % 101 > agent
    run: object = [f"agent-{agent}", f"coding/task_{task}", 0]
    if check == 0:
        run = _run(agent, task)
    reason = "" if passed else "the answer is not the expected one"
    of_check = {"check": f"test_the_behaviour_number_{check}", "weight": 1, "reason": reason}
    failure = "" if passed else '<failure message="assert 1 == 2">E assert 1 == 2, and where it stood</failure>'
    name = f"{of_check['check']}[agent-{agent}]"
    return (
        f'<testcase classname="task_suites.coding.test_task_{task}" name="{name}" time="0.1">'
        f'<properties><property name="bitsec.run" value="{_value(run)}"/>'
        f'<property name="bitsec.check" value="{_value(of_check)}"/></properties>{failure}</testcase>'
    )


def _run(agent: int, task: int) -> dict:
    return {
        "agent": f"agent-{agent}",
        "attempts": 1,
        "checks": CHECKS,
        "declared_weight": CHECKS,
        "ending": "exited",
        "evaluation": "0b7e9f0e-4c57-4a0e-9f26-0f3f6b0d8a11",
        "repeat": 0,
        "seconds": agent * task % 97 / 10,
        "task": f"coding/task_{task}",
        "task_weight": 1,
    }


def _value(record: object) -> str:
    return escape(json.dumps(record, separators=(",", ":")), {'"': "&quot;"})


if __name__ == "__main__":
    main()
