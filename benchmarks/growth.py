"""Processor seconds and memory of evaluations of 10 to 5,000 runs, with an engine that starts nothing.

    python benchmarks/growth.py [--runs 10,100,1000,5000] [--base CHECKOUT] [--plain]

What is measured is everything of ours but containers: collection, schedule, checks, junit, artifacts and the board.
CHECKOUT is a checkout of an earlier build with a .venv of its own in it, measured in turns.
With --plain as many parametrized tests of plain pytest are measured too, which is the least that a check can cost.
The plugins of the development tools are left out, as no validator has them.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from sides import machine

HERE = Path(__file__).resolve().parent
AGENTS = 10
TASK = """
from bitsec_eval import Task
TASK = Task(prompt="Print a function double.")
def test_prints_it(answer):
    assert "double" in answer
def test_prints_more(answer):
    assert len(answer) > 3
"""


PLAIN = """
import pytest
@pytest.fixture(params=["a%d" % number for number in range(10)])
def agent(request):
    return request.param
@pytest.fixture
def answer(agent):
    return "def double(x): return 2 * x"
def test_prints_it(answer):
    assert "double" in answer
def test_prints_more(answer):
    assert len(answer) > 3
"""
WITHOUT = ("schemathesis", "hypothesispytest", "cacheprovider")


def processor_and_memory(python: str | Path, path: str, folder: Path, *options: str) -> tuple[float, float]:
    """Return the processor seconds and the peak mebibytes of one pytest."""
    command = [str(python), "-m", "pytest", "-q", "--tb=no", *(f"-pno:{name}" for name in WITHOUT), *options, "suite"]
    environment = {**os.environ, "PYTHONPATH": path}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"pytest {' '.join(options)} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def laid_out(folder: Path, runs: int, task: str) -> Path:
    """Write the agents and the tasks of so many runs into a folder."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "agents").mkdir()
    (folder / "suite").mkdir()
    for number in range(min(runs, AGENTS)):
        (folder / f"agents/a{number}.py").write_text("def double(x): return 2 * x\n")
    for number in range(max(1, runs // AGENTS)):
        (folder / f"suite/test_{number:05}.py").write_text(task)
    return folder


def evaluation(checkout: Path, runs: int) -> tuple[float, float]:
    """Return what one evaluation of `runs` runs takes with a build."""
    options = ["-p", "bitsec_eval.plugin", "-p", "simulated", "--bitsec-agents=agents"]
    if "pytest_bitsec_engines" in (checkout / "benchmarks/simulated.py").read_text():  # else it replaces the engine
        options.append("--bitsec-sandbox=simulated")
    with tempfile.TemporaryDirectory(prefix="bitsec-bench-") as name:
        folder = laid_out(Path(name), runs, TASK)
        return processor_and_memory(
            checkout / ".venv/bin/python", f"{checkout}:{checkout / 'benchmarks'}", folder, *options
        )


def plain_pytest(runs: int) -> tuple[float, float]:
    """Return what plain pytest takes for as many tests, ten at least, with junit."""
    with tempfile.TemporaryDirectory(prefix="bitsec-bench-") as name:
        folder = laid_out(Path(name), runs, PLAIN)
        return processor_and_memory(sys.executable, "", folder, "--junitxml=results/junit.xml")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", default="10,100,1000,5000")
    parser.add_argument("--base", type=Path, help="a checkout of an earlier build with its .venv")
    parser.add_argument("--plain", action="store_true", help="measure plain pytest too")
    args = parser.parse_args()
    print(machine())
    sides: dict[str, Callable[[int], tuple[float, float]]] = {"ours": partial(evaluation, HERE.parent)}
    if args.base:
        sides["earlier"] = partial(evaluation, args.base)
    if args.plain:
        sides["plain pytest"] = plain_pytest
    empty = {side: measured(1) for side, measured in sides.items()}
    for runs in map(int, args.runs.split(",")):
        for side, measured in sides.items():
            seconds, mebibytes = measured(runs)
            each = 1000 * (seconds - empty[side][0]) / runs
            grown = 1024 * (mebibytes - empty[side][1]) / runs
            print(f"  {runs:6} runs, {side:12}: {seconds:6.2f} s of processor, {mebibytes:5.0f} MiB; ", end="")
            print(f"{each:5.2f} ms and {grown:6.1f} KiB a run beyond an evaluation of one", flush=True)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
