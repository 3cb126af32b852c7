"""The board as a page: one set of templates for the file that can be mailed and for the hub's live pages.

The file carries its style sheet and a policy that lets nothing else in.
A server extends the same templates: it overrides the block `style` of base.html with a link, serves
`stylesheet()` at that address, and can then send `default-src 'none'; style-src 'self'`.
Nothing here needs a script, an inline style attribute or anything from another place.
"""

import base64
import hashlib
from collections.abc import Callable, Iterable
from functools import cache
from importlib.resources import files
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PackageLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from bitsec_eval.core.evaluations.evaluation import Check, Outcome
from bitsec_eval.core.scoring.leaderboard import Leaderboard, Row
from bitsec_eval.core.scoring.repeats import agent_pass_rates
from bitsec_eval.core.scoring.run_points import State
from bitsec_eval.core.scoring.scores import Cell
from bitsec_eval.core.text import one_line
from bitsec_eval.render.excerpts import opening, rest
from bitsec_eval.render.figures import (
    amount,
    held_back,
    moment,
    outlook,
    points,
    spread,
    stopped,
    ties,
    used,
    weight_passed,
)
from bitsec_eval.render.links import RunPages, no_pages

HEAT_LEVELS = 10


def board_html(board: Leaderboard, *, title: str = "Leaderboard", run_pages: RunPages = no_pages) -> str:
    """Return the board as one self-contained page, with links to those of its runs that `run_pages` knows."""
    page = environment().get_template("board.html")
    return page.render(
        title=title,
        board=board,
        csp=content_policy(stylesheet()),
        style=Markup(stylesheet()),  # noqa: S704 - our own file
        agent_href=in_page_href(board),
        run_pages=run_pages,
    )


def content_policy(style: str) -> str:
    """Return the policy of a page that carries this style sheet and lets nothing else in."""
    return f"default-src 'none'; style-src '{_source_hash(style)}'; base-uri 'none'; form-action 'none'"


def environment(*folders: Path) -> Environment:
    """Return a jinja2 environment with our templates and filters, templates in `folders` taking precedence.

    Everything is escaped. Pages extend base.html (blocks `style`, `nav`, `content`, `footer`) and include
    _board.html, _heat_map.html and _agent.html, whose first lines say which values they read.
    """
    loaders = [FileSystemLoader(folder) for folder in folders]
    made = Environment(
        loader=ChoiceLoader([*loaders, PackageLoader("bitsec_eval.render", "templates")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(run_pages=no_pages)
    made.filters.update(
        amount=amount,
        breakable=breakable,
        by_task=by_task,
        heat=heat,
        lost=lost,
        held_back=held_back,
        moment=moment,
        opening=opening,
        outlook=outlook,
        points=points,
        rates=agent_pass_rates,
        rest=rest,
        spread=spread,
        stopped=stopped,
        ties=ties,
        trail=trail,
        shown=one_line,
        unpassed=unpassed,
        used=used,
        weight_passed=weight_passed,
    )
    return made


@cache
def page_template(name: str) -> Template:
    """Return a self-contained page's template, compiled once for all the pages of an evaluation."""
    style = stylesheet()
    own = {"csp": content_policy(style), "style": Markup(style)}  # noqa: S704 - our own file
    return environment().get_template(name, globals=own)


def stylesheet() -> str:
    """Return the one style sheet, for a server to serve or a page to carry."""
    return files("bitsec_eval.render").joinpath("templates", "style.css").read_text("utf-8")


def in_page_href(board: Leaderboard) -> Callable[[str], str]:
    """Return what maps an agent's name to the address of its section on the same page."""
    anchors = {row.agent: f"#agent-{place}" for place, row in enumerate(board.rows, start=1)}
    return lambda agent: anchors[agent]


def breakable(name: str) -> Markup:
    """Return a name, escaped, that a narrow page breaks after its underscores rather than inside a word."""
    return Markup("_<wbr>").join(escape(part) for part in one_line(name).split("_"))


def heat(cell: Cell | None) -> str:
    """Return the class of a cell in the heat map: heat-0 to heat-10, void or absent; heat-10 is a full score only."""
    if cell is None:
        return "absent"
    if cell.score is None:
        return "void"
    return f"heat-{int(cell.score * HEAT_LEVELS / 100)}"


def by_task(row: Row) -> dict[str, Cell]:
    """Return the cells of `row` by their tasks."""
    return {cell.task: cell for cell in row.tasks}


def lost(row: Row) -> tuple[Cell, ...]:
    """Return the cells of `row` that did not earn full points, in order of their tasks."""
    return tuple(cell for cell in row.tasks if cell.state is not State.SCORED or cell.score != 100)


def trail(row: Row, width: int = 240, height: int = 48) -> str:
    """Return the score over time as the points of an SVG polyline, the latest at the right edge."""
    moments = row.history
    step = width / max(1, len(moments) - 1)
    places = ((n * step, height - moment.score * height / 100) for n, moment in enumerate(moments))
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def unpassed(checks: Iterable[Check]) -> tuple[Check, ...]:
    """Return the checks that did not pass."""
    return tuple(check for check in checks if check.outcome is not Outcome.PASSED)


def _source_hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
