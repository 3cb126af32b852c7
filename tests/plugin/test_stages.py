"""Screening and pruning in whole evaluations: what is run, what is told, and what a fault of ours changes.

An engine that starts nothing counts the agents that were run; it stands in `simulated_engine`.
"""

import json
from pathlib import Path

import pytest

from tests.plugin.evaluations import Ran, command, evaluate, lay_out, run

TASK = """
from pathlib import Path

from bitsec_eval import Task
from bitsec_eval.core.errors import SandboxError

TASK = Task(prompt="{word}")


def test_{word}(answer):
    if f"void-{word}" in answer and not Path("mended").exists():
        raise SandboxError("the engine went away")
    assert f" {word} " in answer
"""
CHEAP, HARD = ("cheapx", "cheapy"), ("hardq", "hardr", "hards", "hardt")
ALL = f"{' '.join(CHEAP)} {' '.join(HARD)}"
AGENTS = {"strong": ALL, "half": "cheapx cheapy hardq", "weak": "cheapx hardq hardr hards hardt", "none": "nothing"}
SIMULATED = ("-p", "tests.plugin.simulated_engine", "--bitsec-sandbox=simulated", "-q")
SCREEN = "--bitsec-screen=cheap:80"


def lay_out_stages(folder: Path, agents: dict[str, str]) -> None:
    folder.mkdir(exist_ok=True)
    tasks = {f"task_suites/cheap/test_{word}.py": TASK.format(word=word) for word in CHEAP}
    tasks |= {f"task_suites/a_hard/test_{word}.py": TASK.format(word=word) for word in HARD}
    sources = {name: f"print(' {words} ')\n" for name, words in agents.items()}
    lay_out(folder, sources, tasks)


def evaluated(folder: Path, *options: str, agents: dict[str, str] = AGENTS) -> Ran:
    lay_out_stages(folder, agents)
    return run(folder, *command(*SIMULATED, *options))


def started(ran: Ran) -> dict[str, int]:
    """Return how many runs of each agent the engine was asked for."""
    sources = [path.read_text() for path in (ran.folder / "results/started").glob("*")]
    words = {f"print(' {words} ')\n": name for name, words in AGENTS.items()}
    names = [words.get(source, source) for source in sources]
    return {name: names.count(name) for name in sorted(set(names))}


def row(ran: Ran, agent: str) -> dict:
    return next(row for row in ran.board()["agents"] if row["agent"] == agent)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Everything is run."""
    return evaluated(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def screened(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """One screening, without anything else."""
    return evaluated(tmp_path_factory.mktemp("screened"), SCREEN)


@pytest.mark.parametrize("more", [(), ("-n2",), ("--bitsec-order=interleaved",)])
def test_who_stays_below_the_points_has_no_other_runs_and_is_scored_on_the_screening(
    tmp_path: Path, screened: Ran, more
):
    ran = evaluated(tmp_path, SCREEN, *more) if more else screened
    weak = row(ran, "weak")

    assert started(ran) == {"strong": 6, "half": 6, "weak": 2, "none": 2}
    assert (weak["rank"], weak["score"], weak["reward"], weak["stopped"], weak["unspent"]) == (
        *(None, 50.0, 0.0),
        *("screened", 4),
    )
    assert (row(ran, "half")["rank"], row(ran, "half")["score"]) == (2, 50.0)
    assert ran.status == 0, ran.output
    assert "note: screened: 2 agents below 80 points on cheap (8 runs not spent)" in ran.output


def test_without_a_screening_everything_is_run(whole: Ran):
    assert started(whole) == {"strong": 6, "half": 6, "weak": 6, "none": 6}
    assert row(whole, "weak")["score"] > row(whole, "half")["score"]


@pytest.mark.parametrize("more", [(), ("-n2",)])
def test_who_can_no_longer_reach_the_rank_is_stopped_and_told_on_the_board(tmp_path: Path, whole: Ran, more):
    ran = evaluated(tmp_path, "--bitsec-prune=1", *more)

    assert row(ran, "strong") == {**row(whole, "strong"), **_own(row(ran, "strong"))}
    assert row(ran, "strong")["reward"] == 100.0
    if not more:  # workers of xdist learn of one another in their own time
        assert started(ran)["none"] == 4  # more than half of six tasks of one weight
        assert row(ran, "none")["stopped"] == "pruned"
        assert "could no longer reach rank 1" in ran.output
    assert ran.status == 0, ran.output


LONG = " ".join(f"word{n}" for n in range(200))


@pytest.mark.parametrize(("rule", "stop"), [("distinct", None), ("score", "pruned")])
@pytest.mark.parametrize("more", [(), ("-n2",)])
def test_copies_do_not_have_another_stopped_where_they_are_paid_once(tmp_path: Path, rule, stop, more):
    agents = {f"copy{n}": f"{ALL} {LONG}{'.' * n}" for n in range(3)} | {
        "other": "cheapx cheapy hardq or no answer at all"
    }
    ran = evaluated(tmp_path, "--bitsec-prune=2", f"--bitsec-rewards={rule}", *more, agents=agents)

    other = row(ran, "other")
    if not more or stop is None:  # workers of xdist learn of one another in their own time
        assert other["stopped"] == stop
    assert (other["reward"] > 0) == (stop is None)


def _own(told: dict) -> dict:
    """Return what differs between two evaluations whatever they find, and what only pruning changes."""
    return {name: told[name] for name in ("last_evaluated", "tasks", "reward", "group")}


def test_a_void_run_screens_nobody_out_until_it_was_done_again(tmp_path: Path):
    agents = {**AGENTS, "weak": f"{AGENTS['weak']} void-cheapy"}
    before = evaluated(tmp_path, SCREEN, agents=agents).board()
    told, strong = ({each["agent"]: each for each in before["agents"]}[name] for name in ("weak", "strong"))
    (tmp_path / "mended").touch()
    after = run(tmp_path, *command(*SIMULATED, SCREEN, "--bitsec-rerun=void"))

    assert told["stopped"] is None
    assert (told["runs"]["void"], told["runs"]["scored"], told["reward"]) == (1, 5, 0.0)
    assert before["held"] > 0
    assert row(after, "weak")["stopped"] == "screened"
    assert row(after, "strong")["reward"] >= strong["reward"] > 0


def test_an_evaluation_that_goes_on_screens_as_if_it_had_not_stopped(tmp_path: Path, screened: Ran):
    stopped = tmp_path / "stopped"
    evaluated(stopped, SCREEN, "--maxfail=3")
    (stopped / "results/evaluation.json").write_text(_interrupted(stopped))
    after = run(stopped, *command(*SIMULATED, SCREEN, "--bitsec-resume"))

    for agent in AGENTS:
        wanted = {**row(screened, agent), **_own(row(after, agent)), "reward": row(screened, agent)["reward"]}
        assert row(after, agent) == wanted


def _interrupted(folder: Path) -> str:
    """Return the note of the evaluation as it is while it goes on."""
    return json.dumps({**json.loads((folder / "results/evaluation.json").read_text()), "ended": False})


PEEK = """
    with open("stages", "a") as file:
        file.write(Path("results/evaluation.json").read_text().replace(chr(10), " ") + chr(10))
