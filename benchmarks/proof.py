"""Verdicts a second on one exploit task, beside `forge test` and a fresh anvil chain for each; and a soak.

    python benchmarks/proof.py [--verdicts 20] [--rounds 3]
    python benchmarks/proof.py --soak 1000

Ours is the whole verdict: honest use, the task's own exploit, the answer on the faulty project and on its twin, in a
sandbox. The other sides do the answer on the faulty project alone, on the host: see proof_sides.py. forge and anvil
are fetched from npm into a temporary folder. Sides take turns in every round; what is compared is the median round.
"After compilation" leaves the compiler out: ours and anvil get code, forge finds its cache up to date.
The soak compiles and judges different answers of two agents in turns and says what it leaves behind.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from proof_sides import Anvil, Forge, install, is_there

from bitsec_eval.core.proof.answer import EXPLOIT_FILE
from bitsec_eval.core.proof.build import compiler_input, read_build
from bitsec_eval.core.proof.chain import Chain
from bitsec_eval.core.proof.exploit_handle import ExploitHandle
from bitsec_eval.core.proof.judge import judge_exploit, judge_patch
from bitsec_eval.core.reports.report import parse_report
from bitsec_eval.plugin.proof.case_files import solidity
from bitsec_eval.plugin.proof.pocs import run_pocs
from bitsec_eval.plugin.proof.verdicts import judged
from bitsec_eval.sandbox.docker.engine import DockerSettings, docker_sandbox
from bitsec_eval.sandbox.evm.places import EvmSandboxes
from bitsec_eval.sandbox.image_names import EVM_IMAGE
from tests.task_suites.proof.proof_cases import Case
from tests.task_suites.scabench.poc_cases import CASES as POC_CASES
from tests.task_suites.scabench.poc_cases import PocCase

CASE = "crestal_network_h01"
AGENT = "agent"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--verdicts", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--soak", type=int, default=0, metavar="RUNS")
    args = parser.parse_args()
    with opened() as (places, state):
        if args.soak:
            soak(places, state, args.soak)
        else:
            processor_time(places, state, args.verdicts)
            cost_of_pocs(places, state, args.verdicts)
            if not is_there():
                raise SystemExit("forge and anvil need npm, on x86_64")
            side_by_side(places, args.verdicts, args.rounds)


@contextmanager
def opened() -> Iterator[tuple[EvmSandboxes, Path]]:
    """Return compilers and EVMs in Docker, and the folder by which their containers are told from others."""
    with ExitStack() as stack:
        state = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        places = EvmSandboxes(stack.enter_context(docker_sandbox(DockerSettings(state=state, image=EVM_IMAGE))))
        stack.callback(places.close)
        yield places, state


def answer(case: Case, number: int) -> str:
    """Return the task's own exploit as an answer that nobody has given before."""
    return case.reference_exploit.replace(
        "contract Exploit {", f"contract Exploit {{ uint256 constant N = {number};", 1
    )


def artifact(places: EvmSandboxes, case: Case, source: str):
    """Return a compiled exploit."""
    sources = {**solidity(case.files.project), EXPLOIT_FILE: source}
    output = places.compile_answer(AGENT, case.files.version, compiler_input(sources, wanted=(EXPLOIT_FILE,)))
    return read_build(output).artifacts[EXPLOIT_FILE, "Exploit"]


