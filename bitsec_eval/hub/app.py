"""The app: the request guard, the routes, and the hub behind them."""

from functools import partial

from fastapi import FastAPI
from starlette.exceptions import HTTPException

from bitsec_eval.core.agents.agent_check import AGENT_BYTES
from bitsec_eval.hub.http.error_responses import answer, answer_http_error, answer_refused
from bitsec_eval.hub.http.openapi import described
from bitsec_eval.hub.http.request_guard import RequestGuard
from bitsec_eval.hub.problems import Refused
from bitsec_eval.hub.routes import api, pages
from bitsec_eval.hub.service import Hub

FORM_BYTES = 16 * 1024
"""What a form may need beside the agent itself."""


def create_app(hub: Hub) -> FastAPI:
    """Return the app of an opened hub."""
    app = FastAPI(
        title="bitsec_eval hub",
        version="1",
        docs_url=None,  # these pages load scripts from elsewhere; ours is /docs
        redoc_url=None,
        redirect_slashes=False,
        root_path=hub.settings.base_path,
        root_path_in_servers=False,
        exception_handlers={Refused: answer_refused, HTTPException: answer_http_error},
    )
    app.state.hub = hub
    app.include_router(api.router, tags=["api"])
    app.include_router(pages.router, tags=["pages"])
    app.add_middleware(
        RequestGuard,
        answer=answer,
        names=hub.settings.names,
        most_bytes=AGENT_BYTES + FORM_BYTES,
        body_seconds=hub.settings.body_seconds,
    )
    app.openapi = partial(described, app)  # type: ignore[method-assign]
    return app
