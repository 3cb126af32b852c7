"""Take two thousand sandboxes from a pool, honest and hostile in turn, and see what is left: it should be nothing.

    python benchmarks/soak.py --containers 2000 --jobs 2

Prints the process's descriptors, threads, memory and temporary files, and the engine's containers, before and after.
Exits 1 if anything has grown: a descriptor, a thread, a container, a file, or memory by 10 MB or more.
"""

import argparse
import gc
import itertools
import json
import os
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from bitsec_eval.core.errors import SandboxError
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.api import Sandbox
from bitsec_eval.sandbox.docker.engine import DockerSandbox, DockerSettings, docker_sandbox
from bitsec_eval.sandbox.execution.agent_run import AgentOrder, run_agent
from bitsec_eval.sandbox.execution.solution import RemoteSolution
from bitsec_eval.sandbox.execution.solution_rpc import SolutionRpc
from bitsec_eval.sandbox.pool import pooled
from bitsec_eval.sandbox.uid_lease import LABEL

LIMITS = Limits(wall_seconds=2, call_seconds=2, memory_mib=64, tmp_mib=16)
AGENTS = (
    b"print('def f(): return 1')",
    b"import os\nwhile True: os.write(1, b'x' * 65536)",
    b"import os; os.abort()",
    b"b = []\nwhile True: b.append(bytearray(1 << 20))",
    b"import sys; sys.exit(3)",
)
WARM = 40
DRIFT_MIB = 10.0


@dataclass(frozen=True, kw_only=True)
class Held:
    """What this process and the engine hold."""

    descriptors: int
    threads: int
    memory_mib: float
    temporary: int
    containers: int


def held(sandbox: DockerSandbox, folder: Path) -> Held:
    """Measure now."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Held(
        descriptors=sum(1 for _ in Path("/proc/self/fd").iterdir()),
        threads=threading.active_count(),
        memory_mib=round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1),
        temporary=sum(1 for _ in folder.rglob("*")),
        containers=_containers(sandbox, folder),
    )


def _containers(sandbox: DockerSandbox, folder: Path) -> int:
    found = sandbox.api.get(
        "list containers", "/containers/json", {"all": 1, "filters": json.dumps({"label": [LABEL]})}
    )
    return sum(str(folder) in each["Labels"][LABEL] for each in found)


def use(sandbox: Sandbox, number: int) -> None:
    """Use one sandbox, for an agent or for a solution."""
    with sandbox.open(LIMITS) as session:
        if number % 3 == 0:
            calls = SolutionRpc(session, b"def f(x): return x * 2", LIMITS)
            calls.begin()
            assert RemoteSolution(calls).f(number) == number * 2
        else:
            run_agent(session, AgentOrder(source=AGENTS[number % len(AGENTS)], prompt="x", files={}), LIMITS)


def soak(sandbox: DockerSandbox, folder: Path, containers: int, jobs: int) -> bool:
    """Use so many sandboxes; return whether nothing is left of them."""
    numbers = itertools.count()
    failures = 0

    def one(_: int) -> None:
        nonlocal failures
        try:
            use(pool, next(numbers))
        except SandboxError as error:
            failures += 1
            print(f"void: {error}", flush=True)

    with pooled(sandbox, jobs) as pool, ThreadPoolExecutor(jobs) as threads:
        pool.expect(LIMITS, containers)
        list(threads.map(one, range(WARM)))
        before, started = held(sandbox, folder), time.monotonic()
        list(threads.map(one, range(containers - WARM)))
        after, seconds = held(sandbox, folder), time.monotonic() - started
    print(f"before: {asdict(before)}\nafter:  {asdict(after)}")
    print(f"{containers} sandboxes, {(containers - WARM) / seconds:.1f} a second, {failures} failures of ours")
    grown = [name for name, value in asdict(after).items() if value - getattr(before, name) >= _allowed(name)]
    print(f"grown: {', '.join(grown) or 'nothing'}")
    return not grown


def _allowed(name: str) -> float:
    return DRIFT_MIB if name == "memory_mib" else 1


def main() -> int:
    """Soak an engine of this machine."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--containers", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with docker_sandbox(DockerSettings(state=folder / "state")) as sandbox:
            return 0 if soak(sandbox, folder, args.containers, args.jobs) else 1


if __name__ == "__main__":
    sys.exit(main())
