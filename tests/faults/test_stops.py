"""Wherever a validator is stopped, nothing is left running and no results are torn.

The short form stops it at a few points; BITSEC_LONG=1 interrupts it at 20 and kills it at 50.
"""

import json
import os
import random
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from faults.evaluations import AGENTS, CELLS, cells, evaluated, prepare, running
from faults.leftovers import DockerWitness, Witness
from long import LONG
from plugin.evaluations import GOOD, Ran

pytestmark = pytest.mark.usefixtures("docker_cli")

SLOW = "import time\ntime.sleep(1)\n" + GOOD
POINTS = range(20) if LONG else (9, 10)
KILLS = 50 if LONG else 3


@pytest.mark.parametrize("point", POINTS)
def test_ctrl_c_and_sigterm_leave_nothing_running_and_whole_results(tmp_path: Path, witness: Witness, point: int):
    prepare(tmp_path, {"a": GOOD, "b": SLOW, "c": SLOW})
    with running(tmp_path, *witness.options) as started:
        if point:
            witness.wait_for_containers(tmp_path)
        time.sleep(0.5 + point / 5)
        started.terminate() if point % 2 else started.press_ctrl_c()
        begun = time.monotonic()
        ran = started.end(60)

    assert time.monotonic() - begun < 20
    assert witness.left(tmp_path) == [], ran.output
    assert _drafts(tmp_path) == []
    if point or (tmp_path / "results/junit.xml").exists():
        assert set(cells(ran)) == {(name, f"suite/{task}") for name in "abc" for task in ("one", "two")}


def test_a_validator_killed_anywhere_is_swept_up_by_the_next(tmp_path: Path, witness: Witness):
    """Killed alone or with what it had just started; what was killed last goes on to the board it would have had."""
    prepare(tmp_path)
    begun = time.monotonic()
    first = evaluated(tmp_path, *witness.options)
    undisturbed_seconds = time.monotonic() - begun
    before = (tmp_path / "results/junit.xml").read_bytes()
    chance = random.Random(7)
    for number in range(KILLS):
        with running(tmp_path, *witness.options) as started:
            time.sleep(chance.uniform(0.2, undisturbed_seconds))
            started.kill(with_children=bool(number % 2))
        witness.start_next(tmp_path / "state")
        assert witness.left_in_the_end(tmp_path) == []
        assert _whole(tmp_path, before)

    last = evaluated(tmp_path, *witness.options, *_going_on(tmp_path))

    assert last.scores() == first.scores() == dict.fromkeys(AGENTS, 100.0), last.output
    assert set(cells(last).values()) == {"scored"}
    assert witness.left(tmp_path) == []


def _going_on(folder: Path) -> list[str]:
    """Return the option to go on with what was begun, if it has not ended."""
    begun = json.loads((folder / "results/evaluation.json").read_text())
    return [] if begun["ended"] else ["--bitsec-resume"]


def _whole(folder: Path, before: bytes) -> bool:
    """Whether junit is what it was, or that of an evaluation which was killed behind its end."""
    ran = Ran(folder, 0, "")
    return (folder / "results/junit.xml").read_bytes() == before or set(cells(ran)) == CELLS


def _drafts(folder: Path) -> list[Path]:
    return [path for path in (folder / "results").rglob(".*") if path.is_file()]


@pytest.fixture
def small_disk(tmp_path: Path):
    """A results folder with a file system of two mebibytes to itself."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root may mount a small file system")
    folder = tmp_path / "results"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(folder)], check=False)
    if mounted.returncode:
        pytest.skip("this machine does not let us mount")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_too_little_room_for_results_is_refused_before_anything_runs(tmp_path: Path, small_disk: Path):
    prepare(tmp_path)

    ran = evaluated(tmp_path)

    assert ran.status == 4
    assert "results-disk is missing (2 MiB free for results): make room: 64 MiB at least" in ran.output
    assert "or accept that with --bitsec-accept-weaker=results-disk" in ran.output
    assert DockerWitness().left(tmp_path) == []


def test_a_disk_that_fills_up_keeps_the_last_results(tmp_path: Path, small_disk: Path):
    prepare(tmp_path)
    accepted = "--bitsec-accept-weaker=results-disk"
    first = evaluated(tmp_path, accepted)
    before = (small_disk / "junit.xml").read_bytes()
    assert first.scores() == dict.fromkeys(AGENTS, 100.0)
    assert "evaluated without results-disk, which the operator accepted" in first.output
    with (tmp_path / "conftest.py").open("a") as file:
        file.write(FILLS_UP)

    ran = evaluated(tmp_path, accepted)

    assert ran.status not in (0, 4), ran.output
    assert "junit.xml: cannot be written (No space left on device); make room there and run again" in ran.output
    assert (small_disk / "junit.xml").read_bytes() == before
    assert _drafts(tmp_path) == []
    assert DockerWitness().left(tmp_path) == []


FILLS_UP = """
def pytest_runtest_logfinish():
    try:
        with open("results/filler", "ab", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
    except OSError:
        return
"""


def test_a_disk_that_is_full_is_a_usage_error(tmp_path: Path, small_disk: Path):
    prepare(tmp_path)
    (small_disk / "filler").write_bytes(bytes(1 << 20))
    with pytest.raises(OSError, match="No space left"), (small_disk / "rest").open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass

    ran = evaluated(tmp_path, "--bitsec-accept-weaker=results-disk")

    assert ran.status == 4, ran.output
    assert "results: cannot be written to (No space left on device); make room there and run again" in ran.output
