"""`bitsec-eval leaderboard` prints the board, writes what is asked for, says in one line what is wrong."""

import json
import subprocess
import sys

import pytest

from bitsec_eval.cli import main
from tests.junit_files import JunitFile

P, F, E = "passed", "failed", "error"


@pytest.fixture
def results(tmp_path):
    (tmp_path / "e1.xml").write_bytes(JunitFile("e1").run("careful", "t", [P, P]).run("half", "t", [E, E]).text)
    (tmp_path / "e2.xml").write_bytes(JunitFile("e2").run("careful", "t", [P, P]).run("half", "t", [P, F]).text)
    return tmp_path


def leaderboard(*args) -> int:
    return main(["leaderboard", *map(str, args)])


def test_it_prints_the_board_of_all_files_together(results, capsys):
    code = leaderboard(results / "e2.xml", results / "e1.xml")

    assert code == 1
    assert capsys.readouterr().out.splitlines()[:2] == [
        "1  careful  100.0  reward: 57.14 TAO  95%: 1-100",
        "2  half      50.0  reward: 20.00 TAO  1 void (25-75)",
    ]


def test_a_provisional_board_exits_1(results, capsys):
    assert leaderboard(results / "e1.xml") == 1
    assert "held back: 50.00 TAO until the void run of half is done again" in capsys.readouterr().out


def test_emission_and_rewards_can_be_told(results, capsys):
    leaderboard(results / "e2.xml", "--emission=7", "--rewards=winner")

    assert "1  careful  100.0  reward: 7.00 TAO" in capsys.readouterr().out


def test_json_and_html_are_written_into_new_folders(results, capsys):
    leaderboard(results / "e2.xml", "--json", results / "new" / "b.json", "--html", results / "new" / "b.html")

    assert json.loads((results / "new" / "b.json").read_text())["agents"][0]["agent"] == "careful"
    assert (results / "new" / "b.html").read_text().startswith("<!doctype html>")
    assert sorted(path.name for path in (results / "new").iterdir()) == ["b.html", "b.json"]


def test_what_was_there_stays_when_the_new_cannot_be_written(results, capsys):
    kept = results / "folder-in-the-way"
    (kept / "inside").mkdir(parents=True)

    assert leaderboard(results / "e2.xml", "--json", kept) == 2
    assert (kept / "inside").exists()
    assert [path.name for path in results.iterdir() if path.name.startswith(".")] == []
    assert capsys.readouterr().err.startswith(f"bitsec-eval leaderboard: {kept}: cannot be written (")


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["none.xml"], "none.xml: no such file; run pytest --bitsec-agents=agents/ first"),
        (["."], ".: is a folder; give its files: ./*.xml"),
        (["other.xml"], "other.xml: no check of an evaluation in it; give the junit file that pytest"),
        (["cut.xml"], "cut.xml: cut short or empty (line 1: unclosed token); run the evaluation again"),
        (["e1.xml", "--emission=lots"], "emission 'lots': not an amount of TAO from 0 to 1000000000"),
        (["e1.xml", "--json", "/dev/null/x"], "/dev/null/x: cannot be written ("),
    ],
)
def test_what_is_wrong_is_one_line_and_exit_2(results, capsys, monkeypatch, args, says):
    monkeypatch.chdir(results)
    (results / "other.xml").write_text("<testsuites><testsuite><testcase name='x'/></testsuite></testsuites>")
    (results / "cut.xml").write_bytes((results / "e1.xml").read_bytes()[:-8])

    assert leaderboard(*args) == 2
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert says in told.err


def test_an_unknown_rule_is_a_usage_error(capsys):
    with pytest.raises(SystemExit, match="2"):
        leaderboard("e1.xml", "--rewards=luck")

    assert "invalid choice: 'luck' (choose from" in capsys.readouterr().err


def test_it_runs_as_a_module_and_loads_neither_pytest_nor_docker(results):
    script = (
        "import runpy, sys; sys.argv[1:] = sys.argv[1:];"
        "runpy.run_module('bitsec_eval', run_name='not main');"
        "from bitsec_eval.cli import main; code = main();"
        "sys.exit(code or sorted({'pytest', 'docker', 'openai'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "leaderboard", results / "e2.xml"], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("1  careful  100.0")
