"""The door of a container, opened on the host, and a line that answers at once: no container needed."""

import json
import select
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bitsec_eval.core.answers.answer import Ending
from bitsec_eval.core.llm_request import LLMRequest, LLMResponse
from bitsec_eval.sandbox.execution.llm_bridge import LLMBridge
from bitsec_eval.sandbox.guest import llm_proxy as guest

REQUEST_BYTES = 100_000


def told(question: LLMRequest) -> LLMResponse:
    """LLMResponse with what was asked."""
    content = {"method": question.method, "path": question.path, "bytes": len(question.body)}
    return LLMResponse(status=200, body=json.dumps(content).encode())


@dataclass
class FakeTransport:
    """A line that answers in the thread that asks, or not at all where `answer` gives None."""

    answer: Callable[[LLMRequest], LLMResponse | None] = told
    environment: dict[str, str] = field(default_factory=dict)
    request_bytes: int = REQUEST_BYTES
    excluded_seconds: float = 0.0
    is_held_up: bool = False
    failure: None = None
    asked: list[LLMRequest] = field(default_factory=list)
    closed: bool = False

    def ask(self, question: LLMRequest, reply: Callable[[LLMResponse], None]) -> None:
        self.asked.append(question)
        answer = self.answer(question)
        if answer is not None:
            reply(answer)

    def close(self) -> None:
        self.closed = True

    def usage(self) -> None:
        return None


class OpenProxy:
    """A door served by a thread, as process 1 serves it."""

    def __init__(self, line: FakeTransport) -> None:
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.address = listener.getsockname()
        self.line = line
        self.endings: list[Ending | None] = []
        self._frames: deque[bytes] = deque()
        self._ear, self._bell = socket.socketpair()
        self._exchanges = LLMBridge(self._send, line)
        self.proxy = guest.LLMProxy(listener.detach(), self._ask, REQUEST_BYTES)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _ask(self, payload: bytes) -> None:
        self.endings.append(self._exchanges.take(payload))

    def _send(self, kind: str, payload: bytes) -> None:
        assert kind == "R"
        self._frames.append(payload)
        self._bell.send(b"\0")

    def _serve(self) -> None:
        while True:
            readers, writers, seconds = self.proxy.waits()
            ready, writable, _ = select.select([self._ear, *readers], writers, [], seconds)
            if self._ear in ready and b"x" in self._ear.recv(4096):
                return
            while self._frames:
                self.proxy.reply(self._frames.popleft())
            self.proxy.serve(ready, writable)

    def close(self) -> None:
        self._bell.send(b"x")
        self._thread.join(5)
        for each in [*(connection.sock for connection in self.proxy.connections), self.proxy.listener]:
            each.close()
        self._ear.close()
        self._bell.close()

    def connect(self) -> socket.socket:
        """Open a connection."""
        return socket.create_connection(self.address, timeout=5)

    def talk(self, *sent: bytes) -> bytes:
        """Send these pieces over a connection of their own and return all that comes back until it is closed."""
        with self.connect() as connection:
            for piece in sent:
                connection.sendall(piece)
            return everything(connection)


def everything(connection: socket.socket) -> bytes:
    """Return what comes until the other end closes."""
    came = b""
    while chunk := connection.recv(1 << 16):
        came += chunk
    return came


def request(
    body: bytes = b"", *, path: str = "/x", method: str = "POST", more: str = "Connection: close\r\n"
) -> bytes:
    """Return a request."""
    return f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


@contextmanager
def open_proxy(line: FakeTransport | None = None) -> Iterator[OpenProxy]:
    """Open a door until the context is left."""
    door = OpenProxy(line or FakeTransport())
    try:
        yield door
    finally:
        door.close()
