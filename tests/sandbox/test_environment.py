"""No call that is made in a thread goes through the environment, which pytest changes around each test."""

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bitsec_eval.inference.chat import Chat
from bitsec_eval.inference.prices import Price
from bitsec_eval.inference.tally import Tally
from bitsec_eval.inference.upstream import Provider, Upstream
from bitsec_eval.judge.client import OpenAIClient
from bitsec_eval.sandbox.docker_engine import ask_engine

COMPLETION = {
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "yes"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}
CALLS = 150


class Everything(BaseHTTPRequestHandler):
    """An engine and a provider in one, as far as these calls go."""

    def do_GET(self) -> None:
        body = json.dumps({"ApiVersion": "1.41", **COMPLETION}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Everything) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def restless_environment() -> Iterator[None]:
    """Names come into the environment and go again, all the time, from another thread."""
    names = [f"BITSEC_RESTLESS_{number}" for number in range(50)]
    over = threading.Event()

    def be_restless() -> None:
        while not over.is_set():
            os.environ.update(dict.fromkeys(names, "x"))
            for name in names:
                del os.environ[name]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    thread = threading.Thread(target=be_restless)
    thread.start()
    yield
    over.set()
    thread.join()
    sys.setswitchinterval(interval)


def in_a_thread(call: Callable[[], object]) -> list[BaseException]:
    """Make a call often, in a thread, and return what went wrong."""
    wrong: list[BaseException] = []

    def work() -> None:
        for _ in range(CALLS):
            try:
                call()
            except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
                wrong.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return wrong


def test_the_engine_is_called(address: str, restless_environment: None):
    assert in_a_thread(lambda: ask_engine(f"tcp://{address}")) == []


def test_an_agents_llm_is_called(address: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest):
    chat = Chat(model="m", price=Price(), outgoing=b"{}", most=Tally(), stream=False, usage_in_stream=False)
    with Upstream(Provider(base_url=f"http://{address}/v1", key="k")) as upstream:
        request.getfixturevalue("restless_environment")

        assert in_a_thread(lambda: upstream.ask(chat, 1 << 20)) == []


def test_the_judge_is_called(address: str, request: pytest.FixtureRequest):
    judge = OpenAIClient(model="m", api_key="k", url=f"http://{address}/v1")
    request.getfixturevalue("restless_environment")

    assert in_a_thread(lambda: judge.ask([{"role": "user", "content": "?"}])) == []
