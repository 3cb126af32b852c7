"""The API's description says what is served: every status, and nothing the framework only assumes."""

import json
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from bitsec_eval.render.json import schema as board_schema

BEFORE_ANY_ROUTE = (400, 403, 408, 413, 415, 429)

_MEANINGS = {
    400: "Not HTTP, an unknown Host, or a form that does not parse",
    401: "The owner's token is needed, and none was given",
    403: "A wrong token, a used-up quota, or a foreign Origin",
    404: "No such agent",
    408: "The request did not arrive in time",
    409: "A copy of another miner's earlier agent, where copies are refused",
    413: "The agent or the body is too large",
    415: "A compressed body, or no multipart form",
    422: "The form, the miner id or the agent is refused",
    429: "Too many requests; Retry-After says how long to wait",
    503: "The process that checks agents could not be started",
    507: "The hub has no room left, or cannot write",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemBody:
    """Why a request was refused: for programs, for people, and what to do about it."""

    reason: str
    sentence: str
    remedy: str
    line: int | None = None


_PROBLEM = {
    "application/json": {"schema": {"$ref": "#/components/schemas/ProblemBody"}},
    "text/html": {"schema": {"type": "string"}},
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the description of these statuses and of those that any request may meet."""
    return {
        status: {"description": _MEANINGS[status], "content": _PROBLEM}
        for status in sorted({*BEFORE_ANY_ROUTE, *statuses})
    }


def described(app: FastAPI) -> dict[str, Any]:
    """Return the app's OpenAPI description.

    The framework adds a 422 to every route with a parameter; ours take any text and answer 404.
    """
    if app.openapi_schema is None:
        description = get_openapi(
            title=app.title,
            version=app.version,
            routes=app.routes,
            servers=[{"url": app.root_path}] if app.root_path else None,
        )
        for operation in (each for path in description["paths"].values() for each in path.values()):
            if "HTTPValidationError" in json.dumps(operation["responses"].get("422", {})):
                del operation["responses"]["422"]
        schemas = description["components"]["schemas"]
        for assumed in ("HTTPValidationError", "ValidationError"):
            schemas.pop(assumed, None)
        schemas |= {"ProblemBody": TypeAdapter(ProblemBody).json_schema(), **_board_schemas()}
        description["components"]["securitySchemes"] = {"owner": {"type": "http", "scheme": "bearer"}}
        app.openapi_schema = description
    return app.openapi_schema


def _board_schemas() -> dict[str, Any]:
    """The board's own JSON Schema, its parts moved to where OpenAPI keeps them."""
    text = json.dumps(board_schema()).replace("#/$defs/", "#/components/schemas/Board_")
    board = json.loads(text)
    parts = {f"Board_{name}": part for name, part in board.pop("$defs").items()}
    del board["$schema"]
    return {"Board": board, **parts}
