"""Evaluate honest agents on a machine that is overloaded, and count who is blamed for it: it should be nobody.

    python benchmarks/honest_under_load.py --runs 500 --load 20 --jobs 2 [--slice 100] [--minutes 5] [--tally FILE]

Starts as many processes that do nothing but count, lets as many runs of right answers, checks included, go through a
whole evaluation beside them, and prints how many were scored, failed and void. Exits 1 if any failed: then a fault of
the machine was taken for one of the agent's. Void runs are told and cost nobody a point.
The runs are done in slices, each an evaluation of its own; none begins that would probably not end in `--minutes`.
With `--tally` what each slice came to is added up in a file, so that several calls make one measurement.
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
    parser.add_argument("--runs", type=int, default=500, help="in all (default: %(default)s)")
    parser.add_argument(
        "--slice", type=int, default=100, help="runs of one evaluation, in tens (default: %(default)s)"
    )
    parser.add_argument(
        "--minutes", type=float, default=60, help="how long this call may take (default: %(default)s)"
    )
    parser.add_argument("--tally", type=Path, help="a file that holds the sum of all calls")
    parser.add_argument("--load", type=int, default=20, help="processes that count (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=0.5, help="how long an agent takes (default: %(default)s)")
    options, more = parser.parse_known_args()
    more = [each for each in more if each != "--"]
    tally = Tally(options.tally)
    begun, longest = time.monotonic(), 0.0
    with burning(options.load):
        while tally.runs < options.runs and time.monotonic() - begun + longest < 60 * options.minutes:
            started = time.monotonic()
            states, said = a_slice(min(options.slice, options.runs - tally.runs), options, more)
            if not states:
                print(said)
                return 1
            longest = max(longest, time.monotonic() - started)
            tally.add(states)
            print(f"  {tally}; this slice took {time.monotonic() - started:.0f} s", flush=True)
        load = os.getloadavg()[0]
    took = time.monotonic() - begun
    print(f"{os.cpu_count()} CPUs, load {load:.0f} at the end, {took:.0f} s, {options.jobs} runs at a time")
    print(f"{tally.runs} honest runs: {tally}")
    return 1 if tally.states["blamed"] else 0


class Tally:
    """Adds up what became of runs, over several calls if there is a file."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.states = Counter(json.loads(path.read_text("utf-8")) if path and path.exists() else {})

    @property
    def runs(self) -> int:
        """How many runs there were so far."""
        return self.states.total()

    def add(self, states: Counter[str]) -> None:
        """Add those of a slice."""
        self.states += states
        if self._path:
            self._path.write_text(json.dumps(self.states), "utf-8")

    def __str__(self) -> str:
        return ", ".join(f"{self.states[name]} {name}" for name in ("right", "blamed", "void"))


def a_slice(runs: int, options: argparse.Namespace, more: list[str]) -> tuple[Counter[str], str]:
    """Do so many runs, rounded up to tens, in one evaluation; return what became of them and what it said."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lay_out(folder, -(-runs // AGENTS), options.seconds)
        said = evaluate(folder, options.jobs, more)
        return outcomes(folder / "results"), said


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
