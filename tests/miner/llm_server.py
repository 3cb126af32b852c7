"""An LLM service on loopback that speaks the OpenAI API and says what it is told to."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-secret-of-a-miner"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer to one request: a message of the model, or any other body under any status."""

    content: str | None = None
    refusal: str | None = None
    finish_reason: str = "stop"
    status: int = 200
    body: bytes | None = None

    @property
    def sent(self) -> bytes:
        if self.body is not None:
            return self.body
        message = {"role": "assistant", "content": self.content, "refusal": self.refusal}
        choice = {"index": 0, "message": message, "finish_reason": self.finish_reason}
        completion = {"id": "c", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}
        return json.dumps(completion).encode()


@dataclass
class LLMServer:
    """What was asked of it, and where it is."""

    replies: list[Reply]
    port: int = 0
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """What a miner sets to have this service."""
        return {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"http://127.0.0.1:{self.port}/v1"}


@contextmanager
def llm_server(replies: Sequence[str | Reply]) -> Iterator[LLMServer]:
    """Serve these replies in order, the last of them for good."""
    server = LLMServer([each if isinstance(each, Reply) else Reply(content=each) for each in replies])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.asked.append(json.loads(body) | {"path": self.path})
            server.keys.append(self.headers["Authorization"])
            reply = server.replies.pop(0) if len(server.replies) > 1 else server.replies[0]
            self.send_response(reply.status)
            self.send_header("Content-Type", "application/json" if reply.body is None else "text/html")
            self.send_header("Content-Length", str(len(reply.sent)))
            self.send_header("x-should-retry", "false")
            self.end_headers()
            self.wfile.write(reply.sent)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server.port = http.server_address[1]
        thread = threading.Thread(target=http.serve_forever, args=[0.05])
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()
