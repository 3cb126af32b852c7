"""Addresses of the pages in a results folder, as its board and its runs' pages see one another.

A page that is mailed stands alone: `no_pages` is what it links to.
"""

from collections.abc import Callable, Sequence
from itertools import takewhile
from pathlib import Path
from urllib.parse import quote

from bitsec_eval.core.agents.agent_name import is_agent_name
from bitsec_eval.core.scoring.scores import Cell
from bitsec_eval.render.artifacts import run_file

BOARD = "leaderboard.html"

RunPages = Callable[[str, Cell], Sequence[str]]
"""Gives the addresses of the pages of an agent's runs on a task, in order of its repeats."""


def run_page(results: Path, agent: str, task: str, repeat: int = 0) -> Path:
    """Return where a run's page lies."""
    return run_file(results, agent, task, repeat).with_suffix(".html")


def no_pages(agent: str, cell: Cell) -> Sequence[str]:  # noqa: ARG001 - see RunPages
    """Link to no page."""
    return ()


def pages_beside(results: Path) -> RunPages:
    """Return what finds the pages that lie in `results`, for a board that lies there too."""

    def pages(agent: str, cell: Cell) -> Sequence[str]:
        if not is_agent_name(agent):  # junit may say anything; only names that are safe as paths are looked for
            return ()
        runs = (run_page(results, agent, cell.task, repeat) for repeat in range(wanted(cell)))
        return [address(page, results) for page in takewhile(Path.is_file, runs)]

    return pages


def address(page: Path, folder: Path) -> str:
    """Return the address of `page` as pages in `folder` link to it.

    >>> address(Path("results/runs/a/x__y#1.html"), Path("results"))
    'runs/a/x__y%231.html'
    """
    return quote(page.relative_to(folder).as_posix())


def wanted(cell: Cell) -> int:
    """Return how many runs of a cell may have left a file, whatever became of them."""
    return cell.counts.scored + cell.counts.void + cell.counts.incomplete
