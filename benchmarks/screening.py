"""Sandbox seconds of a field of agents with and without --bitsec-screen, and whether the same ten come out on top.

    python benchmarks/screening.py [--agents 50] [--weak 40] [--cheap 6] [--hard 16]

The engine is simulated: it starts nothing and counts the seconds a sandbox would have been held, 10 for a run of the
cheap suite and 60 for any other. Weak agents know a quarter of the tasks, the others three quarters and more.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHEAP_SECONDS, HARD_SECONDS = 10, 60
TASK = """
from bitsec_eval import Task
TASK = Task(prompt="Print {word}.", timeout={seconds})
def test_prints_it(answer):
    assert " {word} " in answer
"""


def lay_out(folder: Path, args: argparse.Namespace) -> None:
    """Write the agents and the tasks; everybody's skill is drawn from one seed."""
    drawn = random.Random(18)
    words = {f"cheap/test_c{n:02}.py": CHEAP_SECONDS for n in range(args.cheap)}
    words |= {f"hard/test_h{n:02}.py": HARD_SECONDS for n in range(args.hard)}
    (folder / "pytest.ini").write_text("[pytest]\n")
    for name, seconds in words.items():
        path = folder / "task_suites" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(TASK.format(word=path.stem, seconds=seconds))
    (folder / "agents").mkdir()
    stems = [Path(name).stem for name in words]
    for number in range(args.agents):
        skill = drawn.uniform(0.05, 0.35) if number < args.weak else drawn.uniform(0.75, 1.0)
        known = [stem for stem in stems if drawn.random() < skill]
        (folder / f"agents/a{number:03}.py").write_text(f"#  {'  '.join(known)} \n")


def evaluated(folder: Path, *options: str) -> tuple[float, list[str]]:
    """Return the sandbox seconds of an evaluation, and the ten agents on top in order."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "bitsec_eval.plugin", "-p", "simulated", "--tb=no"]
    command += ["--bitsec-sandbox=simulated", "-p", "no:cacheprovider", "--bitsec-agents=agents", "--bitsec-seed=1"]
    seconds = folder / "seconds"
    seconds.write_text("")
    environment = {**os.environ, "PYTHONPATH": f"{HERE.parent}:{HERE}", "SIMULATED_SECONDS": str(seconds)}
    subprocess.run(
        [*command, *options, "task_suites"], cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=True
    )
    board = json.loads((folder / "results/leaderboard.json").read_text())
    return sum(map(float, seconds.read_text().split())), [row["agent"] for row in board["agents"][:10]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Sandbox seconds with and without screening and pruning.")
    parser.add_argument("--agents", type=int, default=50)
    parser.add_argument("--weak", type=int, default=40)
    parser.add_argument("--cheap", type=int, default=6)
    parser.add_argument("--hard", type=int, default=16)
    args = parser.parse_args()
    ways = {
        "everything": (),
        "--bitsec-screen=cheap:50": ("--bitsec-screen=cheap:50",),
        "--bitsec-prune=10": ("--bitsec-prune=10",),
        "both": ("--bitsec-screen=cheap:50", "--bitsec-prune=10"),
    }
    with tempfile.TemporaryDirectory(prefix="bitsec-screening-") as name:
        folder = Path(name)
        lay_out(folder, args)
        found = {way: evaluated(folder, *options) for way, options in ways.items()}
    whole, top = found["everything"]
    print(f"{args.agents} agents, {args.weak} of them weak; {args.cheap} cheap tasks and {args.hard} others")
    for way, (seconds, first) in found.items():
        same = "the same" if first == top else "ANOTHER"
        print(f"  {way:26} {seconds:8.0f} sandbox seconds, {seconds / whole:.2f} of everything, {same} top ten")


if __name__ == "__main__":
    main()