"""


def test_the_stage_is_noted_while_it_lasts(tmp_path: Path):
    tasks = {"task_suites/cheap/test_x.py": TASK.format(word="cheapx") + PEEK}
    tasks["task_suites/hard/test_x.py"] = TASK.format(word="hardq") + PEEK
    agents = {"a": "print(' cheapx hardq ')"}
    evaluate(tmp_path, *SIMULATED, "--bitsec-screen=cheap:1", agents=agents, tasks=tasks)

    noted = [json.loads(line) for line in (tmp_path / "stages").read_text().splitlines()]
    assert [each["stage"] for each in noted] == ["screening", "evaluating"]


def test_fixtures_of_a_module_end_where_its_last_check_is_not_made(tmp_path: Path):
    fixture = """
import pytest
@pytest.fixture(autouse=True, scope="module")
def told():
    yield
    with open("ended", "a") as file:
        file.write(__name__ + chr(10))
"""
    tasks = {f"task_suites/cheap/test_{word}.py": TASK.format(word=word) + fixture for word in CHEAP}
    tasks |= {f"task_suites/hard/test_{word}.py": TASK.format(word=word) + fixture for word in HARD}
    agents = {"a": "print(' cheapx cheapy hardq ')", "z": "print('nothing')"}
    ran = evaluate(tmp_path, *SIMULATED, SCREEN, agents=agents, tasks=tasks)
    ended = (tmp_path / "ended").read_text().split()

    assert ran.status == 0, ran.output
    assert sorted({name.rpartition(".")[2] for name in ended}) == sorted(f"test_{word}" for word in (*CHEAP, *HARD))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            ["--bitsec-screen=chep:50"],
            "--bitsec-screen=chep:50: no selected task is of the suite chep; choose one of",
        ),
        (["--bitsec-screen=chep:50", "-n2"], "no selected task is of the suite chep; choose one of"),
        (
            ["--bitsec-screen=cheap:50", "task_suites/cheap"],
            "every selected task is of that suite; select others",
        ),
        (["--bitsec-screen=cheap"], "--bitsec-screen cheap: give SUITE:POINTS, with points above 0 and up to 100"),
        (["--bitsec-screen=cheap:101"], "--bitsec-screen cheap:101: give SUITE:POINTS"),
        (["--bitsec-prune=0"], "--bitsec-prune 0: give a rank from 1 on"),
    ],
)
def test_what_cannot_stop_anybody_is_refused_before_anything_runs(tmp_path: Path, options, words):
    ran = evaluated(tmp_path, *options)

    assert words in " ".join(ran.output.split())
    assert ran.status == 4
    assert not (tmp_path / "results/started").exists()
