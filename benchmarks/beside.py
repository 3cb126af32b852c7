"""Throughput and latency of this checkout against those of another one, such as an earlier commit's, interleaved.

    git worktree add ../before COMMIT
    python benchmarks/beside.py ../before [--rounds 5] [--agents 6] [--tasks 6] [--jobs 4] [--oci ROOTFS]

Pairs per second are of whole evaluations as in throughput.py, without pytest's own start, which is measured beside
them. Latency is the median of latency.py of each checkout, whole processes in turn. Each ratio is that of two
neighbours in one round: 1.00 is as fast as before, less is slower.
"""

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import throughput
from sides import interleaved, machine, ratios, spread

TREES = ("this", "other")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("other", type=Path, help="the other checkout")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--agents", type=int, default=6)
    parser.add_argument("--tasks", type=int, default=6)
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--oci", help="also --bitsec-sandbox=oci, with this root file system")
    options = parser.parse_args()
    roots = dict(zip(TREES, (throughput.ROOT, options.other.resolve()), strict=True))
    engines = {"docker": ()} | (
        {"oci": ("--bitsec-sandbox=oci", f"--bitsec-image={options.oci}")} if options.oci else {}
    )
    print(f"{machine()}; {options.rounds} rounds, interleaved; ratio to the other, median (spread)", flush=True)
    with tempfile.TemporaryDirectory(prefix="bitsec-bench-") as name:
        folder = Path(name)
        throughput.lay_out(folder, options.agents, options.tasks)
        for suite in throughput.TASKS:
            for engine, extra in engines.items():
                measure(folder, suite, engine, roots, options, extra)
    latencies(roots, options)


def measure(folder: Path, suite: str, engine: str, roots, options: argparse.Namespace, extra) -> None:
    """Measure one suite on one engine, and print."""
    sides = {}
    for tree, root in roots.items():
        sides[f"{tree}, start"] = partial(of_tree, root, throughput.begun, folder, suite)
        sides[tree] = partial(of_tree, root, throughput.ours, folder, suite, options.jobs, *extra)
    for warm in sides.values():  # the first of all compiles everything
        warm()
    found = interleaved(sides, options.rounds)
    steady = {}
    for tree in TREES:
        start = statistics.median(found[f"{tree}, start"])
        steady[tree] = [each - start for each in found[tree]]
    pairs = options.agents * options.tasks
    rates = ", ".join(f"{tree} {spread([pairs / each for each in steady[tree]])}" for tree in TREES)
    print(f"{suite}, {engine}: {rates} pairs/s; ratio {spread(ratios(steady['this'], steady['other']))}", flush=True)


def of_tree(root: Path, action, *arguments: object) -> None:
    """Do something by the code of one checkout."""
    throughput.ENVIRONMENT["PYTHONPATH"] = str(root)
    action(*arguments)


def latencies(roots, options: argparse.Namespace) -> None:
    """Run latency.py of both checkouts in turn, and print."""
    found = {tree: [] for tree in TREES}
    for _ in range(options.rounds):
        for tree, root in roots.items():
            found[tree].append(latency(root))
    told = ", ".join(f"{tree} {spread(found[tree], 1)}" for tree in TREES)
    print(f"latency, pool: {told} ms; ratio {spread(ratios(found['this'], found['other']))}")


def latency(root: Path) -> float:
    """Return the milliseconds that a run takes that finds a sandbox waiting."""
    throughput.ENVIRONMENT["PYTHONPATH"] = str(root)
    command = [sys.executable, str(root / "benchmarks/latency.py"), "--rounds", "6"]
    told = subprocess.run(command, check=True, capture_output=True, text=True, env=throughput.ENVIRONMENT)
    return float(re.search(r"^  pool +([\d.]+)", told.stdout, re.MULTILINE)[1])


if __name__ == "__main__":
    main()
