"""An agent that breaks a check, its fixture or its teardown loses that check, and takes no board from anybody."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from plugin.evaluations import Ran, command, lay_out, printing, run

TASK = """
import pytest
from bitsec_eval import Task

TASK = Task(prompt="Implement double(n) and close().", timeout=10, call_timeout=1)

@pytest.fixture
def closed(solution):
    solution.open()
    yield solution
    assert solution.close() is None

@pytest.mark.parametrize("number", range(6))
def test_doubles(closed, number):
    assert closed.double(number) == 2 * number
"""
_HALF = "state = {}\ndef open(): pass\ndef double(n):\n    state['n'] = n\n    return 2 * n if n in (3, 5) else -1\n"
BREAKING = {
    "plain": "def close(): pass\n",
    "raising": "def close():\n    if state['n'] not in (3, 5): raise ValueError\n",
    "dying": "import os\ndef close():\n    if state['n'] not in (3, 5): os._exit(3)\n",
    "hanging": "def close():\n    while state['n'] == 0: pass\n",
    "nameless": "",
    "odd": "def close(): return object() if state['n'] not in (3, 5) else None\n",
    "skipping": "import sys\ndef close():\n    if state['n'] not in (3, 5): sys.exit(0)\n",
}
FIRST = {
    "first_set_up": "import io, os\ndef open():\n    if not os.path.exists('/tmp/x'):\n"
    "        io.open('/tmp/x', 'w').close()\n        os._exit(1)\n"
    "def double(n): return 2 * n\ndef close(): pass\n",
    "first_hangs": "import time\ndef open(): pass\ndef double(n):\n    while n == 0: pass\n    return 2 * n\n"
    "def close(): pass\n",
    "first_dies": "import os, signal\ndef open(): pass\ndef double(n):\n    if n == 0: os.kill(0, signal.SIGKILL)\n"
    "    return 2 * n\ndef close(): pass\n",
}
RIGHT = "def open(): pass\ndef double(n): return 2 * n\ndef close(): pass\n"


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory, engine_options: tuple[str, ...]) -> Ran:
    """One evaluation of a right agent among those that break the first check, or each that they would lose."""
    folder = tmp_path_factory.mktemp("broken")
    agents = {name: printing(_HALF + source) for name, source in BREAKING.items()}
    agents |= {name: printing(source) for name, source in FIRST.items()} | {"right": printing(RIGHT)}
    lay_out(folder, agents, {"suite/test_x.py": TASK})
    return run(folder, *command("-q", *engine_options))


def test_who_breaks_a_teardown_where_it_is_wrong_has_no_more_than_who_does_not(broken: Ran):
    scores = broken.scores()

    assert scores["plain"] == pytest.approx(100 / 3, abs=0.1)
    assert {name: scores[name] for name in BREAKING if name not in ("plain", "nameless")} == dict.fromkeys(
        set(BREAKING) - {"plain", "nameless"}, scores["plain"]
    )
    assert scores["nameless"] == 0.0


def test_who_breaks_the_first_check_loses_it_and_takes_the_board_from_nobody(broken: Ran):
    rows = {row["agent"]: row for row in broken.board()["agents"]}

    assert (broken.status, broken.board()["provisional"]) == (0, False)
    assert rows["right"]["score"] == 100.0
    assert all(row["runs"] == {"scored": 1, "void": 0, "incomplete": 0} for row in rows.values())
    for name in FIRST:
        checks = rows[name]["tasks"]["suite/x"]["checks"]
        assert checks["test_doubles#1"] == "failed", name
        assert rows[name]["score"] < 100, name


def test_every_check_of_every_agent_is_in_junit_with_its_run(broken: Ran):
    cases = list(ET.parse(broken.folder / "results/junit.xml").iter("testcase"))
    names = {case.attrib["name"] for case in cases}
    told = [each.attrib["name"] for case in cases for each in case.iter("property")]

    assert len(names) == 6 * (len(BREAKING) + len(FIRST) + 1)
    assert told.count("bitsec.check") >= len(names)


GAMBLE = """
import pytest, secrets
from bitsec_eval import Task

TASK = Task(prompt="Implement double(n) and close().", timeout=10, call_timeout=1)

@pytest.fixture
def closed(solution):
    yield solution
    assert solution.close() is None

def test_doubles(closed):
    assert closed.double(7) == 14

def test_doubles_more(closed):
    assert closed.double(8) == 16
"""
GAMBLER = """
import os
sure = os.urandom(1)[0] % 2
print("def double(n): return 2 * n" if sure else "def double(n): return 0")
print("def close():" + (" pass" if sure else "\\n    import os\\n    os._exit(1)"))
"""


def test_an_agent_cannot_choose_which_of_its_repeats_count(tmp_path: Path, engine_options: tuple[str, ...]):
    lay_out(tmp_path, {"gambler": GAMBLER}, {"suite/test_x.py": GAMBLE})
    ran = run(tmp_path, *command("-q", "--bitsec-repeat=8", *engine_options))
    (row,) = ran.board()["agents"]
    told = json.loads((tmp_path / "results/leaderboard.json").read_text())

    passed = sum(not list(case.iter("failure")) for case in ET.parse(tmp_path / "results/junit.xml").iter("testcase"))
    assert row["runs"] == {"scored": 8, "void": 0, "incomplete": 0}
    assert row["score"] == pytest.approx(100 * passed / 16, abs=0.1)
    assert told["provisional"] is False
