"""The board in another order, or only some of its agents: what a visitor asked for, without a script."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bitsec_eval.core.scoring.leaderboard import Leaderboard, Row

SORTS: Mapping[str, Callable[[Row], Any]] = {
    "rank": lambda row: row.rank if row.rank is not None else float("inf"),
    "agent": lambda row: row.agent,
    "score": lambda row: row.score if row.score is not None else float("inf"),
    "reward": lambda row: -row.reward,
    "evaluated": lambda row: -row.last_evaluated.timestamp() if row.last_evaluated else float("inf"),
}
"""What rows can be sorted by: ranks from the first, names from a, scores from the lowest, the others downwards."""


def arranged(board: Leaderboard, *, sort: str, agent: str) -> Leaderboard:
    """Return a board whose rows are sorted and whose names hold `agent`; what is not known sorts by rank."""
    rows = sorted(board.rows, key=SORTS.get(sort, SORTS["rank"]))
    wanted = agent.strip().lower()
    return replace(board, rows=tuple(row for row in rows if wanted in row.agent))
