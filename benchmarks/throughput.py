"""Runs per second against plain loops of `docker run --rm` and of the docker SDK, all sides interleaved.

    python benchmarks/throughput.py [--agents 8] [--tasks 8] [--rounds 3] [--jobs 1,2,4,8] [--oci ROOTFS]
                                    [--runtime runc] [--inspect PYTHON]

A pair is one agent on one task. The loops do the least anybody would: a container without a network that runs the
agent's file from a bind mount, and on the coding side a second one that makes five calls. Ours does all of it: guards
read back, frames, five checks, junit, artifacts and the board.
With `--oci` a loop of `runc run` (`--runtime`) with all of our guards stands beside them as well.
pytest's own start and the collection of the tasks, measured beside the rest, are left out, but for *all in*.
Processor time is that of the processes each side starts here; processor_time.py measures the engine's and the
containers' as well.
Inspect AI (`--inspect`, a Python that has it) is given four pairs a round, since it is slower by far.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import docker
from bare_runtime import bare_runtime
from sides import interleaved, machine, ratios, spread

ROOT = Path(__file__).resolve().parents[1]
IMAGE = "bitsec-eval/python:3.11"
NO_DEVELOPMENT = "-p no:schemathesis -p no:hypothesispytest -p no:anyio"  # a validator has none of these
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": NO_DEVELOPMENT}
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
INSPECT_PAIRS = 4
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


def begun(folder: Path, suite: str) -> None:
    """What an evaluation takes before its first run starts."""
    ours(folder, suite, 1, "--collect-only")


def by_inspect(folder: Path, python: str, pairs: int, jobs: int, suite: str) -> float:
    """Return the seconds of so many pairs in Inspect AI."""
    command = [python, str(ROOT / "benchmarks/inspect_side.py"), str(folder), str(INSPECT_PAIRS), str(jobs), suite]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.split()[-1]) * pairs / INSPECT_PAIRS


class Metered:
    """A side whose processor time, its processes' here, is noted."""

    def __init__(self, side: Callable[[], float | None]) -> None:
        self._side = side
        self.milliseconds: list[float] = []

    def __call__(self) -> float | None:
        before = _processor_seconds()
        measured = self._side()
        self.milliseconds.append(1000 * (_processor_seconds() - before))
        return measured


def _processor_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


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
    parser.add_argument("--agents", type=int, default=8)
    parser.add_argument("--tasks", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", default="1,2,4,8")
    parser.add_argument(
        "--oci", help="also --bitsec-sandbox=oci, with this root file system (script/rootfs makes it)"
    )
    parser.add_argument("--runtime", default="runc", help="what the bare loop beside --oci runs")
    parser.add_argument("--inspect", metavar="PYTHON", help="also Inspect AI's Docker sandbox, with this Python")
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
    sides: dict[str, Metered] = {"start": Metered(partial(begun, folder, suite))}
    for jobs in map(int, options.jobs.split(",")):
        sides[f"docker run --rm, jobs {jobs}"] = Metered(partial(loop, by_command, folder, pairs, jobs, suite))
        sides[f"docker SDK loop, jobs {jobs}"] = Metered(partial(loop, by_sdk, folder, pairs, jobs, suite))
        if options.oci:
            bare = bare_runtime(options.oci, options.runtime)
            sides[f"{options.runtime} run, jobs {jobs}"] = Metered(partial(loop, bare, folder, pairs, jobs, suite))
        for engine, extra in engines.items():
            sides[f"{engine}, jobs {jobs}"] = Metered(partial(ours, folder, suite, jobs, *extra))
        if options.inspect and jobs in (2, 4):
            sides[f"Inspect AI, jobs {jobs}"] = Metered(
                partial(by_inspect, folder, options.inspect, pairs, jobs, suite)
            )
    begun(folder, suite)  # the first of all compiles everything
    found = interleaved(sides, options.rounds)
    start, start_milliseconds = statistics.median(found.pop("start")), statistics.median(sides["start"].milliseconds)
    print(f"\n{suite}: pairs per second, median (spread); a start takes {start:.2f} s")
    steady = {}
    for side, seconds in found.items():
        is_ours = side.startswith("ours")
        steady[side] = [each - start * is_ours for each in seconds]
        whole = f"  all in {spread([pairs / each for each in seconds])}" if is_ours else ""
        done = INSPECT_PAIRS if side.startswith("Inspect") else pairs
        used = (statistics.median(sides[side].milliseconds) - start_milliseconds * is_ours) / done
        print(f"  {side:26} {spread([pairs / each for each in steady[side]]):18} {used:6.1f} ms here{whole}")
    compare(steady, engines, ("docker run --rm", "docker SDK loop", f"{options.runtime} run", "Inspect AI"))


def compare(steady: Mapping[str, list[float]], engines: Iterable[str], others: Iterable[str]) -> None:
    """Hold the best of ours, steady, against the best of each other."""

    def best(kind: str) -> list[float] | None:
        told = [seconds for side, seconds in steady.items() if side.startswith(f"{kind}, jobs")]
        return min(told, key=statistics.median, default=None)

    for engine in engines:
        for other in others:
            mine, theirs = best(engine), best(other)
            if mine and theirs:
                print(f"  best of {engine} against best of {other}: {spread(ratios(mine, theirs))}x")


if __name__ == "__main__":
    main()
