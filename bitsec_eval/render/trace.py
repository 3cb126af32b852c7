"""One page for each run, for the agent's author: what it was asked and given, what it did when, which checks failed.

The page is made from the run's JSON file alone, so it shows nothing that is not in there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bitsec_eval.core.scoring.leaderboard import Leaderboard
from bitsec_eval.render.html import in_page_href, page_template
from bitsec_eval.render.links import BOARD, address
from bitsec_eval.render.timeline import bars, steps
from bitsec_eval.support.atomic_files import read_json, write_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """Addresses that a run's page leads to: the board, and the runs of the same agent on the same task, by number."""

    board: str = ""
    repeats: Mapping[int, str] = field(default_factory=dict)


NOTHING_AROUND = Around()


def run_html(told: Mapping[str, Any], around: Around = NOTHING_AROUND) -> str:
    """Return a run's page; `told` is what its JSON file holds."""
    return page_template("run.html").render(
        title=f"{told['agent']} on {told['task']}",
        run={"repeat": 0, "settings": {}, "checks": {}, "weights": {}, "reasons": {}, "state": "", **told},
        timeline=bars(steps(told.get("timeline"))),
        around=around,
    )


def write_run_pages(results: Path, board: Leaderboard) -> None:
    """Write NAME.html beside each NAME.json of the agents on the board."""
    sections = in_page_href(board)
    for row in board.rows:
        runs = dict(_told(results / "runs" / row.agent))
        for path, told in runs.items():
            around = Around(board=f"../../{BOARD}{sections(row.agent)}", repeats=_repeats(told, runs))
            write_text(path.with_suffix(".html"), run_html(told, around))


def _told(folder: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    for path in sorted(folder.glob("*.json")):
        told = read_json(path)
        if told is not None and "agent" in told and "task" in told:
            yield path, told


def _repeats(of: Mapping[str, Any], runs: Mapping[Path, Mapping[str, Any]]) -> Mapping[int, str]:
    """Return the addresses of the runs of one evaluation on one task, by their number from 1; none for a lone run."""
    same = {
        told.get("repeat", 0) + 1: address(path.with_suffix(".html"), path.parent)
        for path, told in runs.items()
        if (told["task"], told.get("evaluation")) == (of["task"], of.get("evaluation"))
    }
    return dict(sorted(same.items())) if len(same) > 1 else {}
