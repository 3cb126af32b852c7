"""Runs per second against plain loops of `docker run --rm`, all sides interleaved in one process.

    python benchmarks/throughput.py [--pairs 24] [--rounds 3] [--jobs 1,2]

One pair is one agent on one task. The loops do the least anybody would: a container without a network that runs
the agent's file from a bind mount, and for the coding side a second one that makes five calls. Ours does all of it:
guards read back, frames, every check, junit and the board. pytest's own start-up is in our figure.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IMAGE = "bitsec-eval/python:3.11"
AGENT = 'print("def double(x):\\n    return 2 * x\\n")\n'
CALLER = "import solution\nfor number in range(5):\n    assert solution.double(number) == 2 * number\n"
ANSWER_TASK = '''
from bitsec_eval import Task
TASK = Task(prompt="Print a function double.")
def test_prints_it(answer):
    assert "double" in answer
'''
CODING_TASK = '''
import pytest
from bitsec_eval import Task
TASK = Task(prompt="Implement double(x).")
@pytest.mark.parametrize("number", range(5))
def test_doubles(solution, number):
    assert solution.double(number) == 2 * number
'''
LOCKED = ["--network=none", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--user=65534:65534",
          "--pids-limit=64", "--memory=256m", "--memory-swap=256m"]  # fmt: skip


def docker_run(folder: Path, *command: str) -> None:
    subprocess.run(
        ["docker", "run", "--rm", *LOCKED, "-v", f"{folder}:/w:ro", "-w", "/w", IMAGE, *command],
        check=True, capture_output=True,
    )  # fmt: skip


def loop(folder: Path, pairs: int, jobs: int, calls: bool) -> None:
    def pair(_: int) -> None:
        docker_run(folder, "python3", "agent.py", "--task", "Implement double(x).")
        if calls:
            docker_run(folder, "python3", "caller.py")

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(pair, range(pairs)))


def ours(folder: Path, suite: str, jobs: int) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "bitsec_eval.plugin", "-p", "no:cacheprovider"]
    subprocess.run(
        [*command, "--bitsec-agents=agents", f"--bitsec-jobs={jobs}", suite],
        check=True, capture_output=True, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def lay_out(folder: Path, pairs: int) -> None:
    for name, text in (("agent.py", AGENT), ("solution.py", eval(AGENT[6:-2])), ("caller.py", CALLER)):
        (folder / name).write_text(text)
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "agents").mkdir()
    for number in range(pairs):
        (folder / f"agents/a{number:03}.py").write_text(AGENT)
    for suite, text in (("answers", ANSWER_TASK), ("coding", CODING_TASK)):
        (folder / suite).mkdir()
        (folder / suite / "test_double.py").write_text(text)
    folder.chmod(0o755)


def measured(sides: dict[str, Callable[[], None]], rounds: int) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            started = time.perf_counter()
            side()
            seconds[name].append(time.perf_counter() - started)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", default="1,2")
    options = parser.parse_args()
    print(f"{platform.platform()}, {os.cpu_count()} CPUs, {options.pairs} pairs, {options.rounds} rounds, interleaved")
    with tempfile.TemporaryDirectory(prefix="bitsec-bench-") as name:
        folder = Path(name)
        lay_out(folder, options.pairs)
        sides: dict[str, Callable[[], None]] = {}
        for jobs in map(int, options.jobs.split(",")):
            sides[f"answers docker run jobs={jobs}"] = lambda jobs=jobs: loop(folder, options.pairs, jobs, False)
            sides[f"answers ours       jobs={jobs}"] = lambda jobs=jobs: ours(folder, "answers", jobs)
            sides[f"coding  docker run jobs={jobs}"] = lambda jobs=jobs: loop(folder, options.pairs, jobs, True)
            sides[f"coding  ours       jobs={jobs}"] = lambda jobs=jobs: ours(folder, "coding", jobs)
        found = measured(sides, options.rounds)
    report(found, options.pairs)


def report(found: dict[str, list[float]], pairs: int) -> None:
    for name, seconds in found.items():
        low, high = pairs / max(seconds), pairs / min(seconds)
        print(f"{name}: {pairs / statistics.median(seconds):5.2f} pairs/s  ({low:.2f}-{high:.2f})", end="")
        if "ours" in name:
            against = found[name.replace("ours      ", "docker run")]
            ratios = [theirs / mine for theirs, mine in zip(against, seconds, strict=True)]
            print(f"  {statistics.median(ratios):.2f}x docker run ({min(ratios):.2f}-{max(ratios):.2f})", end="")
        print()


if __name__ == "__main__":
    main()
