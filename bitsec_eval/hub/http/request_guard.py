"""Middleware that every request passes first: known host, own origin, a plain body, small and in time.

A body is read here, whole and at most `most_bytes`, whatever its framing says; the app gets it in one piece.
A refused body is drained for a moment while the answer is already on its way, so that a client which sends first
and reads later does see it; nothing drained is kept.
"""

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bitsec_eval.hub.problems import (
    BODY_TOO_LARGE,
    ENCODED_BODY,
    FOREIGN_ORIGIN,
    TOO_SLOW,
    UNKNOWN_HOST,
    Problem,
    Refused,
)

DRAIN_SECONDS = 2.0

_CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_UNLESS_SAID = (
    ("content-security-policy", _CONTENT_POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),  # under no-referrer a browser sends our own forms with Origin: null
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),  # boards change and receipts hold a token
)

Answer = Callable[[Request, Problem], Response]


class RequestGuard:
    """The outermost layer of the app."""

    def __init__(
        self, app: ASGIApp, *, answer: Answer, names: tuple[str, ...], most_bytes: int, body_seconds: float
    ) -> None:
        self._app = app
        self._answer = answer
        self._names = names
        self._most_bytes = most_bytes
        self._body_seconds = body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass it on with its body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send = _hardened(send)
        try:
            check_headers(Headers(scope=scope), self._names, self._most_bytes)
            body = await self._body(receive)
        except Refused as refused:
            await self._refuse(refused.problem, scope, receive, send)
        except _GoneError:
            return
        else:
            await self._app(scope, _whole(body, receive), send)

    async def _body(self, receive: Receive) -> bytes:
        body = bytearray()
        try:
            async with asyncio.timeout(self._body_seconds):
                while True:
                    piece, more = await _piece(receive)
                    body += piece
                    if len(body) > self._most_bytes:
                        raise Refused(BODY_TOO_LARGE)
                    if not more:
                        return bytes(body)
        except TimeoutError:
            raise Refused(TOO_SLOW) from None

    async def _refuse(self, problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
        response = self._answer(Request(scope), problem)
        response.headers["connection"] = "close"
        waits = Headers(scope=scope).get("expect", "").lower() == "100-continue"

        async def send_draining(message: Message) -> None:
            if message["type"] == "http.response.body" and not waits:
                await send({**message, "more_body": True})
                await _drain(receive)
                message = {"type": "http.response.body", "body": b""}
            await send(message)

        await response(scope, receive, send_draining)


def _hardened(send: Send) -> Send:
    async def send_hardened(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _UNLESS_SAID:
                headers.setdefault(name, value)
        await send(message)

    return send_hardened


class _GoneError(Exception):
    """The client closed the connection."""


def check_headers(headers: Headers, names: tuple[str, ...], most_bytes: int) -> None:
    """Judge a request before its body is read.

    Raises: Refused.
    """
    hosts = headers.getlist("host")
    if len(hosts) != 1 or not is_known_host(hosts[0], names):
        raise Refused(UNKNOWN_HOST)
    if any(origin.partition("://")[2].lower() != hosts[0].lower() for origin in headers.getlist("origin")):
        raise Refused(FOREIGN_ORIGIN)
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise Refused(ENCODED_BODY)
    if int(headers.get("content-length", "0")) > most_bytes:  # digits only: the server has checked
        raise Refused(BODY_TOO_LARGE)


def is_known_host(host: str, names: tuple[str, ...]) -> bool:
    """Whether a Host header is ours: a name we were given, localhost, or a bare address.

    A page that rebinds its name to our address sends its name; an address cannot be rebound.
    """
    name = _without_port(host.lower())
    return name in {"localhost", *names} or _is_address(name)


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


async def _piece(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise _GoneError
    return message.get("body", b""), message.get("more_body", False)


async def _drain(receive: Receive) -> None:
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            while (await _piece(receive))[1]:
                pass
    except (TimeoutError, _GoneError):
        return


def _whole(body: bytes, receive: Receive) -> Callable[[], Awaitable[Message]]:
    """A receive that gives the body once, and afterwards what the server says."""
    pieces = [body]

    async def receive_whole() -> Message:
        if pieces:
            return {"type": "http.request", "body": pieces.pop(), "more_body": False}
        return await receive()

    return receive_whole
