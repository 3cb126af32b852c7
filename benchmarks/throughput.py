"""Runs per second against plain loops of `docker run --rm` and of the docker SDK, all sides interleaved.

    python benchmarks/throughput.py [--agents 6] [--tasks 4] [--rounds 3] [--jobs 1,2,4,8] [--oci ROOTFS]

A pair is one agent on one task. The loops do the least anybody would: a container without a network that runs the
agent's file from a bind mount, and on the coding side a second one that makes five calls. Ours does all of it: guards
read back, frames, five checks, junit, artifacts and the board; pytest's own start-up is in our figure.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import docker
from sides import interleaved, machine, ratios, spread

ROOT = Path(__file__).resolve().parents[1]
IMAGE = "bitsec-eval/python:3.11"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
ENVIRONMENT.pop("PYTHONDONTWRITEBYTECODE", None)  # as where it is installed, nothing is compiled twice
SOLUTION = "def double(x):\n    return 2 * x\n"
AGENT = f"print({SOLUTION!r})\n"
CALLER = "import solution\nfor number in range(5):\n    assert solution.double(number) == 2 * number\n"
RUN_AGENT = ["python3", "agent.py", "--task", "Implement double(x)."]
RUN_CALLS = ["python3", "caller.py"]
TASKS = {
    "answers": """
from bitsec_eval import Task
TASK = Task(prompt="Print a function double.")
def test_prints_it(answer):
    assert "double" in answer
""",
    "coding": """
import pytest
from bitsec_eval import Task
TASK = Task(prompt="Implement double(x).")
@pytest.mark.parametrize("number", range(5))
def test_doubles(solution, number):
    assert solution.double(number) == 2 * number
""",
}
LOCKED = "--network=none --read-only --cap-drop=ALL --security-opt=no-new-privileges --user=65534:65534".split()
LIMITED = "--pids-limit=64 --memory=256m --memory-swap=256m".split()


def by_command(folder: Path, command: list[str]) -> None:
    """One `docker run --rm`."""
    mount = ["-v", f"{folder}:/w:ro", "-w", "/w"]
    subprocess.run(
        ["docker", "run", "--rm", *LOCKED, *LIMITED, *mount, IMAGE, *command], check=True, capture_output=True
    )


def by_sdk(folder: Path, command: list[str]) -> None:
    """The same through the docker SDK."""
    client = docker.from_env()
    client.containers.run(
        IMAGE, command, remove=True, network_mode="none", read_only=True, cap_drop=["ALL"], user="65534:65534",
        security_opt=["no-new-privileges"], pids_limit=64, mem_limit="256m", memswap_limit="256m",
        volumes={str(folder): {"bind": "/w", "mode": "ro"}}, working_dir="/w",
    )  # fmt: skip
    client.close()


def loop(run, folder: Path, pairs: int, jobs: int, suite: str) -> None:
    """Every pair in containers of its own, `jobs` at a time."""

    def pair(_: int) -> None:
        run(folder, RUN_AGENT)
        if suite == "coding":
            run(folder, RUN_CALLS)

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(pair, range(pairs)))


def ours(folder: Path, suite: str, jobs: int, *options: str) -> None:
    """One evaluation."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "bitsec_eval.plugin", "-p", "no:cacheprovider"]
    subprocess.run(
        [*command, "--bitsec-agents=agents", f"--bitsec-jobs={jobs}", *options, suite],
        check=True, capture_output=True, cwd=folder, env=ENVIRONMENT,
    )  # fmt: skip


def lay_out(folder: Path, agents: int, tasks: int) -> None:
    """Write agents, tasks and what the loops mount."""
    folder.chmod(0o755)
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "agents").mkdir()
    for name, text in (("agent.py", AGENT), ("solution.py", SOLUTION), ("caller.py", CALLER)):
        (folder / name).write_text(text)
    for number in range(agents):
        (folder / f"agents/a{number:03}.py").write_text(AGENT)
    for suite, text in TASKS.items():
        (folder / suite).mkdir()
        for number in range(tasks):
            (folder / suite / f"test_double_{number}.py").write_text(text)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--agents", type=int, default=6)
    parser.add_argument("--tasks", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", default="1,2,4,8")
    parser.add_argument(
        "--oci", help="also --bitsec-sandbox=oci, with this root file system (script/rootfs makes it)"
    )
    options = parser.parse_args()
    pairs = options.agents * options.tasks
    print(f"{machine()}; {options.agents} agents x {options.tasks} tasks, {options.rounds} rounds, interleaved")
    with tempfile.TemporaryDirectory(prefix="bitsec-bench-") as name:
        folder = Path(name)
        lay_out(folder, options.agents, options.tasks)
        for suite in TASKS:
            measure(folder, suite, pairs, options)


def measure(folder: Path, suite: str, pairs: int, options: argparse.Namespace) -> None:
    """Measure one suite at every number of jobs, and hold the best of ours against the best of the others."""
    engines = {"ours": ()} | (
        {"ours, oci": ("--bitsec-sandbox=oci", f"--bitsec-image={options.oci}")} if options.oci else {}
    )
    sides = {}
    for jobs in map(int, options.jobs.split(",")):
        sides[f"docker run --rm, jobs {jobs}"] = partial(loop, by_command, folder, pairs, jobs, suite)
        sides[f"docker SDK loop, jobs {jobs}"] = partial(loop, by_sdk, folder, pairs, jobs, suite)
        for engine, extra in engines.items():
            sides[f"{engine}, jobs {jobs}"] = partial(ours, folder, suite, jobs, *extra)
    found = interleaved(sides, options.rounds)
    print(f"\n{suite}: pairs per second, median (spread)")
    for side, seconds in found.items():
        print(f"  {side:28} {spread([pairs / each for each in seconds])}")
    best = {kind: min((s for n, s in found.items() if n.startswith(kind + ", jobs")), key=sum) for kind in
            ("docker run --rm", "docker SDK loop", *engines)}  # fmt: skip
    for engine in engines:
        for other in ("docker run --rm", "docker SDK loop"):
            print(f"  best of {engine} against best of {other}: {spread(ratios(best[engine], best[other]))}x")


if __name__ == "__main__":
    main()
