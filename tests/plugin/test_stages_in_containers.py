"""Screening and pruning in real containers give the board that simulated engines give, however they are run."""

import json
from pathlib import Path

import pytest

from bitsec_eval.core.junit.reader import read_junit
from bitsec_eval.core.scoring.stopped import unfounded_stops
from tests.cli.test_watch import watch
from tests.plugin.evaluations import Ran, command, lay_out, run
from tests.plugin.test_stages import AGENTS, TASK, evaluated, lay_out_stages

pytestmark = pytest.mark.usefixtures("docker_cli")

STAGED = ("--bitsec-screen=cheap:80", "--bitsec-prune=1")
LATE = {**AGENTS, "late": "cheapx cheapy", "void": "cheapx cheapy hardq hardr void-hardq"}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    return rows(evaluated(tmp_path_factory.mktemp("simulated"), *STAGED, agents=LATE))


def rows(ran: Ran) -> dict[str, dict]:
    """Return the rows of a board by agent, without what differs by time."""
    timed = ("last_evaluated", "usage", "seconds")
    told = {row["agent"]: {name: row[name] for name in row if name not in timed} for row in ran.board()["agents"]}
    for row in told.values():
        row["tasks"] = {task: (each["score"], each["state"]) for task, each in row["tasks"].items()}
    return told


def test_who_is_stopped_is_who_a_simulation_stops(tmp_path: Path, simulated: dict[str, dict]):
    lay_out_stages(tmp_path, LATE)

    ran = run(tmp_path, *command(*STAGED))

    assert rows(ran) == simulated
    with (tmp_path / "results/junit.xml").open("rb") as stream:
        assert unfounded_stops(read_junit(stream)) == ""
    assert {name: row["stopped"] for name, row in rows(ran).items()} == {
        **dict.fromkeys(("strong", "void"), None),
        **dict.fromkeys(("weak", "none"), "screened"),
        **dict.fromkeys(("half", "late"), "pruned"),
    }
    done = {path.stem for path in (tmp_path / "results/private/runs/none").glob("*.json")}
    assert done == {"cheap__cheapx", "cheap__cheapy"}
    assert "screened: 2 agents below 80 points on cheap (8 runs not spent)" in " ".join(ran.output.split())


def test_two_workers_that_are_stopped_and_go_on_screen_the_same_agents(tmp_path: Path, simulated: dict[str, dict]):
    lay_out_stages(tmp_path, LATE)
    first = run(tmp_path, *command(STAGED[0], "-n2", "--maxfail=3"))
    noted = tmp_path / "results/evaluation.json"
    noted.write_text(json.dumps({**json.loads(noted.read_text()), "ended": False}))

    after = rows(run(tmp_path, *command(STAGED[0], "-n2", "--bitsec-resume")))

    assert first.status != 0
    assert {name for name, row in after.items() if row["stopped"]} == {"weak", "none"}
    for name in ("weak", "none", "strong"):
        assert after[name]["tasks"] == simulated[name]["tasks"]


LOOK = """
    from bitsec_eval.core.evaluations.watch_notes import BEGUN, QUEUE, queue_note
    import json
    told = [json.loads(Path("results", name).read_text()) for name in (QUEUE, BEGUN)]
    with open("stages", "a") as file:
        file.write(queue_note(*told).stage + chr(10))
"""


def test_what_a_hub_reads_while_watch_evaluates_says_the_stage(tmp_path: Path):
    tasks = {"suite/cheap/test_x.py": TASK.format(word="cheapx") + LOOK}
    tasks["suite/hard/test_x.py"] = TASK.format(word="hardq") + LOOK
    lay_out(tmp_path, {"a": "print(' cheapx hardq ')", "b": "print('nothing')"}, tasks)

    ran = run(tmp_path, *watch("--once", "--", "--bitsec-screen=suite/cheap:1"))

    assert "watch: a: scored 100.0 over 2 runs" in ran.lines
    assert (tmp_path / "stages").read_text().split() == ["screening", "evaluating"]
    board = ran.board(*map(str, (tmp_path / "results").glob("*.xml")))
    assert {row["agent"]: row["stopped"] for row in board["agents"]} == {"a": None, "b": "screened"}
