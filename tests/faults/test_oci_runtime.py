"""A runtime outlives the validator that called it: the next one waits for what it makes, and removes that too."""

import sys
import time
from pathlib import Path

from faults.evaluations import prepare, running
from faults.leftovers import OciWitness

SLOW_RUNTIME = f"""#!{sys.executable}
import os, shutil, sys, time
from pathlib import Path

READ = Path(__file__).with_name("read")
arguments = sys.argv[1:]
bundle = next((each for each in arguments if Path(each).name.startswith("bundle-")), None)
if bundle:  # it has read everything, and makes the container a while later
    shutil.copytree(bundle, READ)
    arguments = [each.replace(bundle, str(READ)) for each in arguments]
    time.sleep(1.5)
os.execvp("runc", ["runc", *arguments])
"""


def test_what_a_slow_runtime_makes_after_its_validator_was_killed_is_swept_up(tmp_path: Path, oci_root: Path):
    witness = OciWitness(oci_root)
    runtime = tmp_path / "slow-runtime"
    runtime.write_text(SLOW_RUNTIME)
    runtime.chmod(0o755)
    prepare(tmp_path)
    with running(tmp_path, *witness.options, f"--bitsec-runtime={runtime}", "--bitsec-jobs=1") as started:
        _wait_for(tmp_path / "read/config.json")
        started.kill()

    witness.start_next(tmp_path / "state")

    assert witness.left(tmp_path) == []


def _wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, f"no {path}"
        time.sleep(0.02)
