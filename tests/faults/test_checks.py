"""A check that loses its sandbox through no fault of its answer is made again, and costs nobody a point."""

import json
from pathlib import Path

import pytest
from faults.evaluations import evaluated, prepare
from faults.leftovers import Witness
from plugin.evaluations import GOOD, LENGTH_ONLY, printing

TASK = f"""
import sys
from pathlib import Path, PosixPath
import pytest
from bitsec_eval import Task
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from faults.leftovers import DockerWitness, OciWitness

TASK = Task(prompt="Implement reverse_string(s).", timeout=5)
FOLDER = Path(__file__).parents[1]
WITNESS = ITS_WITNESS

def disturb(how, times):
    tried = FOLDER / f"{{how}}-tried"
    tried.open("a").write("x")
    if len(tried.read_text()) > times:
        return
    for container in WITNESS.containers(FOLDER):
        getattr(WITNESS, how)(container)

"""
ONCE = (
    TASK
    + """
@pytest.fixture
def word(solution):
    disturb("remove", 1)
    return solution.reverse_string("hello")

def test_removed_in_a_fixture(word, record_property):
    record_property("made", "once")
    assert word == "olleh"

def test_killed_in_a_call_that_swallows_everything(solution):
    disturb("kill", 1)
    try:
        word = solution.reverse_string("ab")
    except Exception:
        word = ""
    assert word == "ba"

def test_left_alone(solution):
    assert solution.reverse_string("abc") == "cba"
"""
)
ALWAYS = (
    TASK
    + """
def test_it(solution):
    disturb("HOW", 99)
    assert solution.reverse_string("ab") == "ba"
"""
)


def test_a_check_whose_sandbox_is_lost_is_made_again_and_reported_once(tmp_path: Path, witness: Witness):
    _prepare(tmp_path, witness, ONCE, GOOD)

    ran = evaluated(tmp_path, *witness.options)

    assert ran.scores() == {"it": 100.0}, ran.output
    assert ran.status == 0
    assert "3 passed" in ran.output
    assert (tmp_path / "results/junit.xml").read_text().count('name="made"') == 1
    assert [(tmp_path / f"{how}-tried").read_text() for how in ("remove", "kill")] == ["xx", "xx"]
    assert witness.left(tmp_path) == []


def test_a_wrong_answer_gets_no_second_chance_by_it(tmp_path: Path, witness: Witness):
    _prepare(tmp_path, witness, ONCE, printing(LENGTH_ONLY))

    ran = evaluated(tmp_path, *witness.options)

    assert ran.scores() == {"it": 0.0}, ran.output
    assert [len((tmp_path / f"{how}-tried").read_text()) for how in ("remove", "kill")] == [2, 2]


@pytest.mark.parametrize(("how", "score"), [("remove", None), ("kill", 0.0)])
def test_a_sandbox_that_is_lost_each_time_is_void_and_one_killed_each_time_is_not(
    tmp_path: Path, witness: Witness, how: str, score: float | None
):
    """As for runs: an engine that loses a sandbox is to blame, and nobody gains by having one killed."""
    _prepare(tmp_path, witness, ALWAYS.replace("HOW", how), GOOD)

    ran = evaluated(tmp_path, *witness.options)

    assert ran.scores() == {"it": score}, ran.output
    assert ran.status == (1 if score is None else 0)
    told = json.loads((tmp_path / "results/runs/it/suite__one.json").read_text())
    assert told["state"] == ("void" if score is None else "scored")
    assert len((tmp_path / f"{how}-tried").read_text()) == (4 if score is None else 3)


@pytest.mark.usefixtures("docker_cli")
def test_a_check_that_lost_nothing_says_nothing_of_the_engine(tmp_path: Path):
    """Else every check that was made would make an engine that is away look sound, and nothing would end soon."""
    prepare(tmp_path, {"good": GOOD})
    with (tmp_path / "conftest.py").open("a") as file:
        file.write("from bitsec_eval.schedule.schedule import Schedule\n")
        file.write("Schedule.attempt = lambda *_: 1 / 0\n")

    assert evaluated(tmp_path).scores() == {"good": 100.0}


def _prepare(folder: Path, witness: Witness, task: str, agent: str) -> None:
    prepare(folder, {"it": agent}, {"suite/test_one.py": task.replace("ITS_WITNESS", repr(witness))})
