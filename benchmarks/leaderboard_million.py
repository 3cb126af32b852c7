"""How long a leaderboard of many checks takes and what memory it needs: `python benchmarks/leaderboard_million.py`.

Writes a junit file of 100 agents x 1000 tasks x 10 checks (474 MB; --tasks=N for another size), and one of --agents=N
agents with one task each, then reports the seconds of wall clock and CPU and the peak memory of the whole command,
`python -m bitsec_eval leaderboard junit.xml`: of this checkout and, with --than=FOLDER, of another one, interleaved.
For the large file it also says what reading, the board and the bare XML parser take.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar
from xml.parsers import expat
from xml.sax.saxutils import escape

from sides import machine

from bitsec_eval.core.junit.reader import read_junit
from bitsec_eval.core.scoring.leaderboard import leaderboard
from bitsec_eval.render.console import board_lines

AGENTS, CHECKS = 100, 10
EVALUATION = "0b7e9f0e-4c57-4a0e-9f26-0f3f6b0d8a11"
HERE = Path(__file__).resolve().parents[1]
T = TypeVar("T")


def main() -> None:
    """Write, read, rank, and print a line for each step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--agents", type=int, nargs="*", default=[10_000, 20_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--than", type=Path, metavar="FOLDER", help="another checkout, to compare with")
    told = parser.parse_args()
    print(machine())
    checkouts = [HERE, *([told.than.resolve()] if told.than else [])]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "junit.xml"
        for agents, tasks in [(AGENTS, told.tasks), *((agents, 1) for agents in told.agents)]:
            with path.open("w") as file:
                file.writelines(_junit(agents, tasks))
            print(f"{agents} agents x {tasks} tasks x {CHECKS} checks, {path.stat().st_size / 1e6:.0f} MB")
            _compared(path, checkouts, told.rounds)
            if tasks == told.tasks:
                _steps(path)


def _compared(path: Path, checkouts: list[Path], rounds: int) -> None:
    took: dict[Path, list[tuple[float, float, float]]] = {checkout: [] for checkout in checkouts}
    for _ in range(rounds):
        for checkout in checkouts:
            took[checkout].append(_command(path, checkout))
    for checkout, measured in took.items():
        wall, cpu, peak = (statistics.median(column) for column in zip(*measured, strict=True))
        name = "this checkout" if checkout == HERE else "the other one"
        print(f"  {name:16} {wall:6.2f} s  cpu {cpu:6.2f} s  peak {peak:4.0f} MB", flush=True)


def _steps(path: Path) -> None:
    _timed("bare XML parser", lambda: _parse(path))
    evaluation = _timed("read_junit", lambda: _read(path))
    board = _timed("leaderboard", lambda: leaderboard([evaluation]))
    _timed("console", lambda: board_lines(board))


def _timed(what: str, step: Callable[[], T]) -> T:
    wall, cpu = time.perf_counter(), time.process_time()
    done = step()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"  {what:16} {wall:6.2f} s  cpu {cpu:6.2f} s", flush=True)
    return done


def _command(path: Path, checkout: Path) -> tuple[float, float, float]:
    """Return the seconds of wall clock and of CPU and the peak MB of the command of a checkout."""
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "bitsec_eval", "leaderboard", str(path)],
        stdout=subprocess.DEVNULL,
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout)},
    ) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{checkout}: the command ended with {process.returncode}")
    return time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def _parse(path: Path) -> None:
    parser = expat.ParserCreate()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            parser.Parse(chunk, False)


def _read(path: Path):
    with path.open("rb") as stream:
        return read_junit(stream)


def _junit(agents: int, tasks: int) -> Iterator[str]:
    yield "<?xml version='1.0' encoding='utf-8'?><testsuites><testsuite name='pytest'><properties>"
    yield f'<property name="bitsec.plan" value="{_value(_plan(agents, tasks))}"/></properties>'
    for task in range(tasks):
        for agent in range(agents):
            for check in range(CHECKS):
                yield _testcase(agent, task, check)
    yield "</testsuite></testsuites>"


def _plan(agents: int, tasks: int) -> dict:
    task = {"weight": 1, "checks": CHECKS, "declared_weight": CHECKS}
    return {
        "evaluation": EVALUATION,
        "started": "2026-01-01T00:00:00Z",
        "agents": {f"agent-{agent}": f"{agent:064x}" for agent in range(agents)},
        "tasks": {f"coding/task_{number}": task for number in range(tasks)},
    }


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
        "evaluation": EVALUATION,
        "repeat": 0,
        "seconds": agent * task % 97 / 10,
        "task": f"coding/task_{task}",
        "task_weight": 1,
    }


def _value(record: object) -> str:
    return escape(json.dumps(record, separators=(",", ":")), {'"': "&quot;"})


if __name__ == "__main__":
    main()
