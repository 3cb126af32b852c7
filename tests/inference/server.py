"""An OpenAI-compatible server on loopback that does what a test tells it to, one step a request, and keeps count."""

import json
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from bitsec_eval.inference.provider.known_good import WORDS

Step = Callable[["Handler", dict], None]


def completion(
    text: str = "hello", *, prompt_tokens: int = 10, completion_tokens: int = 5, usage: Any = ..., **message: Any
) -> dict:
    """Return a whole chat completion."""
    told = {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "small",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, **message},
                "finish_reason": "tool_calls" if "tool_calls" in message else "stop",
            }
        ],
        "usage": told if usage is ... else usage,
    }


def answer(text: str = "hello", **more: Any) -> Step:
    """Answer with a completion."""
    return lambda handler, request: handler.send_json(200, completion(text, **more))


def status(code: int, message: str = "no", **headers: str) -> Step:
    """Answer with an error in OpenAI's form."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler, request: handler.send_json(code, {"error": {"message": message}}, named)


def hang(seconds: float = 30) -> Step:
    """Take the request and say nothing."""
    return lambda handler, request: handler.upstream.wait(seconds)


def half_a_json(handler: "Handler", request: dict) -> None:
    """Answer with the first half of a completion."""
    whole = json.dumps(completion()).encode()
    handler.send_bytes(200, whole[: len(whole) // 2])


def cut_off(handler: "Handler", request: dict) -> None:
    """Promise a whole completion, send half of it and hang up."""
    whole = json.dumps(completion()).encode()
    handler.send_bytes(200, whole[: len(whole) // 2], length=len(whole))
    handler.close_connection = True


def dribble(seconds: float, text: str = "slow") -> Step:
    """Send a completion a few bytes at a time, over so many seconds."""

    def step(handler: "Handler", request: dict) -> None:
        whole = json.dumps(completion(text)).encode()
        handler.begin(200, len(whole))
        for start in range(0, len(whole), 16):
            handler.wfile.write(whole[start : start + 16])
            handler.upstream.wait(seconds / (len(whole) / 16))

    return step


def slow(seconds: float, text: str = "late") -> Step:
    """Think for a while, then answer."""

    def step(handler: "Handler", request: dict) -> None:
        handler.upstream.wait(seconds)
        handler.send_json(200, completion(text))

    return step


def held(release: threading.Event, then: Step | None = None) -> Step:
    """Think until the test says so, then answer."""

    def step(handler: "Handler", request: dict) -> None:
        release.wait(30)
        (then or answer())(handler, request)

    return step


@dataclass
class Server:
    """A running server: steps for the next requests, what to do after them, and what it has seen.

    Requests of the gateway's own get the steps of `known_good`, of which the last one stays.
    """

    url: str = ""
    steps: deque[Step] = field(default_factory=deque)
    otherwise: Step = field(default_factory=answer)
    known_good: deque[Step] = field(default_factory=lambda: deque([answer("OK")]))
    plain_requests: list[dict] = field(default_factory=list)
    requests: list[dict] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def script(self, *steps: Step) -> "Server":
        """Do these for the next requests."""
        self.steps.extend(steps)
        return self

    def is_down(self, step: Step) -> "Server":
        """Do this for every request, also for the gateway's own, after it has asked once and been answered."""
        self.otherwise = step
        self.known_good = deque([answer("OK"), step])
        return self

    def wait_for(self, requests: int) -> None:
        """Wait until so many requests have come."""
        deadline = time.monotonic() + 20
        while len(self.requests) < requests:
            assert time.monotonic() < deadline, f"{len(self.requests)} of {requests} requests came"
            time.sleep(0.01)

    def wait(self, seconds: float) -> None:
        """Sleep, but not longer than the test lasts."""
        self.stopped.wait(seconds)

    def next_step(self, request: dict, headers: dict[str, str]) -> Step:
        """Take note of a request and return what to do with it."""
        with self.lock:
            self.at_once += 1
            if request["messages"] == [{"role": "user", "content": WORDS}]:
                self.plain_requests.append(request)
                return self.known_good.popleft() if len(self.known_good) > 1 else self.known_good[0]
            self.requests.append(request)
            self.headers.append(headers)
            self.times.append(time.monotonic())
            self.most_at_once = max(self.most_at_once, self.at_once)
            return self.steps.popleft() if self.steps else self.otherwise

    def done(self) -> None:
        """Take note that a request was answered."""
        with self.lock:
            self.at_once -= 1


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    upstream: Server

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        step = self.upstream.next_step(request, {name.lower(): value for name, value in self.headers.items()})
        try:
            step(self, request)
        except OSError:
            self.close_connection = True
        finally:
            self.upstream.done()

    def send_json(self, code: int, content: object, headers: dict[str, str] | None = None) -> None:
        self.send_bytes(code, json.dumps(content).encode(), headers=headers)

    def send_bytes(
        self, code: int, body: bytes, *, length: int | None = None, headers: dict[str, str] | None = None
    ) -> None:
        self.wfile.write(self.head(code, len(body) if length is None else length, headers or {}) + body)

    def begin(self, code: int, length: int) -> None:
        self.wfile.write(self.head(code, length, {}))

    def head(self, code: int, length: int, headers: dict[str, str]) -> bytes:
        named = {"Content-Type": "application/json", "Content-Length": length, **headers}
        lines = [f"HTTP/1.1 {code} Whatever", *(f"{name}: {value}" for name, value in named.items()), "", ""]
        return "\r\n".join(lines).encode()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Listening(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is no news."""


@contextmanager
def serving():
    """Run a server until the context is left."""
    upstream = Server()
    handler = type("BoundHandler", (Handler,), {"upstream": upstream})
    server = _Listening(("127.0.0.1", 0), handler)
    upstream.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield upstream
    finally:
        upstream.stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()
