"""A judge on loopback that speaks the OpenAI wire format and answers by rule: the same question, the same answer."""

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bitsec_eval.judge.known_good import FINDING

KEY = "sk-secret-of-the-judge"


def answer(verdict="none", index=-1):
    """What a judge answers on one batch."""
    return {
        "is_match": verdict == "match",
        "is_partial_match": verdict == "partial",
        "explanation": f"it is {verdict}",
        "severity_from_junior_auditor": "High",
        "severity_from_truth": "High",
        "index_of_finding_from_junior_auditor": index,
    }


@dataclass
class Asked:
    """One request: what stood in its fences, how often that had been asked before, and the whole of it."""

    expected: dict
    reported: list
    repeat: int
    body: dict


Rule = Callable[[Asked], object]


@dataclass(frozen=True)
class Raw:
    """An HTTP response that is no chat completion."""

    status: int = 200
    body: bytes = b""
    kind: str = "application/json"


@dataclass
class JudgeServer:
    """Answers by `rule`; a rule that returns an int answers with that HTTP status, a text with that text.

    A dict with choices is the whole completion. The judge's own plain question is answered by `known_good`.
    """

    rule: Rule
    known_good: Rule
    plain_questions: int = 0
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    _seen: Counter = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reply(self, body: dict) -> Raw:
        said = self.said(body)
        if isinstance(said, Raw):
            return said
        if isinstance(said, int):
            error = {"message": f"the judge is out; your key was {KEY}", "type": "server_error"}
            return Raw(said, json.dumps({"error": error}).encode())
        return Raw(200, json.dumps(completed(said, body["model"])).encode())

    def said(self, body: dict) -> object:
        expected, reported = fenced(body["messages"])
        if expected["Issue"] == FINDING.title:
            self.plain_questions += 1
            return self.known_good(Asked(expected, reported, 0, body))
        with self._lock:
            question = json.dumps([expected, reported])
            request = Asked(expected, reported, self._seen[question], body)
            self._seen[question] += 1
            self.asked.append(request)
        return self.rule(request)


def completed(said: object, model: str) -> dict:
    """Return the chat completion in which something is said."""
    if isinstance(said, dict) and "choices" in said:
        return said
    text = said if isinstance(said, str) else json.dumps(said)
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
    }


def fenced(messages: list[dict]) -> tuple[dict, list]:
    """Return what stands between the fences, found as the system message says they are to be found."""
    system, user = (message["content"] for message in messages)
    (nonce,) = set(re.findall(r"BEGIN ([0-9a-f]+)", system))
    found = re.findall(rf"^BEGIN {nonce}\n(.*?)\nEND {nonce}$", user, re.DOTALL | re.MULTILINE)
    expected, reported = map(json.loads, found)
    return expected, reported


def outside(messages: list[dict]) -> str:
    """Return what stands outside of the fences in the message that holds the texts of others."""
    system, user = (message["content"] for message in messages)
    (nonce,) = set(re.findall(r"BEGIN ([0-9a-f]+)", system))
    return re.sub(rf"^BEGIN {nonce}\n.*?\nEND {nonce}$", "", user, flags=re.DOTALL | re.MULTILINE)


@contextmanager
def judge_server(rule: Rule, *, known_good: Rule = lambda _: answer("match", 0)) -> Iterator[JudgeServer]:
    """Run a judge until the end of the block."""
    served = JudgeServer(rule, known_good)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            served.keys.append(self.headers.get("authorization", ""))
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            raw = served.reply(body)
            self.send_response(raw.status)
            self.send_header("content-type", raw.kind)
            self.send_header("content-length", str(len(raw.body)))
            self.send_header("retry-after", "0")
            self.end_headers()
            self.wfile.write(raw.body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        served.url = f"http://127.0.0.1:{server.server_port}/v1"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()
