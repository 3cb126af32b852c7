"""HTTP connections with deadlines: uvicorn's h11 protocol closes neither slow headers nor idle new connections.

Whoever holds many connections loses the one that has kept us waiting longest, not whoever comes next: slow clients
cannot lock others out, not even those behind the same address.
"""

import asyncio
import ipaddress
import json
from collections.abc import Sequence
from http import HTTPStatus

import h11
from starlette.requests import Request
from uvicorn.protocols.http.h11_impl import H11Protocol

from bitsec_eval.hub.problems import MALFORMED, TOO_SLOW, Problem, problem_fields, too_many

STALLED_SECONDS = 20.0
"""How long a client may leave an answer unread."""


class Connections:
    """Every open connection, at most so many in all and for one address; `proxies` may have them all.

    A reverse proxy's connections are its clients': it limits them itself.
    """

    def __init__(
        self, *, most: int, most_per_address: int, header_seconds: float, proxies: Sequence[str] = ()
    ) -> None:
        self.header_seconds = header_seconds
        self._most = most
        self._most_per_address = most_per_address
        self._proxies = tuple(map(ipaddress.ip_network, proxies))
        self._by_address: dict[str, dict[DeadlineProtocol, None]] = {}
        self._open = 0

    def admit(self, new: "DeadlineProtocol") -> bool:
        """Take in a connection, closing another one if need be; False where all others are being answered."""
        address = new.address
        same = self._by_address.get(address, {})
        if len(same) >= self._most_of(address) and not _close_one(same):
            return False
        if self._open >= self._most and not _close_one(max(self._by_address.values(), key=len)):
            return False
        self._by_address.setdefault(address, {})[new] = None
        self._open += 1
        return True

    def _most_of(self, address: str) -> int:
        try:
            client = ipaddress.ip_address(address)
        except ValueError:  # a network of clients, or a name
            return self._most_per_address
        return self._most if any(client in network for network in self._proxies) else self._most_per_address

    def waits_anew(self, connection: "DeadlineProtocol") -> None:
        """A connection was answered: it is now the last that would be closed."""
        same = self._by_address.get(connection.address, {})
        if connection in same:
            del same[connection]
            same[connection] = None

    def forget(self, gone: "DeadlineProtocol") -> None:
        """Let go of a connection; one that is not ours is ignored."""
        same = self._by_address.get(gone.address, {})
        if gone in same:
            del same[gone]
            self._open -= 1
        if not same:
            self._by_address.pop(gone.address, None)


def _close_one(connections: "dict[DeadlineProtocol, None]") -> bool:
    """Close the one that has waited longest for its client, before those that rest between two requests."""
    waiting = [connection for connection in connections if connection.waits_for_client]  # the dict is in order
    longest = min(waiting, key=lambda connection: connection.rests, default=None)
    if longest is not None:
        longest.drop()
    return longest is not None


class DeadlineProtocol(H11Protocol):
    """One connection: its headers come in time, its answers are read in time, and it counts against its address."""

    limits: Connections

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, unless there are too many."""
        super().connection_made(transport)
        self._deadline: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self.address = address_key(self.client[0] if self.client else "")
        if not self.limits.admit(self):
            self._say_and_close(too_many(1))
            return
        self._deadline = self.loop.call_later(self.limits.header_seconds, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self.limits.forget(self)
        self._cancel(self._deadline)
        self._cancel(self._stalled)
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Handle what has arrived, and time what has not."""
        super().handle_events()
        begun = self.conn.their_state is not h11.IDLE
        if begun:
            self._cancel(self._deadline)
            self._deadline = None
        elif self._deadline is None and self.conn.trailing_data[0]:
            self._deadline = self.loop.call_later(self.limits.header_seconds, self._too_slow)

    def on_response_complete(self) -> None:
        """An answer is out."""
        self.limits.waits_anew(self)
        super().on_response_complete()

    def pause_writing(self) -> None:
        """The client does not read: wait, but not for ever."""
        super().pause_writing()
        self._stalled = self.loop.call_later(STALLED_SECONDS, self.drop)

    def resume_writing(self) -> None:
        """The client reads again."""
        self._cancel(self._stalled)
        super().resume_writing()

    def shutdown(self) -> None:
        """The server stops: who keeps us waiting is cut off, who waits for us gets his answer."""
        if self.waits_for_client:
            self.drop()
        else:
            super().shutdown()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words, we have our own
        """Answer what is not HTTP in the hub's own words, unless an answer has begun."""
        self._say_and_close(MALFORMED)

    @property
    def waits_for_client(self) -> bool:
        """Whether it is the client's turn: no request yet, or one whose body is not all there."""
        return self.conn.their_state in (h11.IDLE, h11.SEND_BODY)

    @property
    def rests(self) -> bool:
        """Whether it was answered and has not asked again yet."""
        return self.cycle is not None and self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]

    def drop(self) -> None:
        """Close at once, whatever is unsent; a client that never reads would keep us open."""
        self.limits.forget(self)
        self.transport.abort()

    def _too_slow(self) -> None:
        self._say_and_close(TOO_SLOW)

    def _say_and_close(self, problem: Problem) -> None:
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE) and not self.transport.is_closing():
            self.transport.write(spelled(problem))
        self.transport.close()
        self.loop.call_later(1.0, self.transport.abort)

    @staticmethod
    def _cancel(timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()


def protocol_class(limits: Connections) -> type[DeadlineProtocol]:
    """Return the protocol for one server, which uvicorn instantiates itself."""
    return type("BoundDeadlineProtocol", (DeadlineProtocol,), {"limits": limits})


def spelled(problem: Problem) -> bytes:
    """Spell a problem as a whole HTTP answer, for requests that never reach the app."""
    body = json.dumps(problem_fields(problem)).encode()
    head = [
        f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}",
        "content-type: application/json",
        f"content-length: {len(body)}",
        "connection: close",
    ]
    if problem.retry_after_seconds is not None:
        head.append(f"retry-after: {problem.retry_after_seconds}")
    return "\r\n".join([*head, "", ""]).encode() + body


def client_address(request: Request) -> str:
    """Return what counts as the client of a request: behind a trusted proxy, the address it asks for."""
    return address_key(request.client.host if request.client else "")


def address_key(address: str) -> str:
    """Return what counts as one client: an IPv4 address, or the /64 that one IPv6 customer gets."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
