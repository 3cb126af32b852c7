"""How long `pytest --bitsec-agents` takes with nothing to do, against plain pytest in the same folder, interleaved.

python benchmarks/startup.py [--rounds 9]
"""

import argparse
import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from sides import interleaved, machine, spread

ROOT = Path(__file__).resolve().parents[1]


def pytest_run(folder: Path, *options: str) -> None:
    """Run pytest on a folder without tests."""
    command = [sys.executable, "-m", "pytest", "-q", *options]
    subprocess.run(command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, check=False)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="bitsec-bench-") as name:
        folder = Path(name)
        (folder / "agent.py").write_text("print()\n")
        plugin = ("-p", "bitsec_eval.plugin")
        sides = {
            "plain pytest": partial(pytest_run, folder),
            "with the plugin": partial(pytest_run, folder, *plugin),
            "with --bitsec-agents": partial(pytest_run, folder, *plugin, "--bitsec-agents=agent.py"),
        }
        print(f"{machine()}; {rounds} rounds, interleaved; milliseconds, median (spread)")
        for side, seconds in interleaved(sides, rounds).items():
            print(f"  {side:22} {spread([1000 * each for each in seconds], 0)}")


if __name__ == "__main__":
    main()
