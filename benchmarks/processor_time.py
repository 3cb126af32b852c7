"""Processor time of a pair, all of it, for the sides of throughput.py: ours, the engine's, the kernel's, the guest's.

    mkdir /sys/fs/cgroup/cpuacct/bench && echo $$ >/sys/fs/cgroup/cpuacct/bench/cgroup.procs
    unshare --net dockerd --data-root=/tmp/bench/data --exec-root=/tmp/bench/exec --pidfile=/tmp/bench/pid \
        -H unix:///tmp/bench/engine.sock --bridge=none --iptables=false --cgroup-parent=/bench/containers &
    docker save bitsec-eval/python:3.11 | DOCKER_HOST=unix:///tmp/bench/engine.sock docker load
    DOCKER_HOST=unix:///tmp/bench/engine.sock python benchmarks/processor_time.py bench [--oci ROOTFS]

Needs root, control groups of version 1, and an engine of its own in the group, as above. How many pairs a second a
machine can do at most is its processors over this; unlike seconds, it can be told on a machine that is busy.
"""

import argparse
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path

from sides import interleaved, machine
from throughput import TASKS, begun, by_command, by_inspect, by_sdk, lay_out, loop, ours

ACCOUNTS = Path("/sys/fs/cgroup/cpuacct")
SETTLING_SECONDS = 1.0
"""How long what was started may go on behind its side: an engine tidies up when it is asked nothing."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("group", help="the control group that this process and the engine are in")
    parser.add_argument("--agents", type=int, default=6)
    parser.add_argument("--tasks", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--oci", help="also --bitsec-sandbox=oci, with this root file system")
    parser.add_argument("--inspect", metavar="PYTHON", help="also Inspect AI's Docker sandbox, with this Python")
    options = parser.parse_args()
    print(f"{machine()}; {options.agents} agents x {options.tasks} tasks, jobs {options.jobs}, interleaved")
    with tempfile.TemporaryDirectory(prefix="bitsec-bench-") as name:
        folder = Path(name)
        lay_out(folder, options.agents, options.tasks)
        for suite in TASKS:
            measure(folder, suite, options)


def measure(folder: Path, suite: str, options: argparse.Namespace) -> None:
    """Measure one suite; what a start takes is taken off ours."""
    pairs, jobs = options.agents * options.tasks, options.jobs
    sides = {
        "start": partial(begun, folder, suite),
        "docker run --rm": partial(loop, by_command, folder, pairs, jobs, suite),
        "docker SDK loop": partial(loop, by_sdk, folder, pairs, jobs, suite),
        "ours": partial(ours, folder, suite, jobs),
    }
    if options.oci:
        sides["ours, oci"] = partial(
            ours, folder, suite, jobs, "--bitsec-sandbox=oci", f"--bitsec-image={options.oci}"
        )
    metered = {name: partial(used, options.group, side) for name, side in sides.items()}
    found = interleaved(metered, options.rounds)
    start = statistics.median(found.pop("start"))
    print(f"\n{suite}: milliseconds of processor time a pair, median (spread); a start takes {1000 * start:.0f}")
    medians = {}
    for name, seconds in found.items():
        each = [1000 * (total - start * name.startswith("ours")) / pairs for total in seconds]
        medians[name] = statistics.median(each)
        print(f"  {name:16} {medians[name]:6.0f} ({min(each):.0f}-{max(each):.0f})")
    if options.inspect:
        medians["Inspect AI"] = (
            1000 * used(options.group, partial(by_inspect, folder, options.inspect, 4, jobs, suite)) / 4
        )
        print(f"  {'Inspect AI':16} {medians['Inspect AI']:6.0f} (4 pairs, its start among them)")
    for mine in (name for name in medians if name.startswith("ours")):
        told = ", ".join(f"{other} {medians[other] / medians[mine]:.2f}x" for other in medians if other[:4] != "ours")
        print(f"  {mine} against {told}")


def used(group: str, side) -> float:
    """Return the seconds of processor time that a side takes; OCI containers have a group of their own."""
    before = _account(group) + _account("bitsec-eval")
    side()
    time.sleep(SETTLING_SECONDS)
    return _account(group) + _account("bitsec-eval") - before


def _account(group: str) -> float:
    account = ACCOUNTS / group / "cpuacct.usage"
    return int(account.read_text()) / 1e9 if account.exists() else 0.0


if __name__ == "__main__":
    main()
