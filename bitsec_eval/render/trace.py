"""One page for each run, for the agent's author: what it was asked and given, what it did when, which checks failed.

The page is made from the run's JSON file alone, so it shows nothing that is not in there.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Template
from markupsafe import Markup

from bitsec_eval.core.leaderboard import Leaderboard
from bitsec_eval.render.artifacts import read_json, write_text
from bitsec_eval.render.html import content_policy, environment, stylesheet


def run_html(told: Mapping[str, Any]) -> str:
    """Return a run's page; `told` is what its JSON file holds."""
    return _page().render(
        title=f"{told['agent']} on {told['task']}",
        run={"repeat": 0, "settings": {}, "timeline": [], "checks": {}, "reasons": {}, "state": "", **told},
    )


@cache
def _page() -> Template:
    """Return the template, compiled once for all the pages of an evaluation."""
    style = stylesheet()
    own = {"csp": content_policy(style), "style": Markup(style)}  # noqa: S704 - our own file
    return environment().get_template("run.html", globals=own)


def write_run_pages(results: Path, board: Leaderboard) -> None:
    """Write NAME.html beside each NAME.json of the agents on the board."""
    for row in board.rows:
        for path in sorted((results / "runs" / row.agent).glob("*.json")):
            told = read_json(path)
            if told is not None and "agent" in told and "task" in told:
                write_text(path.with_suffix(".html"), run_html(told))
