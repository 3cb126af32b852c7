"""Processor seconds and memory of evaluations of 10 to 5,000 runs, with an engine that starts nothing.

    python benchmarks/growth.py [--runs 10,100,1000,5000]

What is measured is everything of ours but containers: collection, schedule, checks, junit, artifacts and the board.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
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


def evaluation(runs: int) -> tuple[float, float]:
    """Return the processor seconds and the peak mebibytes of one evaluation of `runs` runs."""
    with tempfile.TemporaryDirectory(prefix="bitsec-bench-") as name:
        folder = Path(name)
        (folder / "pytest.ini").write_text("[pytest]\n")
        (folder / "agents").mkdir()
        (folder / "suite").mkdir()
        for number in range(min(runs, AGENTS)):
            (folder / f"agents/a{number}.py").write_text("def double(x): return 2 * x\n")
        for number in range(max(1, runs // AGENTS)):
            (folder / f"suite/test_{number:04}.py").write_text(TASK)
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "bitsec_eval.plugin",
            "-p",
            "simulated",
            "--bitsec-sandbox=simulated",
            "--tb=no",
        ]
        environment = {**os.environ, "PYTHONPATH": f"{HERE.parent}:{HERE}"}
        with subprocess.Popen(
            [*command, "-p", "no:cacheprovider", "--bitsec-agents=agents", "suite"],
            cwd=folder, env=environment, stdout=subprocess.DEVNULL,
        ) as process:  # fmt: skip
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"the evaluation of {runs} runs ended with {process.returncode}")
        return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", default="10,100,1000,5000")
    counts = [int(count) for count in parser.parse_args().runs.split(",")]
    print(machine())
    empty = evaluation(1)
    for runs in counts:
        seconds, mebibytes = evaluation(runs)
        each = 1000 * (seconds - empty[0]) / runs
        print(f"  {runs:5} runs: {seconds:6.2f} s of processor, {mebibytes:5.0f} MiB; ", end="")
        print(f"{each:5.2f} ms and {1024 * (mebibytes - empty[1]) / runs:6.1f} KiB a run beyond an evaluation of one")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
