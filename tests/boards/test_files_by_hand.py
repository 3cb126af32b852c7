"""What a stranger can write into a junit file, beside the real one: refused by name, or it decides nothing.

The real file is that of a whole evaluation. Each forged one is made from it by the change that its test names.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from plugin.evaluations import BAD, GOOD, REVERSE_TASK, Ran, command, environment, lay_out, run

LATER = (datetime.now(UTC) + timedelta(hours=1)).isoformat()


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, docker_cli: object) -> Ran:
    """One evaluation of an honest agent and of one that is wrong."""
    folder = tmp_path_factory.mktemp("real")
    lay_out(folder, {"honest": GOOD, "stranger": BAD}, {"suite/test_reverse.py": REVERSE_TASK})
    return run(folder, *command("-q"))


class Forged:
    """A junit file read as XML, its plan and runs as what they say."""

    def __init__(self, path: Path) -> None:
        self.tree = ET.parse(path)
        self.suite = next(self.tree.iter("testsuite"))

    def change(self, kind: str, how: Callable[[dict[str, Any]], None]) -> "Forged":
        """Change every property of a kind: bitsec.plan, bitsec.run or bitsec.check."""
        for each in self.tree.iter("property"):
            if each.attrib["name"] == kind:
                told = json.loads(each.attrib["value"])
                how(told)
                each.attrib["value"] = json.dumps(told)
        return self

    def under(self, evaluation: str, started: str = LATER) -> "Forged":
        """Make it an evaluation of its own, which began later."""
        self.change("bitsec.plan", lambda plan: plan.update(evaluation=evaluation, started=started))
        return self.change("bitsec.run", lambda told: isinstance(told, dict) and told.update(evaluation=evaluation))

    def passing(self) -> "Forged":
        """Let every check pass."""
        for case in self.tree.iter("testcase"):
            for failure in [*case.iterfind("failure"), *case.iterfind("error")]:
                case.remove(failure)
        return self

    def write(self, path: Path) -> str:
        self.tree.write(path)
        return str(path)


@pytest.fixture
def forged(real: Ran) -> Forged:
    return Forged(real.folder / "results/junit.xml")


def ranked(real: Ran, other: str, *more: str) -> tuple[int, str, dict[str, Any]]:
    """Return the exit status, the words and the board of both files."""
    board = Path(other).with_suffix(".json")
    files = (str(real.folder / "results/junit.xml"), other)
    told = subprocess.run(
        [sys.executable, "-m", "bitsec_eval", "leaderboard", *files, "--json", str(board), *more],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    return told.returncode, told.stdout + told.stderr, json.loads(board.read_text()) if board.exists() else {}


def rewards(board: dict[str, Any]) -> dict[str, float]:
    return {row["agent"]: float(row["reward"]) for row in board["agents"]}


def test_the_same_file_twice_is_the_same_board(real: Ran, forged: Forged, tmp_path: Path):
    """The control: an honest second copy is taken."""
    status, words, board = ranked(real, forged.write(tmp_path / "same.xml"))

    assert (status, rewards(board)) == (0, {"honest": 100.0, "stranger": 0.0}), words


def plan_more(**told: Any) -> Callable[[Forged], object]:
    return lambda forged: forged.under("later").passing().change("bitsec.plan", lambda plan: plan.update(told))


def weigh(forged: Forged) -> None:
    forged.under("later").passing()
    forged.change("bitsec.plan", lambda plan: [each.update(weight=1000) for each in plan["tasks"].values()])
    forged.change("bitsec.run", lambda told: isinstance(told, dict) and told.update(task_weight=1000))


def another_task(forged: Forged) -> None:
    forged.under("later").passing()
    for case in list(forged.suite.iter("testcase")):
        if "stranger" not in case.attrib["name"]:
            forged.suite.remove(case)
    forged.change("bitsec.plan", lambda plan: plan["agents"].pop("honest"))
    forged.change("bitsec.plan", lambda plan: plan.update(tasks={"mine/easy": next(iter(plan["tasks"].values()))}))
    forged.change("bitsec.run", lambda told: _renamed(told, "mine/easy"))


def _renamed(told: Any, task: str) -> None:
    if isinstance(told, dict):
        told["task"] = task
    else:
        told[1] = task


def unplanned_agent(forged: Forged) -> None:
    forged.passing().change("bitsec.plan", lambda plan: plan["agents"].pop("stranger"))


def unplanned_repeat(forged: Forged) -> None:
    forged.passing().change("bitsec.run", lambda told: isinstance(told, dict) and told.update(repeat=5))


def odd_name(forged: Forged) -> None:
    forged.under("later").passing()
    forged.change("bitsec.plan", lambda plan: plan["agents"].update({"../honest": "x"}))


REFUSED: dict[str, Callable[[Forged], object]] = {
    "a time that is yet to come": plan_more(started="2099-01-01T00:00:00+00:00"),
    "other numbers of repeats": plan_more(repeats=1000),
    "a million repeats": plan_more(repeats=1_000_000),
    "another emission": plan_more(emission="1000000"),
    "another reward rule": plan_more(rewards="winner"),
    "another tiebreak": plan_more(tiebreak="cost"),
    "other runs that must pass": plan_more(at_least=1),
    "another half-life": plan_more(half_life=1.0),
    "another baseline": plan_more(baseline=99.0),
    "another weight": weigh,
    "a task of its own": another_task,
    "an agent that no plan knows": unplanned_agent,
    "a repeat that no plan knows": unplanned_repeat,
    "a name that is no agent's": odd_name,
    "another screening": plan_more(screen={"suite": "suite", "points": 1, "tasks": ["suite/reverse"]}),
    "a pruning": plan_more(prune=1),
    "another image": plan_more(image="sha256:of the stranger"),
    "another version": plan_more(version="99.0"),
}


@pytest.mark.parametrize("change", REFUSED.values(), ids=REFUSED)
def test_what_a_second_file_changes_is_refused_by_name(
    real: Ran, forged: Forged, tmp_path: Path, change: Callable[[Forged], object]
):
    change(forged)
    started = time.monotonic()
    status, words, board = ranked(real, forged.write(tmp_path / "forged.xml"))

    assert status == 2, words
    assert len(words.strip().splitlines()) == 1
    assert "Traceback" not in words
    assert board == {}
    assert time.monotonic() - started < 20
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 1 << 20, "KiB"


def test_a_file_without_a_run_sets_nothing(real: Ran, forged: Forged, tmp_path: Path):
    forged.under("later").change("bitsec.plan", lambda plan: plan.update(emission="7", rewards="winner"))
    for case in list(forged.suite.iter("testcase")):
        forged.suite.remove(case)
    status, words, board = ranked(real, forged.write(tmp_path / "forged.xml"))

    assert status == 0, words
    assert board["emission"] in (100, "100", "100.00", 100.0)
    assert rewards(board) == {"honest": 100.0, "stranger": 0.0}


def test_origin_takes_no_run_of_anothers_away(real: Ran, forged: Forged, tmp_path: Path):
    name = _evaluation(real)
    forged.under("later").passing()
    forged.change("bitsec.run", lambda told: isinstance(told, dict) and told.update(origin=name))
    status, words, board = ranked(real, forged.write(tmp_path / "forged.xml"))

    assert status == 0, words
    assert {row["agent"]: row["score"] for row in board["agents"]} == {"honest": 100.0, "stranger": 0.0}


def _evaluation(real: Ran) -> str:
    plan = next(
        each
        for each in ET.parse(real.folder / "results/junit.xml").iter("property")
        if each.attrib["name"] == "bitsec.plan"
    )
    return json.loads(plan.attrib["value"])["evaluation"]
