"""The Docker Engine API over connections that are kept: one request costs a fraction of what the SDK's costs.

Source: Docker Engine API, version 1.41.
"""

import http.client
import json
import socket
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from typing import IO, Any
from urllib.parse import quote, urlencode

from bitsec_eval.core.errors import SandboxError
from bitsec_eval.core.text import one_line
from bitsec_eval.sandbox.docker.address import Dial, SshSocket
from bitsec_eval.sandbox.protocol.polling import is_readable

HEAD_BYTES = 16 << 10
END_CHARACTERS = 120
_HEADERS = {"Content-Type": "application/json"}
Query = Mapping[str, object]


class MissingError(SandboxError):
    """The engine says that what was asked for does not exist."""


class EngineClient:
    """Asks an engine, from any thread; `what` names a request in the words of an error.

    Whatever it answers that is not success is a `SandboxError`.
    """

    def __init__(self, dial: Dial, seconds: float) -> None:
        self._dial = dial
        self._seconds = seconds
        self._idle: deque[_Connection] = deque()
        self._prefix = ""

    def speak(self, version: str) -> None:
        """Use this version of the API from here on."""
        self._prefix = f"/v{version}"

    def get(self, what: str, path: str, query: Query | None = None, seconds: float | None = None) -> Any:
        """Return what the engine says, within so many seconds where it is not the client's own number.

        Raises:
            MissingError: there is no such thing.
            SandboxError: the engine does not answer, or refuses.
        """
        return self._ask(what, "GET", path, query, seconds=seconds)

    def post(
        self, what: str, path: str, body: object = None, query: Query | None = None, seconds: float | None = None
    ) -> Any:
        """Have something done and return what the engine says to that; raises as `get` does."""
        return self._ask(what, "POST", path, query, b"" if body is None else json.dumps(body).encode(), seconds)

    def delete(self, what: str, path: str, query: Query | None = None) -> None:
        """Have something removed; raises as `get` does."""
        self._ask(what, "DELETE", path, query)

    @contextmanager
    def download(self, what: str, path: str) -> Iterator[IO[bytes]]:
        """Return a stream of bytes that the engine hands out; raises as `get` does."""
        with closing(_Connection(self._dial)) as connection:
            connection.prepare(self._seconds)
            try:
                connection.request("GET", self._target(path, None))
                response = connection.getresponse()
            except (OSError, ValueError, http.client.HTTPException) as error:
                raise _unanswered(what, error, connection.dialled) from error
            if response.status != http.client.OK:
                raise _refused(what, response.status, response.read())
            yield response

    def attach(self, what: str, path: str, query: Query) -> socket.socket:
        """Return the connection itself, which from here on carries a container's streams; raises as `get` does."""
        head = f"POST {self._target(path, query)} HTTP/1.1\r\nHost: docker\r\nContent-Length: 0\r\n"
        with ExitStack() as stack:
            try:
                connection = stack.enter_context(self._dial(self._seconds))
                connection.sendall(f"{head}Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n".encode())
                status = _status_of(_head(connection))
            except (OSError, ValueError) as error:
                raise _unanswered(what, error) from error
            if status not in (http.client.OK, http.client.SWITCHING_PROTOCOLS):
                raise _refused(what, status, b"")
            stack.pop_all()
            return connection

    def close(self) -> None:
        """Close every connection that is not in use; the next request makes another."""
        while self._idle:
            self._idle.pop().close()

    def _ask(
        self, what: str, method: str, path: str, query: Query | None, body: bytes = b"", seconds: float | None = None
    ) -> Any:
        with ExitStack() as stack:
            connection = self._connection(seconds or self._seconds)
            stack.callback(connection.close)  # unless all goes well: nobody may read what is left of an answer
            try:
                connection.request(method, self._target(path, query), body or None, _HEADERS)
                response = connection.getresponse()
                status, content = response.status, response.read()
                found = _found(response, content)
            except (OSError, ValueError, http.client.HTTPException) as error:
                connection.close()
                raise _unanswered(what, error, connection.dialled) from error
            stack.pop_all()
        self._idle.append(connection)
        if status >= http.client.BAD_REQUEST:
            raise _refused(what, status, content)
        return found

    def _connection(self, seconds: float) -> "_Connection":
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = _Connection(self._dial)
        connection.prepare(seconds)
        return connection

    def _target(self, path: str, query: Query | None) -> str:
        return f"{self._prefix}{quote(path)}" + (f"?{urlencode(query)}" if query else "")


class _Connection(http.client.HTTPConnection):
    """HTTP over whatever `dial` connects to."""

    def __init__(self, dial: Dial) -> None:
        super().__init__("docker")
        self._dial = dial
        self._seconds = 0.0
        self.dialled: socket.socket | None = None

    def prepare(self, seconds: float) -> None:
        """Let the next answer take so long; connect anew if the engine has hung up meanwhile."""
        self._seconds = seconds
        if self.sock is None:
            return
        self.sock.settimeout(seconds)
        if is_readable(self.sock):  # between two requests an engine has nothing to say
            self.close()

    def connect(self) -> None:
        self.sock = self.dialled = self._dial(self._seconds)


def _found(response: http.client.HTTPResponse, content: bytes) -> Any:
    if (
        not content
        or response.status >= http.client.MULTIPLE_CHOICES
        or response.headers.get_content_type() == "text/plain"
    ):
        return None
    return json.loads(content)


def _head(connection: socket.socket) -> bytes:
    """Read the head of an answer and no byte more: what follows is the container's."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        if not byte or len(head) > HEAD_BYTES:
            raise ValueError("the engine hung up")
        head += byte
    return head


def _status_of(head: bytes) -> int:
    words = head.split(maxsplit=2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise ValueError(f"an answer that is no HTTP: {head[:60]!r}")
    return int(words[1])


def _refused(what: str, status: int, content: bytes) -> SandboxError:
    try:
        message = json.loads(content)["message"]
    except (ValueError, LookupError, TypeError):
        message = f"the engine answers {status}"
    kind = MissingError if status == http.client.NOT_FOUND else SandboxError
    remedy = "" if kind is MissingError else "; the engine's log says more"
    return kind(f"could not {what}: {_both_ends(str(message))}{remedy}")


def _both_ends(message: str) -> str:
    """Return what an engine says, on one line; of a long chain of causes both ends, as the last is the first cause.

    >>> _both_ends("no such runtime")
    'no such runtime'
    """
    if len(message) <= 2 * END_CHARACTERS:
        return one_line(message)
    return f"{one_line(message[:END_CHARACTERS])} ... {one_line(message[-END_CHARACTERS:])}"


def _unanswered(what: str, error: BaseException, connection: socket.socket | None = None) -> SandboxError:
    said = connection.complaint if isinstance(connection, SshSocket) else b""
    words = one_line(said or str(error), 200) or type(error).__name__
    return SandboxError(f"could not {what}: {words}; is the Docker engine running?")
