"""Kept answers stand for their own image and agent alone; what answers alike is grouped, whatever its source.

The agents are an author, another way to be right, nine salted copies of the author, and a table made of what is
published of the author.
"""

import json
import shutil
from pathlib import Path

from plugin.evaluations import command, lay_out, run

TASK = """
from bitsec_eval import Task

TASK = Task(prompt={prompt!r}, timeout=10)


def test_is_sorted(solution):
    assert solution.{name}([3, 1, 2]) == [1, 2, 3]


def test_is_sorted_when_long(solution):
    assert solution.{name}(list(range(50, 0, -1))) == list(range(1, 51))
"""
NAMES = ("arrange", "order")
TASKS = {f"suite/test_{name}.py": TASK.format(name=name, prompt=f"Implement {name}(numbers).") for name in NAMES}
_MERGE = '''
def {name}(numbers):
    """{salt}"""
    if len(numbers) < 2:
        return list(numbers)
    middle_{salt} = len(numbers) // 2
    left_{salt}, right_{salt} = {name}(numbers[:middle_{salt}]), {name}(numbers[middle_{salt}:])
    merged_{salt} = []
    while left_{salt} and right_{salt}:
        merged_{salt}.append(left_{salt}.pop(0) if left_{salt}[0] <= right_{salt}[0] else right_{salt}.pop(0))
    return merged_{salt} + left_{salt} + right_{salt}
'''
_INSERT = """
def {name}(numbers):
    done = []
    for number in numbers:
        place = len(done)
        while place > 0 and done[place - 1] > number:
            place -= 1
        done.insert(place, number)
    assert len(done) == len(numbers), "no number may be lost on the way"
    assert all(one <= other for one, other in zip(done, done[1:])), "and each has its place among the others"
    return done
"""
_BY_PROMPT = """
import sys
ANSWERS = {answers!r}
print(next(answer for name, answer in ANSWERS.items() if name in sys.argv[-1]))
"""


def knowing(source: str, salt: str = "x") -> str:
    """Return an agent that answers both tasks by this source."""
    return _BY_PROMPT.format(answers={name: source.format(name=name, salt=salt) for name in NAMES})


def table_of(results: Path, agent: str) -> str | None:
    """Return an agent that prints what is published of another's runs, None where that is no answer."""
    told = [json.loads((results / f"runs/{agent}/suite__{name}.json").read_text()) for name in NAMES]
    if any("stdout" not in each for each in told):
        return None
    return _BY_PROMPT.format(answers={name: each["stdout"] for name, each in zip(NAMES, told, strict=True)})


def test_copies_under_nine_names_and_a_table_of_published_answers_are_paid_once(
    tmp_path: Path, engine_options: tuple[str, ...]
):
    authors = {"author": knowing(_MERGE), "other": knowing(_INSERT)}
    distinct = ("-q", "--bitsec-rewards=distinct", *engine_options)
    lay_out(tmp_path, authors, TASKS)
    run(tmp_path, *command(*distinct))
    assert table_of(tmp_path / "results", "author") is None, "answers are public only where the operator says so"
    run(tmp_path, *command(*distinct, "--bitsec-publish=answers"))
    shutil.copy(tmp_path / "results/junit.xml", tmp_path / "first.xml")
    copies = {f"salted{n}": knowing(_MERGE, f"salt{n}") + f"# {n * 7919}\n" for n in range(9)}
    copies["table"] = table_of(tmp_path / "results", "author") or ""
    shutil.rmtree(tmp_path / "agents")
    lay_out(tmp_path, copies, {})

    ran = run(tmp_path, *command(*distinct))

    told = ran.board(str(tmp_path / "first.xml"), str(tmp_path / "results/junit.xml"))
    board = {row["agent"]: row for row in told["agents"]}
    assert {row["score"] for row in board.values()} == {100.0}
    assert {name for name, row in board.items() if row["alike"]} == set(copies)
    assert {row["alike"] for name, row in board.items() if name in copies} == {"author"}
    assert sum(float(row["reward"]) for name, row in board.items() if name in copies) == 0
    assert float(board["author"]["reward"]) == float(board["other"]["reward"]) == 50


TOKEN_TASK = """
from bitsec_eval import Task

TASK = Task(prompt="Say something.", timeout=10)


def test_says_something(answer):
    assert answer.strip()
"""
TOKEN = "import os\nprint(os.urandom(8).hex(), os.path.exists('/srv/other-root'))\n"


def said(results: Path, agent: str) -> tuple[str, bool]:
    """Return what an agent printed, and whether that came from an earlier evaluation."""
    public, private = (
        json.loads((results / f"{folder}/{agent}/suite__say.json").read_text()) for folder in ("runs", "private/runs")
    )
    return private["stdout"], bool(public["reused"])


def test_a_byte_copy_under_another_name_has_a_run_of_its_own(tmp_path: Path, engine_options: tuple[str, ...]):
    lay_out(tmp_path, {"author": TOKEN}, {"suite/test_say.py": TOKEN_TASK})
    run(tmp_path, *command("-q", *engine_options))
    first, _ = said(tmp_path / "results", "author")
    lay_out(tmp_path, {"copy": TOKEN}, {})

    run(tmp_path, *command("-q", "--bitsec-reuse", *engine_options))

    assert said(tmp_path / "results", "author") == (first, True)
    copied, was_reused = said(tmp_path / "results", "copy")
    assert (was_reused, copied == first) == (False, False)


def test_another_root_at_the_same_place_replays_nothing(tmp_path: Path, oci_root: Path):
    root = tmp_path / "rootfs"
    shutil.copytree(oci_root, root, symlinks=True)
    root.chmod(0o755)
    lay_out(tmp_path, {"author": TOKEN}, {"suite/test_say.py": TOKEN_TASK})
    oci = ("--bitsec-sandbox=oci", f"--bitsec-image={root}")
    run(tmp_path, *command("-q", *oci))
    before, _ = said(tmp_path / "results", "author")
    run(tmp_path, *command("-q", "--bitsec-reuse", *oci))
    again = said(tmp_path / "results", "author")
    (root / "srv").mkdir(exist_ok=True)
    (root / "srv/other-root").write_text("x")

    run(tmp_path, *command("-q", "--bitsec-reuse", *oci))

    after, was_reused = said(tmp_path / "results", "author")
    assert again == (before, True)
    assert (was_reused, before.split()[1], after.split()[1]) == (False, "False", "True")
