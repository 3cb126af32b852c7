"""No option of pytest that leaves checks out, or only looks at them, makes a board on which that pays.

The agent is wrong in one of three checks. Whatever is selected, it is never worth more than on the whole board, and
where nothing was run there is no board. BITSEC_LONG=1 tries every option; the short form those that run nothing at
all, and one of each kind of selection.
"""

import json
from pathlib import Path

import pytest
from boards.conftest import options_of
from long import LONG
from plugin.evaluations import Ran, command, lay_out, printing, run

TASK = '''
import pytest
from bitsec_eval import Task

TASK = Task(prompt="Implement double(n).", timeout=10, call_timeout=1)


@pytest.mark.easy
def test_a_small_number(solution):
    """
    >>> 1
    1
    """
    assert solution.double(1) == 2


def test_a_larger_number(solution):
    assert solution.double(10) == 20


@pytest.mark.hard
def test_a_huge_number(solution):
    assert solution.double(10**9) == 2 * 10**9
'''
AGENTS = {
    "mostly": printing("def double(n):\n    return 2 * n if n < 100 else 0\n"),
    "right": printing("def double(n):\n    return 2 * n\n"),
}
WHOLE = {"mostly": 66.7, "right": 100.0}

RUNS_NOTHING = [
    ("--setup-plan",),
    ("--setup-only",),
    ("--collect-only",),
    ("--co", "-q"),
    ("--fixtures",),
    ("--fixtures-per-test",),
    ("--funcargs",),
    ("--markers",),
    ("--cache-show",),
    ("--help",),
    ("--version",),
    ("-k", "nothing_of_this_name"),
    ("-m", "no_such_mark"),
    ("--deselect=suite/test_x.py",),
    ("--ignore=suite/test_x.py",),
    ("--ignore-glob=*test_x.py",),
    ("-o", "python_functions=test_a_s*"),
    ("-o", "python_functions=no_*"),
    ("-o", "python_classes=no_*"),
    ("-o", "python_files=no_*"),
    ("-o", "norecursedirs=suite"),
    ("-o", "collect_imported_tests=false"),
    ("--override-ini=python_functions=test_a_s*",),
    ("--setup-plan", "--setup-show"),
    ("--setup-only", "-n2"),
    ("--setup-plan", "-p", "no:setupplan"),
]
SELECTS = [
    ("-m", "easy"),
    ("-k", "small or larger"),
    ("--deselect=suite/test_x.py::test_a_huge_number",),
    ("suite/test_x.py::test_a_small_number[mostly]",),
    ("-x",),
    ("--maxfail=1",),
    ("--stepwise",),
    ("--stepwise-skip",),
    ("--exitfirst", "--failed-first"),
    ("-m", "not hard"),
    ("--lf", "--lfnf=none"),
    ("--nf", "-k", "small"),
]
CHANGES = [
    ("--setup-show",),
    ("--runxfail",),
    ("--doctest-modules",),
    ("-o", "xfail_strict=true"),
    ("-p", "no:cacheprovider"),
    ("-p", "no:logging", "-p", "no:faulthandler"),
    ("-p", "no:skipping"),
    ("-p", "no:terminalreporter"),
    ("-p", "no:assertion"),
    ("--assert=plain",),
    ("--import-mode=importlib",),
    ("--import-mode=append",),
    ("--capture=no",),
    ("--show-capture=no",),
    ("--tb=no",),
    ("--disable-warnings",),
    ("-W", "error"),
    ("--strict-markers", "-o", "markers=easy"),
    ("--keep-duplicates", "suite", "suite/test_x.py"),
    ("--noconftest", "-p", "bitsec_eval.plugin"),
    ("--confcutdir=.",),
    ("--rootdir=.", "-c", "pytest.ini"),
    ("--timeout=60",),
    ("--junitxml=elsewhere.xml",),
    ("--junit-prefix=x",),
    ("-o", "junit_family=xunit1"),
    ("-o", "junit_suite_name=x"),
    ("--order-dependencies",),
    ("--dist=loadfile", "-n2"),
    ("--dist=each", "-n2"),
    ("--dist=no", "-n2"),
    ("-n2", "--maxprocesses=1"),
    ("-n0",),
    ("--basetemp=tmp",),
    ("--continue-on-collection-errors",),
    ("-p", "no:junitxml"),
    ("-p", "no:main"),
    ("-p", "no:unraisableexception"),
]
SHORT = [
    *RUNS_NOTHING[:4],
    ("-o", "python_functions=test_a_s*"),
    ("--setup-only", "-n2"),
    SELECTS[0],
    SELECTS[4],
    ("--keep-duplicates", "suite", "suite"),
]
TRIED = [*RUNS_NOTHING, *SELECTS, *CHANGES] if LONG else SHORT


@pytest.fixture(params=["docker", "oci"] if LONG else ["oci"], scope="module")
def engine_options(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """What pytest selects is the same with every engine: the short form tries one."""
    return options_of(request.param, request)


def is_worth_no_more(ran: Ran) -> bool:
    """Whether nobody has more by this board than by the whole one, and what is missing is told."""
    board = json.loads((ran.folder / "results/leaderboard.json").read_text())
    scores = {row["agent"]: row["score"] for row in board["agents"]}
    is_whole = all(row["runs"] == {"scored": 1, "void": 0, "incomplete": 0} for row in board["agents"])
    no_more = all(score is None or score <= WHOLE[name] + 0.1 for name, score in scores.items())
    return no_more and (ran.status != 0 or (is_whole and scores.keys() == WHOLE.keys()))


@pytest.mark.parametrize("options", TRIED, ids=" ".join)
def test_no_option_of_pytest_makes_an_agent_worth_more(
    tmp_path: Path, engine_options: tuple[str, ...], options: tuple[str, ...]
):
    lay_out(tmp_path, AGENTS, {"suite/test_x.py": TASK})
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n  easy: few digits\n  hard: many\n")

    ran = run(tmp_path, *command("-q", *engine_options, *options))

    assert "INTERNALERROR" not in ran.output
    if (tmp_path / "results/leaderboard.json").exists():
        assert options not in RUNS_NOTHING, ran.output
        assert is_worth_no_more(ran), ran.output
    else:
        assert not (tmp_path / "results/junit.xml").exists() or options in RUNS_NOTHING, ran.output
