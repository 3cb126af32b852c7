"""Fill in the hub's pages: the board's templates of `bitsec_eval.render`, and the hub's own before them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment
from starlette.responses import HTMLResponse

from bitsec_eval.core.scoring.leaderboard import Leaderboard
from bitsec_eval.core.text import one_line, printable
from bitsec_eval.hub.views.runs import RunOutput, RunReport
from bitsec_eval.hub.views.standings import AgentStatus, ScoredVersion, TaskStatus
from bitsec_eval.hub.views.waiting import Waiting
from bitsec_eval.render.figures import duration, moment
from bitsec_eval.render.html import environment
from bitsec_eval.render.links import RunPages
from bitsec_eval.render.timeline import bars

TEMPLATES = Path(__file__).parents[1] / "templates"


def page(
    template: str, *, base: str = "", status: int = 200, headers: dict[str, str] | None = None, **values: object
) -> HTMLResponse:
    """Return a page whose links begin with `base`; every value is escaped where it is put in."""
    href = partial(agent_href, base=base)
    text = _environment().get_template(template).render(base=base, agent_href=href, **values)
    return HTMLResponse(text.encode("utf-8", "backslashreplace"), status_code=status, headers=headers)


def agent_href(agent: str, base: str = "") -> str:
    """Return the address of an agent's page."""
    return f"{base}/miners/{quote(agent, safe='')}"


def task_sections(board: Leaderboard, base: str) -> RunPages:
    """Return what leads from the heat map to the sections of tasks on agents' pages."""
    places = {(row.agent, cell.task): n for row in board.rows for n, cell in enumerate(row.tasks, start=1)}
    return lambda agent, cell: (f"{agent_href(agent, base)}#task-{places[agent, cell.task]}",)


def badges(standings: Iterable[AgentStatus]) -> dict[str, tuple[str, ...]]:
    """Return what the board says beside an agent's name."""
    return {standing.miner_id: tuple(_badges_of(standing)) for standing in standings}


def _badges_of(standing: AgentStatus) -> Iterator[str]:
    if standing.copy_of is not None:
        yield f"copy of {standing.copy_of.miner_id}, {clock(standing.copy_of.time)}"
    if standing.status == "waiting":
        yield f"version {standing.version} waits"


def clock(time: str | None) -> str:
    """Return a stored time as the board writes its times."""
    return moment(datetime.fromisoformat(time).astimezone(UTC) if time else None)


def ended(run: TaskStatus | RunReport) -> str:
    """Return how and after how many seconds a run ended, as far as it is known.

    >>> ended(TaskStatus(task="a", state="scored", score=0.0, checks={}, ending="timed_out", seconds=10.04))
    'timed out, 10.04 s'
    """
    seconds = "" if run.seconds is None else f"{run.seconds:.2f} s"
    return ", ".join(filter(None, (one_line(run.ending or "").replace("_", " "), seconds)))


def reason_for_all(told: TaskStatus | RunReport) -> str:
    """Return the reason that is the same of all checks that did not pass, "" where they differ or there is none."""
    reasons = {told.reasons.get(check, "") for check, outcome in told.checks.items() if outcome != "passed"}
    return reasons.pop() if len(reasons) == 1 else ""


def sometimes(task: TaskStatus, check: str) -> int:
    """Return in how many runs a check passed, where it passed in some and not in others; else 0."""
    passed = sum(run.checks.get(check) == "passed" for run in task.runs)
    return passed if passed < len(task.runs) else 0


def printed(run: RunReport | RunOutput) -> Iterator[tuple[str, str]]:
    """Yield each text that a run printed, with what it is called."""
    yield from ((name, text) for name, text in (("stdout", run.stdout), ("stderr", run.stderr)) if text)


def place(waiting: Waiting) -> str:
    """Return where an agent stands in the queue and how long it will take, in words.

    >>> place(Waiting(place=2, of=5, expected_seconds=150.0)), place(Waiting(place=0, of=0, expected_seconds=None))
    ('place 2 of 5, in about 3 min', 'it is being evaluated now')
    """
    now = "it is being screened now" if waiting.stage == "screening" else "it is being evaluated now"
    where = f"place {waiting.place} of {waiting.of}" if waiting.place else now
    return where if waiting.expected_seconds is None else f"{where}, in about {duration(waiting.expected_seconds)}"


def trend(versions: Sequence[ScoredVersion], width: int = 240, height: int = 48) -> str:
    """Return the scores of versions, given latest first, as the points of an SVG polyline; "" for fewer than two."""
    scores = [version.score for version in reversed(versions) if version.score is not None]
    if len(scores) < 2:
        return ""
    step = width / (len(scores) - 1)
    return " ".join(f"{n * step:.1f},{height - score * height / 100:.1f}" for n, score in enumerate(scores))


def lines(text: str) -> str:
    """Return a text of several lines with whatever does not print spelled out."""
    return printable(text, len(text))


@cache
def _environment() -> Environment:
    made = environment(TEMPLATES)
    made.filters.update(
        bars=bars,
        clock=clock,
        ended=ended,
        lines=lines,
        place=place,
        printed=printed,
        reason_for_all=reason_for_all,
        sometimes=sometimes,
        trend=trend,
    )
    return made
