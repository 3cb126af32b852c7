"""The hub's JSON API; a browser that uploads gets a page."""

from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter, Request
from fastapi.encoders import jsonable_encoder
from starlette.responses import JSONResponse, Response

from bitsec_eval.hub.http.connection_limits import client_address
from bitsec_eval.hub.http.error_responses import wants_page
from bitsec_eval.hub.http.openapi import refusals
from bitsec_eval.hub.log import log_event
from bitsec_eval.hub.problems import NOT_FOUND, Refused
from bitsec_eval.hub.routes.submit_form import submit_form
from bitsec_eval.hub.service import TheHub
from bitsec_eval.hub.uploads.form import bearer, upload_form
from bitsec_eval.hub.uploads.receipt import Receipt
from bitsec_eval.hub.views.catalogue import CatalogueTask
from bitsec_eval.hub.views.html import page
from bitsec_eval.hub.views.runs import RunOutput
from bitsec_eval.hub.views.standings import (
    AgentReport,
    AgentStatus,
    all_statuses,
    board_now,
    outputs_of,
    report_on,
    with_copies,
)
from bitsec_eval.render.json import board_json

router = APIRouter(responses=refusals())


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """That the hub answers; `python` is the version agents are parsed with."""

    status: str
    python: str
    agents: int


_FIELDS: dict[str, Any] = {
    "miner_id": {"type": "string", "description": "whose agent it is"},
    "agent": {"type": "string", "format": "binary", "description": "the agent, at most 256 KiB"},
    "token": {"type": "string", "description": "the owner's token, in place of the Authorization header"},
    "new_token": {"type": "string", "description": "a token of one's own choice for a new miner id"},
}
_FORM = {"type": "object", "required": ["miner_id", "agent"], "additionalProperties": False, "properties": _FIELDS}


@router.post(
    "/upload/agent",
    status_code=201,
    response_model=Receipt,
    responses={
        200: {"model": Receipt, "description": "These bytes are the current version", "content": {"text/html": {}}},
        201: {"description": "Stored as a new version", "content": {"text/html": {}}},
        **refusals(401, 409, 422, 503, 507),
    },
    openapi_extra={
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}},
        "security": [{}, {"owner": []}],
    },
)
async def upload_agent(request: Request, hub: TheHub) -> Response:
    """Take in a new agent, or a new version of one by its owner, after every check."""
    form = await upload_form(request)
    address = client_address(request)
    try:
        receipt = await hub.uploads.take(form, address)
    except Refused as refused:
        log_event("refused", miner_id=form.miner_id[:80], address=address, reason=refused.problem.reason)
        if not wants_page(request):
            raise
        return submit_form(hub, form, refused.problem)
    log_event(receipt.status, miner_id=receipt.miner_id, address=address, sha256=receipt.sha256)
    return _receipt(request, receipt, hub.settings.base_path)


def _receipt(request: Request, receipt: Receipt, base: str) -> Response:
    status = 201 if receipt.status == "stored" else 200
    if wants_page(request):
        return page("receipt.html", base=base, status=status, receipt=receipt)
    return JSONResponse(jsonable_encoder(receipt), status_code=status)


@router.get("/tasks")
def tasks(hub: TheHub) -> list[CatalogueTask]:
    """Every task on offer: what an agent is told, never how it is checked."""
    return [
        replace(task, libraries=tuple(sorted(hub.imports.of_image(task.image)))) for task in hub.catalogue.tasks()
    ]


@router.get("/agents")
def agents(hub: TheHub) -> list[AgentStatus]:
    """Every agent in short, those on the board first."""
    return all_statuses(hub.store, hub.results)


@router.get("/agents/{miner_id}", responses=refusals(404))
def agent(miner_id: str, hub: TheHub) -> AgentReport:
    """Everything about one agent: its versions, each task's outcomes by check name, and its runs."""
    report = report_on(miner_id, hub.store, hub.results)
    if report is None:
        raise Refused(NOT_FOUND)
    return report


@router.get(
    "/agents/{miner_id}/output",
    responses=refusals(401),
    openapi_extra={"security": [{"owner": []}]},
)
def output(request: Request, miner_id: str, hub: TheHub) -> list[RunOutput]:
    """What the agent printed in each of its runs, for its owner."""
    hub.uploads.owners.prove(miner_id, bearer(request), client_address(request))
    return outputs_of(miner_id, hub.store, hub.results)


_BOARD = {"application/json": {"schema": {"$ref": "#/components/schemas/Board"}}}


@router.get("/leaderboard", responses={200: {"content": _BOARD}})
def leaderboard(hub: TheHub) -> Response:
    """The board, in the one JSON format of every part of bitsec_eval."""
    return Response(board_json(with_copies(board_now(hub.results), hub.store)), media_type="application/json")


@router.get("/healthz")
async def healthz(hub: TheHub) -> Health:
    """That the hub answers."""
    return Health(status="ok", python=hub.python, agents=len(hub.store.records()))
