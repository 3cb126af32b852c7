"""A gateway to a test's own server, and questions over its lines."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bitsec_eval.core.exchange import Question, Reply
from bitsec_eval.core.llm import LLM
from bitsec_eval.inference.call import Patience
from bitsec_eval.inference.gateway import Gateway, LineName
from bitsec_eval.inference.limits import RunLimits, TotalLimits
from bitsec_eval.inference.line import Line
from bitsec_eval.inference.prices import Price
from bitsec_eval.inference.provided import Provision, provided_gateway
from bitsec_eval.inference.upstream import Provider

CANARY = "sk-canary-7f3a9b"
CHAT = "/v1/chat/completions"
HELLO = {"messages": [{"role": "user", "content": "hello"}], "max_tokens": 100}
QUICK = Patience(tries=3, pause_seconds=0.01, run_seconds=20)


@contextmanager
def gateway_to(
    url: str,
    folder: Path,
    *,
    run: RunLimits | None = None,
    total: TotalLimits | None = None,
    prices: dict[str, Price] | None = None,
    patience: Patience = QUICK,
    recordings: Path | None = None,
    **provider: Any,
) -> Iterator[Gateway]:
    """Open a gateway whose ledger is in `folder`."""
    provision = Provision(
        provider=Provider(**{"base_url": url, "key": CANARY, "try_seconds": 5.0, **provider}),
        ledger=folder / "ledger.jsonl",
        run=run or RunLimits(models=("small",)),
        total=total or TotalLimits(),
        prices=prices or {},
        patience=patience,
    )
    with provided_gateway(provision, recordings) as gateway:
        yield gateway


def line_of(gateway: Gateway, agent: str = "a", task: str = "t", **limits: Any) -> Line:
    """Open a line."""
    return gateway.line(LineName(agent=agent, task=task), LLM(**limits))


def send(line: Line, body: object = HELLO, path: str = CHAT, method: str = "POST") -> tuple[threading.Event, list]:
    """Ask, and return at once: an event and where the reply will be."""
    there, replies = threading.Event(), []

    def take(reply: Reply) -> None:
        replies.append(reply)
        there.set()

    raw = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
    line.ask(Question(method=method, path=path, body=raw), take)
    return there, replies


def ask(line: Line, body: object = HELLO, path: str = CHAT, method: str = "POST", seconds: float = 20) -> Reply:
    """Ask, and wait for the reply."""
    there, replies = send(line, body, path, method)
    assert there.wait(seconds), "no reply"
    return replies[0]


def told(reply: Reply) -> Any:
    """Return the JSON of a reply."""
    return json.loads(reply.body)


def usage_of(line: Line) -> dict:
    """Return what the agent of a line is told that it used."""
    return told(ask(line, None, "/v1/usage", "GET"))["spent"]
