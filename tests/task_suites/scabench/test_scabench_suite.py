"""For every ScaBench task: doing nothing scores 0, a cheat scores 0, half an answer a part, the reference 100.

A cheat is an agent, in `cheats/` or `sprays.py`, let loose on every task.
The reference is the careful sample agent, which analyses what it is shown; spoilt ones change its report.
All of them are agents of one evaluation, in real sandboxes.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from bitsec_eval.core.junit.reader import read_junit
from bitsec_eval.core.scoring.leaderboard import leaderboard
from tests.task_suites.scabench.sprays import SPRAYS

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SUITE = ROOT / "task_suites" / "scabench"
TASKS = [path.stem.removeprefix("test_") for path in sorted(SUITE.glob("test_*.py"))]
CAREFUL = (ROOT / "agents" / "careful.py").read_text(encoding="utf-8")
CHEATS = SPRAYS | {path.stem: path.read_text(encoding="utf-8") for path in sorted((HERE / "cheats").glob("*.py"))}
IDLE = {
    "empty_report": "print('{\"vulnerabilities\": []}')",
    "echo": "import sys; print(sys.argv[-1])",
    "nothing": "",
    "no_json": "print('I found a grave fault')",
}

WRONG = {
    "wrong_file": "found['file'] = 'src/Main.sol'",
    "wrong_place": "found['location'] = found['title'] = found['description'] = 'somewhere'",
    "no_kind": "found['title'] = found['description'] = found['vulnerability_type'] = 'bad'",
    "denier": "found['title'] = 'No vulnerability'",
}
PARTLY_RIGHT = {
    "wrong_kind": (14, "found['title'] = 'Trouble'; found['vulnerability_type'] = 'oracle manipulation'"),
    "accuser": (71, "report.append(found | {'location': neighbour(found), 'title': '', 'description': ''}); break"),
    "belittler": (86, "found['severity'] = 'low'"),
}
"""What a change to the careful agent's report leaves of its score, in whole points."""

SPOILT = """

def neighbour(found):
    source = "".join(path.read_text() for path in sorted(Path.cwd().glob("src/*.sol")))
    return next(name for name in re.findall(r"function ([A-Za-z]+)", source) if name not in str(found))


report = audit(Path.cwd())
for found in report:
    {change}
print("Thinking aloud.\\n```json\\n" + json.dumps({{"findings": report}}) + "\\n```")
"""


def spoilt(change):
    """Return the careful agent, but with a change made to its report."""
    return CAREFUL.partition("\nif __name__ ==")[0] + SPOILT.format(change=change)


AGENTS = {
    "careful": CAREFUL,
    "fenced": spoilt("pass"),
    **CHEATS,
    **IDLE,
    **{name: spoilt(change) for name, change in WRONG.items()},
    **{name: spoilt(change) for name, (_, change) in PARTLY_RIGHT.items()},
}


@pytest.fixture(scope="module")
def scores(tmp_path_factory, docker_cli):
    """Every agent's score on every task, from one evaluation of all agents on all tasks."""
    folder = tmp_path_factory.mktemp("evaluation")
    (folder / "agents").mkdir()
    for name, source in AGENTS.items():
        (folder / "agents" / f"{name}.py").write_text(source, encoding="utf-8")
    junit = folder / "junit.xml"
    command = [sys.executable, "-m", "pytest", str(SUITE), "-q", "--tb=no", f"--junitxml={junit}"]
    command += [f"--bitsec-agents={folder / 'agents'}", f"--bitsec-results={folder / 'results'}"]

    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-4000:]
    with junit.open("rb") as stream:
        board = leaderboard([read_junit(stream)])
    return {row.agent: {cell.task.rpartition("/")[2]: cell.score for cell in row.tasks} for row in board.rows}


@pytest.mark.docker
@pytest.mark.parametrize("agent", ["careful", "fenced"])
def test_who_understands_the_code_scores_100(scores, agent):
    assert scores[agent] == dict.fromkeys(TASKS, 100)


@pytest.mark.docker
@pytest.mark.parametrize("agent", PARTLY_RIGHT)
def test_who_is_partly_right_scores_a_part(scores, agent):
    points, _ = PARTLY_RIGHT[agent]

    assert {task: round(score) for task, score in scores[agent].items()} == dict.fromkeys(TASKS, points)


@pytest.mark.docker
@pytest.mark.parametrize("agent", [*IDLE, *WRONG, *CHEATS])
def test_who_does_nothing_cheats_or_is_wrong_scores_0(scores, agent):
    assert scores[agent] == dict.fromkeys(TASKS, 0)
