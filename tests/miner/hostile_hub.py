"""A server that answers whatever it is told to, whoever asks; it may pass the request on to a real hub before."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import httpx


@contextmanager
def hostile_hub(status: int, body: bytes | None, *, forward_to: str = "", at: str = "") -> Iterator[str]:
    """Serve and return the address; without a `body`, the real hub's answer is passed back."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer()

        def do_POST(self) -> None:
            self.answer()

        def answer(self) -> None:
            asked = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            told, answered = status, body
            if forward_to:
                headers = {"content-type": self.headers.get("Content-Type", "")}
                response = httpx.request(self.command, forward_to + self.path, content=asked, headers=headers)
                told = response.status_code
                answered = response.content if body is None else body
            self.send_response(told)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answered)))
            self.end_headers()
            self.wfile.write(answered)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", urlsplit(at).port or 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
