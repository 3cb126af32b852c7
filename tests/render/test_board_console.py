"""On a terminal the board is aligned, fits, and shows nothing a terminal would obey."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitsec_eval.core.scoring.leaderboard import leaderboard
from bitsec_eval.render.console import board_lines
from tests.junit_files import JunitFile

P, F, E = "passed", "failed", "error"


def lines(*files: JunitFile, width: int = 80) -> list[str]:
    return board_lines(leaderboard([file.read_unchecked() for file in files]), width)


def test_a_row_reads_rank_agent_score_reward():
    assert lines(JunitFile().run("careful", "t", [P])) == ["1  careful  100.0  reward: 100.00 TAO"]


def test_columns_are_aligned():
    file = JunitFile().run("careful", "t", [P, P]).run("half", "t", [P, F]).run("silent", "t", [F, F])

    assert lines(file) == [
        "1  careful  100.0  reward: 66.67 TAO",
        "2  half      50.0  reward: 33.33 TAO",
        "3  silent     0.0  reward:  0.00 TAO",
    ]


def test_void_and_incomplete_runs_are_seen():
    file = JunitFile().run("a", "t1", [P]).run("a", "t2", [E]).run("a", "t3", [P], declared=2).run("b", "t1", [E])

    assert lines(file) == [
        "1  a  75.0  reward: 60.00 TAO  1 void (50-84), 1 incomplete",
        "2  b   0.0  reward:  0.00 TAO  1 void (0-34), 2 incomplete",
        "rewards are provisional: 3 runs incomplete",
        "held back: 40.00 TAO until the 2 void runs of a, b are done again; what is paid",
        "  stays paid",
    ]


def test_an_agent_with_void_runs_only_has_a_dash_for_rank_and_score():
    assert lines(JunitFile().run("a", "t", [E])) == [
        "-  a  -  reward: 0.00 TAO  1 void (0-100)",
        "held back: 100.00 TAO until the void run of a is done again; what is paid stays",
        "  paid",
    ]


def test_a_score_is_never_shown_better_than_it_is():
    file = JunitFile().run("a", "t", [P] * 1999 + [F])

    assert "99.9" in lines(file)[0]


def test_notes_are_shown():
    old = JunitFile("e1").run("a", "t", [P], sha="0")
    new = JunitFile("e2", "2026-02-01T00:00:00Z").run("a", "t", [P], sha="1")

    assert lines(old, new)[-1] == "note: a: only version 1 counts; 1 evaluation of another version left out"


def test_a_narrow_terminal_cuts_names_and_moves_remarks_to_their_own_line():
    file = JunitFile().run("a-name-that-is-far-too-long", "t1", [P]).run("a-name-that-is-far-too-long", "t2", [E])

    assert lines(file, width=40) == [
        "1  a-name-...  100.0  reward: 100.00 TAO",
        "   1 void (50-100)",
        "held back: 0.00 TAO until the void run",
        "  of a-name-that-is-far-too-long is done",
        "  again; what is paid stays paid",
    ]


def test_without_agents_it_says_so():
    assert board_lines(leaderboard([])) == ["leaderboard: no agents"]


@given(st.lists(st.text("abcdefgh-", min_size=1, max_size=70), min_size=1, max_size=4), st.integers(0, 200))
def test_no_line_is_wider_than_the_terminal(names, width):
    file = JunitFile()
    for number, name in enumerate(names):
        file.run(name, f"task-{number}", [P, F], sha="s")

    assert all(len(line) <= max(40, width) for line in lines(file, width=width))


@pytest.mark.parametrize("hostile", ["\x1b]0;pwn\x07", "\x9b31m", "\u202egnp", "a\nforged line"])
def test_no_text_of_a_note_reaches_the_terminal_raw(hostile):
    file = JunitFile(settings={"notes": [hostile]}).run("a", "t", [P])

    assert all(line.isprintable() for line in lines(file))
    assert len(lines(file)) == 2