def containers(state: Path) -> list[str]:
    """Return this program's containers."""
    command = ["docker", "ps", "--all", "--no-trunc", "--format", "{{.ID}} {{.Labels}}"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return [line.split()[0] for line in listed if f":{state}:" in line]


def guests_seconds(state: Path) -> float:
    """Return the processor time of this program's containers that are running, in seconds."""
    return sum(map(_seconds, containers(state)))


def guests_memory(state: Path) -> int:
    """Return what this program's containers hold of memory, without what the kernel only keeps of files, in MiB."""
    return sum(map(_memory, containers(state))) >> 20


def _memory(container: str) -> int:
    told = next(iter(Path("/sys/fs/cgroup").rglob(f"*{container}*/memory.stat")), None)
    counts = dict(line.split() for line in told.read_text().splitlines()) if told else {}
    return int(counts.get("total_rss", counts.get("anon", 0)))


def _seconds(container: str) -> float:
    for path in (f"/sys/fs/cgroup/cpuacct/docker/{container}/cpuacct.usage",):
        if Path(path).exists():
            return int(Path(path).read_text()) / 1e9
    found = next(Path("/sys/fs/cgroup").rglob(f"*{container}*/cpu.stat"), None)
    return int(found.read_text().split()[1]) / 1e6 if found else 0.0


def processor_time(places: EvmSandboxes, state: Path, verdicts: int) -> None:
    """Print milliseconds of processor time of a verdict after compilation, the host's and the sandbox's."""
    print("processor time of a verdict after compilation, all controls, ms: host + sandbox")
    for kind, judge in (("exploit", _judge_exploit), ("patch", judge_patch_of)):
        case = Case(CASE, kind)
        compiled = case.files.case(places)
        given = artifact(places, Case(CASE, "exploit"), answer(Case(CASE, "exploit"), 0))
        places.run(AGENT, lambda machine: judge(compiled, machine, given))  # noqa: B023 - called at once
        host, guests = time.process_time(), guests_seconds(state)
        for _ in range(verdicts):
            places.run(AGENT, lambda machine: judge(compiled, machine, given))  # noqa: B023
        host, guests = time.process_time() - host, guests_seconds(state) - guests
        print(f"  {kind}: {1000 * host / verdicts:.1f} + {1000 * guests / verdicts:.1f}")
    case = Case(CASE, "exploit")
    seconds = []
    for number in range(verdicts):
        started = time.monotonic()
        artifact(places, case, answer(case, number))
        seconds.append(time.monotonic() - started)
    print(f"  the answer's own compilation: median {1000 * statistics.median(seconds):.0f} ms of wall clock")


def cost_of_pocs(places: EvmSandboxes, state: Path, verdicts: int) -> None:
    """Print what a finding's poc adds to the checks of its report, compiled and run."""
    for name in POC_CASES:
        case = PocCase(name, 11)
        files, reports = case.files, []
        for number in range(verdicts + 1):
            poc = case.reference.replace("contract Exploit {", f"contract Exploit {{ uint256 constant N = {number};")
            reports.append(parse_report(json.dumps({"findings": [{"title": "a fault", "poc": poc}]})))
        assert run_pocs(files, places, AGENT, reports.pop())[0].works
        started, host, guests = time.monotonic(), time.process_time(), guests_seconds(state)
        for report in reports:
            assert run_pocs(files, places, AGENT, report)[0].works
        wall, host, guests = time.monotonic() - started, time.process_time() - host, guests_seconds(state) - guests
        told = [1000 * seconds / verdicts for seconds in (wall, host, guests)]
        print(f"a poc of {name}, ms: {told[0]:.0f} of wall clock, {told[1]:.1f} + {told[2]:.1f} of processor time")


def _judge_exploit(compiled, machine, given):
    found = judge_exploit(compiled, machine, given)
    assert found.proven
    return found


def judge_patch_of(compiled, machine, given):
    """Judge the mended twin as a patch."""
    found = judge_patch(compiled, machine, compiled.twin)
    assert found.accepted
    return found


def side_by_side(places: EvmSandboxes, verdicts: int, rounds: int) -> None:
    """Print verdicts a second of every side, with the answer's compilation and without."""
    case = Case(CASE, "exploit")
    compiled = case.files.case(places)
    given = artifact(places, case, answer(case, 0))
    fresh = iter(range(1, 10**6))
    with tempfile.TemporaryDirectory(prefix="bitsec-bench-proof-") as folder:
        install(Path(folder))
        forge = Forge(Path(folder), case.files, case.renaming.new)
        assert forge.verdict(answer(case, 0))
        assert not forge.verdict(case.exploit("a;"))
        assert on_anvil(Path(folder), compiled, given)
        few = max(2, verdicts // 5)
        sides: dict[str, tuple[Callable[[], object], int]] = {
            "ours, whole": (
                lambda: judged(case.files, places, AGENT, "exploit", answer(case, next(fresh))),
                verdicts,
            ),
            "forge test, whole": (lambda: forge.verdict(answer(case, next(fresh))), few),
            "ours, after compilation": (
                lambda: places.run(AGENT, lambda machine: _judge_exploit(compiled, machine, given)),
                verdicts,
            ),
            "forge test, compiled": (lambda: forge.verdict((Path(folder) / "Exploit.sol").read_text()), few),
            "anvil, replay, grade": (lambda: on_anvil(Path(folder), compiled, given), few),
        }
        rates: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(rounds):
            for name, (verdict, count) in sides.items():
                rates[name].append(rate(verdict, count))
    middle = {name: statistics.median(found) for name, found in rates.items()}
    print("verdicts a second, median of the rounds (least - most)")
    for name, found in rates.items():
        print(f"  {name:26} {middle[name]:7.2f} ({min(found):.2f} - {max(found):.2f})")
    ours, whole = middle["ours, after compilation"], middle["ours, whole"]
    print(f"ours to forge, whole: {whole / middle['forge test, whole']:.1f}")
    print(f"ours to forge, after compilation: {ours / middle['forge test, compiled']:.1f}")
    print(f"ours to anvil, after compilation: {ours / middle['anvil, replay, grade']:.1f}")


def rate(verdict: Callable[[], object], count: int) -> float:
    """Return verdicts a second."""
    started = time.monotonic()
    for _ in range(count):
        verdict()
    return count / (time.monotonic() - started)


def on_anvil(folder: Path, compiled, given) -> bool:
    """Return whether an exploit gains on a chain of its own: start, deploy, replay, run a grade script."""
    machine = Anvil(folder)
    try:
        scenario = compiled.scenario(Chain(machine, compiled.faulty, compiled.seed, compiled.names))
        scenario.deploy()
        contract = scenario.chain.deploy_artifact(given, sender=scenario.attacker)
        scenario.attack(ExploitHandle(contract, compiled.exploit, scenario.attacker))
        return machine.grade(scenario.token.address, [scenario.attacker.address, contract.address]) >= scenario.least
    finally:
        machine.close()


def soak(places: EvmSandboxes, state: Path, runs: int) -> None:
    """Judge so many answers, and print what a run takes and what is held at the first and last fifty.

    Sandboxes start and the project is compiled before the first.
    """
    case = Case(CASE, "exploit")
    for agent in ("agent0", "agent1"):
        assert judged(case.files, places, agent, "exploit", answer(case, 0)).verdict.proven
    started, marks = time.monotonic(), {}
    for number in range(1, runs + 1):
        found = judged(case.files, places, f"agent{number % 2}", "exploit", answer(case, number))
        assert found.verdict.proven
        if number % 50 == 0:
            resident = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() >> 10
            marks[number] = (time.monotonic() - started) / 50, resident
            held = f"{guests_memory(state)} MiB in {len(containers(state))} containers"
            print(f"{number:6} runs: {marks[number][0]:.4f} s a run, {resident} KiB resident, {held}", flush=True)
            started = time.monotonic()
    first, last = marks[min(marks)], marks[max(marks)]
    print(f"seconds a run at the end to those at 50: {last[0] / first[0]:.2f}; memory {last[1] / first[1]:.2f}")
    places.close()
    print(f"containers left: {len(containers(state))}")


if __name__ == "__main__":
    main()
