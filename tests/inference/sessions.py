"""A gateway to a test's own server, and questions over its lines."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bitsec_eval.core.llm_request import LLMRequest, LLMResponse
from bitsec_eval.core.tasks.llm import LLM
from bitsec_eval.inference.gateway import Gateway, SessionKey
from bitsec_eval.inference.limits import RunLimits, TotalLimits
from bitsec_eval.inference.live_gateway import LiveConfig, live_gateway
from bitsec_eval.inference.prices import Price
from bitsec_eval.inference.provider.settings import Provider
from bitsec_eval.inference.retry import RetryPolicy
from bitsec_eval.inference.session import LLMSession

CANARY = "sk-canary-7f3a9b"
CHAT = "/v1/chat/completions"
HELLO = {"messages": [{"role": "user", "content": "hello"}], "max_tokens": 100}
QUICK = RetryPolicy(tries=3, pause_seconds=0.01, run_seconds=20)


@contextmanager
def gateway_to(
    url: str,
    folder: Path,
    *,
    run: RunLimits | None = None,
    total: TotalLimits | None = None,
    prices: dict[str, Price] | None = None,
    retry: RetryPolicy = QUICK,
    recordings: Path | None = None,
    **provider: Any,
) -> Iterator[Gateway]:
    """Open a gateway whose ledger is in `folder`."""
    provision = LiveConfig(
        provider=Provider(**{"base_url": url, "key": CANARY, "try_seconds": 5.0, **provider}),
        ledger=folder / "ledger.jsonl",
        run=run or RunLimits(models=("small",)),
        total=total or TotalLimits(),
        prices=prices or {},
        retry=retry,
    )
    with live_gateway(provision, recordings) as gateway:
        yield gateway


def session_of(gateway: Gateway, agent: str = "a", task: str = "t", **limits: Any) -> LLMSession:
    """Open a line."""
    return gateway.session(SessionKey(agent=agent, task=task), LLM(**limits))


def send(
    line: LLMSession, body: object = HELLO, path: str = CHAT, method: str = "POST"
) -> tuple[threading.Event, list]:
    """Ask, and return at once: an event and where the reply will be."""
    there, replies = threading.Event(), []

    def take(reply: LLMResponse) -> None:
        replies.append(reply)
        there.set()

    raw = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
    line.ask(LLMRequest(method=method, path=path, body=raw), take)
    return there, replies


def ask(
    line: LLMSession, body: object = HELLO, path: str = CHAT, method: str = "POST", seconds: float = 20
) -> LLMResponse:
    """Ask, and wait for the reply."""
    there, replies = send(line, body, path, method)
    assert there.wait(seconds), "no reply"
    return replies[0]


def told(reply: LLMResponse) -> Any:
    """Return the JSON of a reply."""
    return json.loads(reply.body)


def usage_of(line: LLMSession) -> dict:
    """Return what the agent of a line is told that it used."""
    return told(ask(line, None, "/v1/usage", "GET"))["spent"]
