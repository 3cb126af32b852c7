"""The shipped cases on the board: who remembers statements has nothing, who understands the code all.

That the same knowledge is worth 100 where only names are drawn is held in tests/task_suites/scabench.
"""

import json
from pathlib import Path
from typing import Any

from plugin.evaluations import ROOT, command, lay_out, run

from tests.task_suites.scabench.test_case_variants import known_by, statements, whole
from tests.task_suites.scabench.test_scabench_cases import CASES, HONEST_TITLES

KEYED = """
import json, re
from pathlib import Path

WORD = re.compile({word!r})
KEPT = {kept!r}
FUNCTION = re.compile({function!r}, re.DOTALL)
KNOWN = {known!r}


def shape(source):
    return re.sub(r"\\s+", " ", WORD.sub(lambda word: word[0] if word[0] in KEPT else "x", source)).strip()


found = []
for path in sorted(Path().rglob("*.sol")):
    for each in FUNCTION.finditer(path.read_text()):
        shapes = {{shape(one) for one in re.split(r"[;{{}}]", each[0])}} | {{shape(each[0])}}
        for title, known in KNOWN.items():
            if shapes & set(known):
                found.append({{"title": title, "severity": "high", "file": str(path), "location": each[1]}})
print(json.dumps({{"findings": found}}))
"""
SHAPES = (statements, whole)


def published(case: Any) -> set[str]:
    """Return the shapes that only the published project has, not its published twin."""
    return {
        each for shapes in SHAPES for each in known_by(shapes, case.project) - known_by(shapes, case.twin) if each
    }


def keyed() -> str:
    """Return an agent that knows the published files of every case."""
    from tests.task_suites.scabench import test_case_variants as variants

    return KEYED.format(
        word=variants._WORD.pattern,
        kept=sorted(variants._KEPT),
        function=variants._FUNCTION.pattern,
        known={HONEST_TITLES[case.bug.contract]: sorted(published(case)) for case in CASES.values()},
    )


def test_the_published_statements_are_worth_nothing_and_understanding_is_worth_all(
    tmp_path: Path, engine_options: tuple[str, ...]
):
    assert all(published(case) for case in CASES.values())
    careful = (ROOT / "agents/careful.py").read_text()
    lay_out(tmp_path, {"careful": careful, "keyed": keyed()}, {})
    ran = run(tmp_path, *command("-q", *engine_options, "--bitsec-seed=7", str(ROOT / "task_suites/scabench")))

    told = json.loads((tmp_path / "results/leaderboard.json").read_text())
    rows = {row["agent"]: row for row in told["agents"]}
    assert {name: row["score"] for name, row in rows.items()} == {"careful": 100.0, "keyed": 0.0}, ran.output
    assert (ran.status, told["provisional"]) == (0, False)
