"""Error responses: JSON for programs, a page for browsers, the same words in both."""

from dataclasses import replace
from typing import cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bitsec_eval.hub.problems import MALFORMED, NOT_FOUND, WRONG_METHOD, Problem, Refused, problem_fields
from bitsec_eval.hub.views.html import page


def wants_page(request: Request) -> bool:
    """Whether the client is a browser, which shows a page."""
    return "text/html" in request.headers.get("accept", "")


def for_browser(problem: Problem) -> Problem:
    """Return a problem in the words for whoever filled in a form."""
    return replace(problem, remedy=problem.in_browser or problem.remedy)


def answer(request: Request, problem: Problem) -> Response:
    """Answer a request with a problem."""
    headers = problem_headers(problem)
    if wants_page(request):
        base = request.scope.get("root_path", "")
        return page("problem.html", base=base, status=problem.status, headers=headers, problem=for_browser(problem))
    return JSONResponse(problem_fields(problem), status_code=problem.status, headers=headers)


async def answer_refused(request: Request, error: Exception) -> Response:
    """Answer what a route refused."""
    return answer(request, cast("Refused", error).problem)


async def answer_http_error(request: Request, error: Exception) -> Response:
    """Answer what the framework refuses: an unknown address or a wrong method."""
    refused = cast("HTTPException", error)
    response = answer(request, {404: NOT_FOUND, 405: WRONG_METHOD}.get(refused.status_code, MALFORMED))
    response.headers.update(refused.headers or {})
    return response


def problem_headers(problem: Problem) -> dict[str, str]:
    """Return the headers that go with a problem."""
    headers = {}
    if problem.status == 401:
        headers["www-authenticate"] = "Bearer"
    if problem.retry_after_seconds is not None:
        headers["retry-after"] = str(problem.retry_after_seconds)
    return headers
