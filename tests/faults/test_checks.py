"""A check that loses its sandbox through no fault of its answer is made again, and costs nobody a point."""

import json
from pathlib import Path

import pytest
from faults.evaluations import evaluated, prepare
from faults.leftovers import containers
from plugin.evaluations import GOOD, LENGTH_ONLY, printing

pytestmark = pytest.mark.usefixtures("docker_cli")

TASK = """
import subprocess
from pathlib import Path
import pytest
from bitsec_eval import Task

TASK = Task(prompt="Implement reverse_string(s).", timeout=5)
FOLDER = Path(__file__).parents[1]

def disturb(how, times):
    tried = FOLDER / f"{how}-tried"
    tried.open("a").write("x")
    if len(tried.read_text()) > times:
        return
    listed = subprocess.run(["docker", "ps", "-q", "--no-trunc"], capture_output=True, text=True, check=True)
    for container in listed.stdout.split():
        label = subprocess.run(["docker", "inspect", "-f", '{{index .Config.Labels "bitsec-eval.owner"}}', container],
                               capture_output=True, text=True).stdout
        if f":{FOLDER}/" in label:
            subprocess.run(["docker", *how.split(), container], capture_output=True)

"""
ONCE = (
    TASK
    + """
@pytest.fixture
def word(solution):
    disturb("rm -f", 1)
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


def test_a_check_whose_sandbox_is_lost_is_made_again_and_reported_once(tmp_path: Path):
    prepare(tmp_path, {"good": GOOD}, {"suite/test_one.py": ONCE})

    ran = evaluated(tmp_path)

    assert ran.scores() == {"good": 100.0}, ran.output
    assert ran.status == 0
    assert "3 passed" in ran.output
    assert (tmp_path / "results/junit.xml").read_text().count('name="made"') == 1
    assert [(tmp_path / f"{how}-tried").read_text() for how in ("rm -f", "kill")] == ["xx", "xx"]
    assert containers(tmp_path) == []


def test_a_wrong_answer_gets_no_second_chance_by_it(tmp_path: Path):
    prepare(tmp_path, {"wrong": printing(LENGTH_ONLY)}, {"suite/test_one.py": ONCE})

    ran = evaluated(tmp_path)

    assert ran.scores() == {"wrong": 0.0}, ran.output
    assert [len((tmp_path / f"{how}-tried").read_text()) for how in ("rm -f", "kill")] == [2, 2]


@pytest.mark.parametrize(("how", "score"), [("rm -f", None), ("kill", 0.0)])
def test_a_sandbox_that_is_lost_each_time_is_void_and_one_killed_each_time_is_not(
    tmp_path: Path, how: str, score: float | None
):
    """As for runs: an engine that loses a sandbox is to blame, and nobody gains by having one killed."""
    prepare(tmp_path, {"good": GOOD}, {"suite/test_one.py": ALWAYS.replace("HOW", how)})

    ran = evaluated(tmp_path)

    assert ran.scores() == {"good": score}, ran.output
    assert ran.status == (1 if score is None else 0)
    told = json.loads((tmp_path / "results/runs/good/suite__one.json").read_text())
    assert told["state"] == ("void" if score is None else "scored")
    assert len((tmp_path / f"{how}-tried").read_text()) == (4 if score is None else 3)


def test_a_check_that_lost_nothing_says_nothing_of_the_engine(tmp_path: Path):
    """Else every check that was made would make an engine that is away look sound, and nothing would end soon."""
    prepare(tmp_path, {"good": GOOD})
    with (tmp_path / "conftest.py").open("a") as file:
        file.write("from bitsec_eval.schedule.schedule import Schedule\n")
        file.write("Schedule.attempt = lambda *_: 1 / 0\n")

    assert evaluated(tmp_path).scores() == {"good": 100.0}
