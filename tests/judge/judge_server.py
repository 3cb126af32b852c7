"""A judge on loopback that speaks the OpenAI wire format and answers by rule: the same question, the same answer."""

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


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


@dataclass
class JudgeServer:
    """Answers by `rule`; a rule that returns an int answers with that HTTP status, a text with that text."""

    rule: Rule
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    _seen: Counter = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reply(self, body: dict) -> tuple[int, dict]:
        expected, reported = fenced(body["messages"])
        with self._lock:
            question = json.dumps([expected, reported])
            request = Asked(expected, reported, self._seen[question], body)
            self._seen[question] += 1
            self.asked.append(request)
        said = self.rule(request)
        if isinstance(said, int):
            return said, {"error": {"message": "the judge is out; your key was sk-secret", "type": "server_error"}}
        text = said if isinstance(said, str) else json.dumps(said)
        return 200, {
            "id": "1",
            "object": "chat.completion",
            "created": 0,
            "model": body["model"],
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
def judge_server(rule: Rule) -> Iterator[JudgeServer]:
    """Run a judge until the end of the block."""
    served = JudgeServer(rule)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            served.keys.append(self.headers.get("authorization", ""))
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status, said = served.reply(body)
            text = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(text)))
            self.send_header("retry-after", "0")
            self.end_headers()
            self.wfile.write(text)

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
