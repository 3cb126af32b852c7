"""The board as a table for other programs: CSV for a spreadsheet, Markdown for a pull request, a summary or chat.

A name is an agent's choice: nothing in it starts a formula in a spreadsheet, or markup in Markdown.
"""

import csv
import io
import re
from collections.abc import Iterator

from bitsec_eval.core.scoring.leaderboard import Leaderboard, Row
from bitsec_eval.core.text import one_line
from bitsec_eval.render.figures import amount, held_back, outlook, points, spread, stopped, ties

COLUMNS = (
    "rank", "agent", "score", "low", "high", "least", "most", "group", "reward", "scored", "void", "incomplete",
    "version", "stopped", "unspent",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r")
MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+!|~&@:/-])")


def board_csv(board: Leaderboard) -> str:
    """Return one line for each agent, the points of each task in columns of their own, with a header.

    A text that a spreadsheet would take for a formula has an apostrophe before it.
    """
    written = io.StringIO()
    lines = csv.writer(written, lineterminator="\r\n")
    lines.writerow([*COLUMNS, *map(_inert, board.tasks)])
    lines.writerows(_cells(row, board.tasks) for row in board.rows)
    return written.getvalue()


def _cells(row: Row, tasks: tuple[str, ...]) -> list[object]:
    by_task = {cell.task: cell.score for cell in row.tasks}
    interval = (row.interval.low, row.interval.high) if row.interval else (None, None)
    runs = (row.runs.scored, row.runs.void, row.runs.incomplete)
    told = [
        row.rank,
        _inert(row.agent),
        row.score,
        *interval,
        row.low,
        row.high,
        row.group,
        row.reward,
        *runs,
        _inert(row.version),
        row.stopped,
        row.unspent,
    ]
    return [*told, *(by_task.get(task) for task in tasks)]


def _inert(text: str) -> str:
    shown = one_line(text)
    return f"'{shown}" if shown.startswith(FORMULA) else shown


def board_markdown(board: Leaderboard) -> str:
    """Return the board as a GitHub-flavoured table with what a reader must know below it."""
    return "\n".join(_markdown(board)) + "\n"


def _markdown(board: Leaderboard) -> Iterator[str]:
    yield "| Rank | Agent | Score | 95 % | Reward (TAO) | Runs |"
    yield "|---:|:---|---:|:---:|---:|:---|"
    for row in board.rows:
        rank = "-" if row.rank is None else row.rank
        runs = ", ".join(f"{n} {what}" for n, what in _counts(row) if n)
        runs += f" ({outlook(row)})" * row.pending
        runs = ", ".join(filter(None, (runs, stopped(row))))
        reward = amount(row.reward)
        yield f"| {rank} | {plain(row.agent)} | {points(row.score)} | {spread(row.interval)} | {reward} | {runs} |"
    yield ""
    for tied in ties(board):
        yield f"Within noise of each other: {', '.join(plain(row.agent) for row in tied)}."
    if board.unsettled:
        yield f"**Rewards are provisional:** {plain(', '.join(board.unsettled), 2000)}."
    if board.pending:
        yield f"**Held back:** {plain(held_back(board), 2000)}."
    for note in board.notes:
        yield f"Note: {plain(note, 2000)}."


def _counts(row: Row) -> tuple[tuple[int, str], ...]:
    return ((row.runs.scored, "scored"), (row.runs.void, "void"), (row.runs.incomplete, "incomplete"))


def plain(text: str, limit: int = 300) -> str:
    r"""Return text that Markdown shows as it is: no link, no mention, no markup.

    >>> plain("a_b|c")
    'a\\_b\\|c'
    """
    return MARKUP.sub(r"\\\1", one_line(text, limit)).replace("\\@", "@\u200b").replace("\\:", ":")
