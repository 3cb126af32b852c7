"""The pages: what the API says, for people; made on the server, without a script."""

from functools import cache

from fastapi import APIRouter, FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response

from bitsec_eval.hub.http.connection_limits import client_address
from bitsec_eval.hub.http.openapi import described, refusals
from bitsec_eval.hub.problems import NOT_FOUND, Refused
from bitsec_eval.hub.routes.submit_form import submit_form
from bitsec_eval.hub.service import TheHub
from bitsec_eval.hub.uploads.form import token_in
from bitsec_eval.hub.views.arranging import SORTS, arranged
from bitsec_eval.hub.views.html import TEMPLATES, badges, page, task_sections
from bitsec_eval.hub.views.standings import all_statuses, board_now, may_change, outputs_of, report_on
from bitsec_eval.render.html import stylesheet

router = APIRouter(default_response_class=HTMLResponse, responses=refusals())

_CSS = {"text/css": {"schema": {"type": "string"}}}


@router.get("/")
def board_page(hub: TheHub, sort: str = "rank", agent: str = "") -> HTMLResponse:
    """The leaderboard, and the agents that wait to be on it.

    `sort` is rank, agent, score, reward or evaluated; `agent` shows only those whose name holds this text.
    """
    standings, whole = all_statuses(hub.store, hub.results), board_now(hub.results)
    board = arranged(whole, sort=sort, agent=agent)
    return page(
        "leaderboard.html",
        base=hub.settings.base_path,
        title="Leaderboard",
        board=board,
        whole=whole,
        sort=sort,
        sorts=SORTS,
        wanted_agent=agent,
        run_pages=task_sections(board, hub.settings.base_path),
        badges=badges(standings),
        waiting=sorted(
            (standing for standing in standings if standing.rank is None and standing.status == "waiting"),
            key=lambda standing: standing.waiting.place if standing.waiting else len(standings),
        ),
    )


@router.get("/miners/{miner_id}", responses=refusals(404))
def miner_page(miner_id: str, hub: TheHub) -> HTMLResponse:
    """One agent: each task and check, and its versions."""
    report = report_on(miner_id, hub.store, hub.results)
    if report is None:
        raise Refused(NOT_FOUND)
    return page(
        "miner.html",
        base=hub.settings.base_path,
        title=miner_id,
        report=report,
        standing=report.standing,
        provisional=may_change(board_now(hub.results), miner_id),
        places={task.task: place for place, task in enumerate(report.tasks, start=1)},
        offered={task.id for task in hub.catalogue.tasks()},
    )


_TOKEN_FORM = {
    "type": "object",
    "required": ["token"],
    "properties": {"token": {"type": "string", "description": "the owner's token"}},
}


@router.post(
    "/miners/{miner_id}/output",
    responses=refusals(401),
    openapi_extra={
        "requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": _TOKEN_FORM}}},
    },
)
async def output_page(request: Request, miner_id: str, hub: TheHub) -> HTMLResponse:
    """What the agent printed in each of its runs, for its owner."""
    hub.uploads.owners.prove(miner_id, await token_in(request), client_address(request))
    outputs = await run_in_threadpool(outputs_of, miner_id, hub.store, hub.results)
    base = hub.settings.base_path
    return page("output.html", base=base, title=f"What {miner_id} printed", miner_id=miner_id, outputs=outputs)


@router.get("/submit")
def submit_page(hub: TheHub) -> HTMLResponse:
    """A form to upload an agent with, and the tasks it will meet."""
    return submit_form(hub)


@router.get("/docs")
def docs_page(request: Request, hub: TheHub) -> HTMLResponse:
    """Every address of the API, from the description at /openapi.json."""
    app = request.scope["app"]
    assert isinstance(app, FastAPI)  # noqa: S101 - the framework's word
    return page("docs.html", base=hub.settings.base_path, title="API", paths=described(app)["paths"])


@router.get("/static/style.css", response_class=Response, responses={200: {"content": _CSS}})
def style() -> Response:
    """The style sheet of every page."""
    return Response(_style(), media_type="text/css", headers={"cache-control": "max-age=3600"})


@cache
def _style() -> str:
    return stylesheet() + (TEMPLATES / "hub.css").read_text("utf-8")
