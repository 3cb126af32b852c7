"""The app: the gate, the routes, and the hub behind them for as long as the server runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import TypedDict

from fastapi import FastAPI
from starlette.exceptions import HTTPException

from bitsec_eval.core.agent_check import AGENT_BYTES
from hub import api, pages
from hub.answers import answer, answer_http_error, answer_refused
from hub.documented import described
from hub.gate import Gate
from hub.hub import Hub, opened
from hub.problems import Refused
from hub.settings import Settings

FORM_BYTES = 16 * 1024
"""What a form may need beside the agent itself."""


class State(TypedDict):
    """What every request can reach."""

    hub: Hub


def create_app(settings: Settings) -> FastAPI:
    """Return the app; nothing is opened or started before the server starts it."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[State]:
        async with opened(settings) as hub:
            yield {"hub": hub}

    app = FastAPI(
        title="bitsec_eval hub",
        version="1",
        lifespan=lifespan,
        docs_url=None,  # these pages load scripts from elsewhere; ours is /docs
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={Refused: answer_refused, HTTPException: answer_http_error},
    )
    app.include_router(api.router, tags=["api"])
    app.include_router(pages.router, tags=["pages"])
    app.add_middleware(
        Gate,
        answer=answer,
        names=settings.names,
        most_bytes=AGENT_BYTES + FORM_BYTES,
        body_seconds=settings.body_seconds,
    )
    app.openapi = partial(described, app)  # type: ignore[method-assign]
    return app
