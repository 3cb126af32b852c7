"""How long one run takes that finds a sandbox waiting, against bare starts, interleaved in one process.

    python benchmarks/latency.py [--rounds 15] [--oci ROOTFS]

*bare pool* is a session that was opened before the clock started; *pool* is what an evaluation goes through. The
others start a container, run the same agent and wait for its end.
"""

import argparse
import statistics
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from sides import interleaved, machine, ratios, spread

from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.docker.engine import DockerSettings, docker_sandbox
from bitsec_eval.sandbox.execution.agent_run import AgentOrder, run_agent
from bitsec_eval.sandbox.oci.engine import OciSettings, oci_sandbox
from bitsec_eval.sandbox.pool import pooled

LIMITS = Limits()
AGENT = 'print("def double(x):\\n    return 2 * x\\n")\n'
ORDER = AgentOrder(source=AGENT.encode(), prompt="Implement double(x).", files={})
DOCKER_RUN = "docker run --rm --network=none --read-only --user=65534:65534 bitsec-eval/python:3.11".split()


def timed(sandbox) -> float:
    """Return the seconds of one run, from asking for a sandbox to the answer."""
    started = time.perf_counter()
    with sandbox.open(LIMITS) as session:
        run_agent(session, ORDER, LIMITS)
        return time.perf_counter() - started


def bare(engine) -> float:
    """Return the seconds of one run in a session that is open already."""
    with engine.open(LIMITS) as session:
        started = time.perf_counter()
        run_agent(session, ORDER, LIMITS)
        return time.perf_counter() - started


def warm(pool) -> float:
    """Return the seconds of one run that finds a session waiting."""
    pool.expect(LIMITS)
    while not pool._warm:
        time.sleep(0.005)
    time.sleep(0.05)
    return timed(pool)


def docker_run() -> None:
    """One `docker run --rm` of the same agent."""
    subprocess.run([*DOCKER_RUN, "python3", "-c", AGENT], check=True, capture_output=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--oci", help="also an OCI runtime, with this root file system (script/rootfs makes it)")
    options = parser.parse_args()
    print(f"{machine()}; {options.rounds} rounds, interleaved; milliseconds, median (spread)")
    with ExitStack() as stack:
        state = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bitsec-bench-")))
        engine = stack.enter_context(docker_sandbox(DockerSettings(state=state)))
        pool = stack.enter_context(pooled(engine, 1))
        sides = {
            "bare pool": lambda: bare(engine),
            "pool": lambda: warm(pool),
            "cold": lambda: timed(engine),
            "docker run --rm": docker_run,
        }
        if options.oci:
            oci = stack.enter_context(oci_sandbox(OciSettings(state=state, root=Path(options.oci))))
            sides |= {"cold, oci": lambda: timed(oci)}
        found = interleaved(sides, options.rounds)
    for side, seconds in found.items():
        print(f"  {side:16} {spread([1000 * each for each in seconds], 1)}")
    against = statistics.median(found["pool"]) / statistics.median(found["bare pool"])
    print(f"  pool against bare pool: {against:.2f}x; against docker run --rm: ", end="")
    print(f"{spread(ratios(found['pool'], found['docker run --rm']), 1)}x faster")


if __name__ == "__main__":
    main()
