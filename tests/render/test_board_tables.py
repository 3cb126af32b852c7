"""CSV and Markdown hold the board and nothing that a spreadsheet or a Markdown reader would obey."""

import csv
import io

import pytest

from bitsec_eval.core.scoring.leaderboard import leaderboard
from bitsec_eval.render.tables import board_csv, board_markdown
from tests.junit_files import SECRET, JunitFile

P, F, E = "passed", "failed", "error"


def board(*files: JunitFile):
    return leaderboard([file.read_unchecked() for file in files])


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_csv_line_holds_an_agent_with_its_tasks():
    first, second = rows(board_csv(board(JunitFile().run("a", "t", [P, F]).run("b", "t", [E, E]))))

    assert (first["rank"], first["agent"], first["score"], first["reward"], first["t"]) == (
        "1", "a", "50.0", "33.33", "50.0",
    )  # fmt: skip
    assert (second["rank"], second["score"], second["void"], second["t"]) == ("", "", "1", "")


@pytest.mark.parametrize("name", ["=1+1", "+cmd", "-2", "@SUM(A1)"])
def test_no_name_is_a_formula(name):
    (row,) = rows(board_csv(board(JunitFile().run(name, "t", [P]))))

    assert row["agent"] == f"'{name}"


def test_markdown_is_a_table_with_what_a_reader_must_know():
    text = board_markdown(board(JunitFile().run("careful", "t", [P, P]).run("half", "t", [E, F])))

    assert "| 1 | careful | 100.0 | - | 50.00 | 1 scored |" in text
    assert "**Held back:** 50.00 TAO until the void run of half is done again." in text


@pytest.mark.parametrize("name", ["[x](http://evil)", "a|b", "<b>x</b>", "*x*", "@everyone", "`x`"])
def test_no_name_is_markup(name):
    text = board_markdown(board(JunitFile().run(name, "t", [P])))

    assert name not in text
    assert text.splitlines()[2].replace("\\|", "").count("|") == 7


def test_nothing_of_a_failure_text_is_in_them():
    found = board(JunitFile().run("a", "t", [F, E]))

    assert SECRET not in board_csv(found) + board_markdown(found)
