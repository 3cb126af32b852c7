"""No call that is made in a thread goes through the environment, which pytest changes around each test."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from bitsec_eval.inference.provider.settings import Provider
from bitsec_eval.inference.provider.upstream import Upstream
from bitsec_eval.judge.client import OpenAIJudge
from bitsec_eval.sandbox.docker.engine import ask_engine

COMPLETION = {
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "yes"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}


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


class NotGoneThrough(os._Environ):
    """An environment in which a name may be looked up, and of which nobody may see what else there is.

    Who goes through it while another thread changes it is told now and then that it changed size, and fails.
    """

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("somebody went through the environment")


@pytest.fixture
def close_environment(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let nobody go through the environment from now on: clients that are made once may do so before."""
    was = os.environ
    closed = NotGoneThrough(was._data, was.encodekey, was.decodekey, was.encodevalue, was.decodevalue)
    return lambda: monkeypatch.setattr(os, "environ", closed)


def test_the_engine_is_called(address: str, close_environment: Callable[[], None]):
    close_environment()

    ask_engine(f"tcp://{address}")


def test_an_agents_llm_is_called(address: str, close_environment: Callable[[], None]):
    with Upstream(Provider(base_url=f"http://{address}/v1", key="k")) as upstream:
        close_environment()

        assert upstream.ask(b"{}", 1 << 20)


def test_the_judge_is_called(address: str, close_environment: Callable[[], None]):
    judge = OpenAIJudge(model="m", api_key="k", url=f"http://{address}/v1")
    close_environment()

    assert judge.ask([{"role": "user", "content": "?"}]).text == "yes"


def test_who_goes_through_the_environment_is_caught(close_environment: Callable[[], None]):
    """As the clients do where they are made."""
    close_environment()

    with pytest.raises(RuntimeError, match="somebody went through the environment"):
        httpx.Client()
