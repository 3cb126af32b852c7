"""The board on a terminal: one line an agent, and never wider than the terminal."""

import textwrap
from collections.abc import Iterable, Iterator

from bitsec_eval.core.scoring.leaderboard import Leaderboard, Row
from bitsec_eval.core.text import one_line
from bitsec_eval.render.figures import amount, held_back, outlook, points, spread, stopped, ties, used

NARROWEST = 40
SHORTEST_NAME = 8


def board_lines(board: Leaderboard, width: int = 80) -> list[str]:
    """Return the board as lines of at most `width` columns (at least 40), every text safe for a terminal."""
    width = max(width, NARROWEST)
    if not board.rows:
        return ["leaderboard: no agents"]
    return [*_agent_lines(board, width), *wrapped(_closing(board), width)]


def _agent_lines(board: Leaderboard, width: int) -> Iterator[str]:
    ranks = _column([str(row.rank) if row.rank is not None else "-" for row in board.rows], right=True)
    scores = _column([points(row.score) for row in board.rows], right=True)
    rewards = _column([amount(row.reward) for row in board.rows], right=True)
    fixed = len(f"{ranks[0]}    {scores[0]}  reward: {rewards[0]} TAO")
    names = _column([_cut(one_line(row.agent), max(width - fixed, SHORTEST_NAME)) for row in board.rows])
    repeated = any(cell.runs > 1 for row in board.rows for cell in row.tasks)
    for row, rank, name, score, reward in zip(board.rows, ranks, names, scores, rewards, strict=True):
        line = f"{rank}  {name}  {score}  reward: {reward} TAO"
        remarks = filter(None, (_certainty(row) if repeated else "", _unusable(row), used(row.usage)))
        yield from _with_remark(line, "  ".join(remarks), indent=len(rank) + 2, width=width)


def _with_remark(line: str, remark: str, *, indent: int, width: int) -> Iterator[str]:
    if not remark:
        yield line
    elif len(line) + 2 + len(remark) <= width:
        yield f"{line}  {remark}"
    else:
        yield line
        yield " " * indent + remark


def _closing(board: Leaderboard) -> Iterator[str]:
    if board.undistributed:
        yield f"undistributed: {amount(board.undistributed)} TAO, as no agent earned it"
    if board.unsettled:
        yield f"rewards are provisional: {', '.join(board.unsettled)}"
    if board.pending:
        yield f"held back: {held_back(board)}; what is paid stays paid"
    for tied in ties(board):
        yield f"within noise of each other: {', '.join(row.agent for row in tied)}"
    for note in board.notes:
        yield f"note: {note}"


def _certainty(row: Row) -> str:
    """Return the interval of a score; where runs were repeated it is what they were repeated for."""
    return f"95%: {spread(row.interval)}" if row.interval else ""


def _unusable(row: Row) -> str:
    told = ((row.runs.void, f"void ({outlook(row)})"), (row.runs.incomplete, "incomplete"))
    return ", ".join(filter(None, (stopped(row), *(f"{count} {state}" for count, state in told if count))))


def wrapped(lines: Iterable[str], width: int) -> Iterator[str]:
    """Yield remarks in lines of at most `width` columns, the second and later lines of each indented."""
    for line in lines:
        yield from textwrap.wrap(one_line(line, 2000), width, subsequent_indent="  ")


def _column(cells: list[str], *, right: bool = False) -> list[str]:
    width = max(len(cell) for cell in cells)
    return [cell.rjust(width) if right else cell.ljust(width) for cell in cells]


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."
