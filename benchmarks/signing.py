"""Signing and verifying a record beside reading it: `python benchmarks/signing.py [--tasks=1000]`.

Writes a junit file of 100 agents x 1000 tasks x 10 checks, 474 MB. The sides take turns in one process: reading the
record, signing it, verifying it. Signing reads the record, as nobody should sign what is none; verifying does not.
"""

import argparse
import gc
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from leaderboard_million import AGENTS, CHECKS, _junit
from sides import interleaved, machine, ratios, spread

from bitsec_eval.core.junit.reader import read_junit
from bitsec_eval.signing.keys import made_key
from bitsec_eval.signing.record import sign, verify


def main() -> None:
    """Write, sign, verify, and print seconds and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    told = parser.parse_args()
    print(machine())
    gc.disable()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "junit.xml"
        with path.open("w") as file:
            file.writelines(_junit(AGENTS, told.tasks))
        print(f"{AGENTS * told.tasks * CHECKS} checks, {path.stat().st_size / 1e6:.0f} MB")
        key = made_key(Path(folder) / "key.pem")
        sides = {
            "read": lambda: _read(path),
            "sign": lambda: _done(sign(path, key, "benchmark", datetime.now(UTC))),
            "verify": lambda: _done(verify(path)),
        }
        took = interleaved(sides, told.rounds)
    for name, seconds in took.items():
        print(f"  {name:<7} {spread(seconds)} s")
    both = [sign + verify for sign, verify in zip(took["sign"], took["verify"], strict=True)]
    print(f"  sign / read            {spread(ratios(took['read'], took['sign']))}")
    print(f"  verify / read          {spread(ratios(took['read'], took['verify']))}")
    print(f"  (sign + verify) / read {spread(ratios(took['read'], both))}")


def _read(path: Path) -> None:
    with path.open("rb") as stream:
        read_junit(stream)


def _done(_: object) -> None:
    """A side has no seconds of its own to tell."""


if __name__ == "__main__":
    main()
