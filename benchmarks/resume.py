"""Does an evaluation survive `kill -9`? `python benchmarks/resume.py` kills one of 60 runs at ten points.

Each time it is started again with --bitsec-resume until it ends.
Agents answer by chance, so a run done twice would show; and each start's own count of the runs it did is added up.
The board must be that of the answers on disk, the same id and seed throughout, and no finished run done twice.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
AGENT = """import random, time
time.sleep({seconds})
print("def f():\\n    return", random.randrange(4))
"""
TASK = '''"""A task that chance decides."""
from bitsec_eval import Task

TASK = Task(prompt="Task {number}: implement f().", timeout=20)


def test_is_not_0(solution):
    assert solution.f() != 0


def test_is_at_least_2(solution):
    assert solution.f() >= 2
'''


def main() -> None:
    """Kill, resume, compare; exit 1 where something is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=6)
    parser.add_argument("--tasks", type=int, default=10)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=0.2, help="how long an agent takes (default: 0.2)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lay_out(folder, args.agents, args.tasks, args.seconds)
        sys.exit(not survives(folder, args.agents * args.tasks, args.kills))


def lay_out(folder: Path, agents: int, tasks: int, seconds: float) -> None:
    """Write agents and tasks."""
    (folder / "conftest.py").write_text('pytest_plugins = ["bitsec_eval.plugin"]\n')
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "agents").mkdir()
    (folder / "suite").mkdir()
    for number in range(agents):
        (folder / f"agents/agent{number}.py").write_text(f"# {number}\n{AGENT.format(seconds=seconds)}")
    for number in range(tasks):
        (folder / f"suite/test_task{number}.py").write_text(TASK.format(number=number))


def survives(folder: Path, runs: int, kills: int) -> bool:
    """Kill an evaluation as soon as each of `kills` parts of its runs is done, and let it end at last."""
    stored: dict[str, bytes] = {}
    rewritten = 0
    for number in range(1, kills + 1):
        _killed_at(folder, number * runs // (kills + 1), first=number == 1)
        rewritten += sum(stored[name] != text for name, text in _answers(folder).items() if name in stored)
        stored = _answers(folder)
        print(f"kill -9 number {number}: {len(stored)} of {runs} runs are finished", flush=True)
    ended = subprocess.run(_command("--bitsec-resume"), cwd=folder, env=_environment(), capture_output=True)
    rewritten += sum(stored[name] != text for name, text in _answers(folder).items() if name in stored)
    resumed = _board(folder, "--bitsec-results=results")
    again = subprocess.run(_command("--bitsec-rerun=void"), cwd=folder, env=_environment(), capture_output=True)
    same = resumed == _board(folder, "--bitsec-results=results")
    complete = len(_answers(folder)) == runs and ended.returncode == 0 and again.returncode == 0
    print(f"ended: {ended.returncode}, {len(_answers(folder))} of {runs} runs, {rewritten} done twice")
    print(f"the board of the same answers in one go is {'the same' if same else 'ANOTHER'}")
    return complete and same and not rewritten


def _killed_at(folder: Path, runs: int, *, first: bool) -> None:
    process = subprocess.Popen(
        _command(*(() if first else ("--bitsec-resume",))),
        cwd=folder,
        env=_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while process.poll() is None and len(_answers(folder)) < runs:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _answers(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("results/answers/*/[!.]*.json")}


def _board(folder: Path, *_: str) -> dict:
    target = folder / "board.json"
    command = [sys.executable, "-m", "bitsec_eval", "leaderboard", "results/junit.xml", "--json", str(target)]
    subprocess.run(command, cwd=folder, env=_environment(), capture_output=True)
    return json.loads(target.read_text())


def _command(*more: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "pytest",
        "--bitsec-agents=agents",
        "-q",
        "--tb=no",
        "-p",
        "no:cacheprovider",
        *more,
    ]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


if __name__ == "__main__":
    main()
