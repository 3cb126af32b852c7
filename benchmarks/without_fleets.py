"""What several engines and clusters cost an evaluation that uses neither: this code against the same without them.

    python benchmarks/without_fleets.py [--rounds 9] [--agents 6] [--tasks 6] [--jobs 4] [--before CHECKOUT]

The other side is a copy of the package in which neither can be chosen, so nothing of them is loaded; or, with
`--before`, another checkout, such as of the commit before they came. Start is an evaluation that only collects;
throughput is that of whole evaluations on Docker, less the start. All sides take turns, and each round has the other
order; a ratio is that of neighbours in one round: 1.00 is as fast, less is slower.
"""

import argparse
import resource
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import throughput
from beside import of_tree
from sides import machine, ratios, spread

STUB = '''"""No engine of several machines."""

from contextlib import nullcontext

from bitsec_eval.plugin.extension import SandboxEngine

SEVERAL_ENGINES = SandboxEngine(name="several", summary="", open=lambda request: nullcontext())
CLUSTER = SandboxEngine(name="cluster", summary="", open=lambda request: nullcontext())
'''
TREES = ("this", "without")
PROCESSOR = ", processor"


def stripped(folder: Path) -> Path:
    """Return a copy of this checkout's package without fleets, as a checkout."""
    shutil.copytree(throughput.ROOT / "bitsec_eval", folder / "bitsec_eval", ignore=shutil.ignore_patterns("__pyc*"))
    shutil.rmtree(folder / "bitsec_eval/cluster")
    shutil.rmtree(folder / "bitsec_eval/sandbox/fleet")
    (folder / "bitsec_eval/plugin/several_machines.py").write_text(STUB)
    return folder


def seconds(folder: Path, roots: dict[str, Path], rounds: int, action, *arguments: object) -> dict[str, list[float]]:
    """Return the seconds of an action by each tree; who is first changes from round to round."""
    found: dict[str, list[float]] = {f"{tree}{of}": [] for tree in TREES for of in ("", PROCESSOR)}
    for number in range(rounds + 1):
        for tree in TREES if number % 2 else TREES[::-1]:
            wall, used = time.perf_counter(), processor_seconds()
            of_tree(roots[tree], action, folder, *arguments)
            wall, used = time.perf_counter() - wall, processor_seconds() - used
            if number:  # the first of all compiles everything
                found[tree].append(wall)
                found[f"{tree}{PROCESSOR}"].append(used)
    return found


def processor_seconds() -> float:
    """Return what all processes that were waited for have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--agents", type=int, default=6)
    parser.add_argument("--tasks", type=int, default=6)
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--before", type=Path, help="another checkout instead")
    options = parser.parse_args()
    print(f"{machine()}; {options.rounds} rounds, in turns; ratio to the other, median (spread)", flush=True)
    with tempfile.TemporaryDirectory(prefix="bitsec-bench-") as name:
        folder = Path(name)
        other = options.before.resolve() if options.before else stripped(folder / "without")
        roots = {"this": throughput.ROOT, "without": other}
        throughput.lay_out(folder, options.agents, options.tasks)
        start = seconds(folder, roots, 3 * options.rounds, throughput.begun, "answers")
        tell("start", start, "")
        tell("start", start, PROCESSOR)
        whole = seconds(folder, roots, options.rounds, throughput.ours, "answers", options.jobs)
        begun = {tree: statistics.median(start[tree]) for tree in TREES}
        tell("throughput", {tree: [each - begun[tree] for each in whole[tree]] for tree in TREES}, "")


def tell(what: str, found: dict[str, list[float]], of: str) -> None:
    """Print the seconds of both and their ratio."""
    mine, theirs = found[f"this{of}"], found[f"without{of}"]
    both = f"this {spread(mine, 3)} s, without {spread(theirs, 3)} s"
    print(f"{what}{of}: {both}; ratio {spread(ratios(mine, theirs), 3)}", flush=True)


if __name__ == "__main__":
    main()
