"""Evaluate honest agents on a machine that is overloaded, and count who is blamed for it: it should be nobody.

    python benchmarks/honest_under_load.py --runs 500 --load 20 --jobs 2

Starts as many processes that do nothing but count, lets as many runs of right answers, checks included, go through a
whole evaluation beside them, and prints how many were scored, failed and void. Exits 1 if any failed: then a fault of
the machine was taken for one of the agent's. Void runs are told and cost nobody a point.
Further options after `--` go to pytest, such as `--bitsec-sandbox=oci`.
"""

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
AGENTS = 10
AGENT = """
import argparse, json, time
parser = argparse.ArgumentParser()
parser.add_argument("--task")
parser.parse_args()
time.sleep({seconds})
print("def double(x):\\n    return x + x\\n")
"""
TASK = """
import secrets
from bitsec_eval import Task

TASK = Task(prompt="Implement double(x).")


def test_doubles_a_number(solution):
    number = secrets.randbelow(1000)
    assert solution.double(number) == 2 * number


def test_doubles_a_text(solution):
    assert solution.double("ab") == "abab"
"""


def main() -> int:
    """Run the evaluation under load and print what became of its runs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=500, help="rounded up to tens (default: %(default)s)")
    parser.add_argument("--load", type=int, default=20, help="processes that count (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=0.5, help="how long an agent takes (default: %(default)s)")
    options, more = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as name, burning(options.load):
        folder = Path(name)
        lay_out(folder, -(-options.runs // AGENTS), options.seconds)
        begun, before = time.monotonic(), os.getloadavg()[0]
        said = evaluate(folder, options.jobs, [each for each in more if each != "--"])
        took, after = time.monotonic() - begun, os.getloadavg()[0]
        states = outcomes(folder / "results")
    if not states:
        print(said)
        return 1
    print(f"{os.cpu_count()} CPUs, load {before:.0f} to {after:.0f}, {took:.0f} s, {options.jobs} runs at a time")
    told = f"{states['right']} right, {states['blamed']} blamed, {states['void']} void"
    print(f"{sum(states.values())} honest runs: {told}")
    return 1 if states["blamed"] else 0


@contextmanager
def burning(count: int) -> Iterator[None]:
    """Keep so many processes busy."""
    processes = [multiprocessing.get_context("spawn").Process(target=burn, daemon=True) for _ in range(count)]
    for each in processes:
        each.start()
    try:
        yield
    finally:
        for each in processes:
            each.kill()


def burn() -> None:
    """Count, for as long as whoever started this lives."""
    parent = os.getppid()
    while os.getppid() == parent:
        sum(range(10_000))


def lay_out(folder: Path, tasks: int, seconds: float) -> None:
    """Write the agents and so many tasks."""
    (folder / "agents").mkdir()
    (folder / "suite").mkdir()
    (folder / "conftest.py").write_text('pytest_plugins = ["bitsec_eval.plugin"]\n')
    (folder / "pytest.ini").write_text("[pytest]\n")
    for number in range(AGENTS):
        (folder / f"agents/agent{number}.py").write_text(AGENT.format(seconds=seconds + number / 1000))
    for number in range(tasks):
        (folder / f"suite/test_double_{number}.py").write_text(TASK)


def evaluate(folder: Path, jobs: int, more: list[str]) -> str:
    """Evaluate them in a process of its own; return what it said."""
    command = [sys.executable, "-m", "pytest", "-q", "--bitsec-agents=agents", f"--bitsec-jobs={jobs}", *more]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def outcomes(results: Path) -> Counter[str]:
    """Return how many runs were right, blamed on their agent, and void."""
    told = [json.loads(path.read_text("utf-8")) for path in results.glob("runs/*/*.json")]
    return Counter(
        "void" if run["state"] != "scored" else "right" if run["score"] == 100 else "blamed" for run in told
    )


if __name__ == "__main__":
    sys.exit(main())
