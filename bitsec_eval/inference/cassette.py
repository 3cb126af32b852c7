"""Cassettes: every exchange of a run, one JSON line each, to evaluate the run again without a provider.

A question is known again by its method, its path and its body, with the run's own key blotted out. The same question
asked again gets the next of its replies, in the order in which they were asked for.
"""

import hashlib
import json
from collections import defaultdict, deque
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from bitsec_eval.core.errors import InferenceError
from bitsec_eval.core.llm_request import LLMRequest, LLMResponse
from bitsec_eval.core.text import one_line
from bitsec_eval.inference.cost import NO_COST, Cost

KEY = b"[run key]"
NOTHING: dict[str, Any] = {"offer": {"models": (), "request_bytes": 1 << 20}}
SEED = "recording.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What came of a question: its reply, what it cost, and how long the agent waited for it.

    There is no reply where the agent's phase ended before it came. With `void` the agent may go on, but its run does
    not count.
    """

    reply: LLMResponse | None
    spent: Cost = NO_COST
    waited_seconds: float = 0.0
    void: InferenceError | None = None


def digest(question: LLMRequest, key: str) -> str:
    """Return what a question is known again by."""
    body = _without(question.body, key)
    head = f"{question.method} {question.path}\n".encode("utf-8", "backslashreplace")
    return hashlib.sha256(head + body).hexdigest()


def _without(text: bytes, key: str) -> bytes:
    return text.replace(key.encode("ascii"), KEY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What an agent may find out without asking: the models it may name and the longest body it may send."""

    models: tuple[str, ...]
    request_bytes: int


def _with(text: bytes, key: str) -> bytes:
    return text.replace(KEY, key.encode("ascii"))


class Recorder:
    """Writes the cassette of one run, anew; `key` is the run's own.

    Raises (every method): InferenceError where the file cannot be written.
    """

    def __init__(self, path: Path, key: str, offer: Offer) -> None:
        self._path = path
        self._key = key
        self._lock = Lock()
        head = {"offer": asdict(offer)}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(json.dumps(head).encode("ascii") + b"\n")
        except OSError as error:
            raise self._failed(error) from error

    def keep(self, number: int, question: LLMRequest, exchange: Exchange) -> None:
        """Write one exchange; `number` is the question's place in the run."""
        reply = exchange.reply
        told = {
            "number": number,
            "sha256": digest(question, self._key),
            "method": question.method,
            "path": question.path,
            "request": _text(_without(question.body, self._key)),
            "status": reply.status if reply else None,
            "headers": dict(reply.headers) if reply else {},
            "response": _text(_without(reply.body, self._key)) if reply else None,
            "spent": asdict(exchange.spent),
            "waited_seconds": round(exchange.waited_seconds, 6),
        }
        line = json.dumps(told, separators=(",", ":")).encode("ascii") + b"\n"
        try:
            with self._lock, self._path.open("ab") as file:
                file.write(line)
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> InferenceError:
        return InferenceError(f"the recording {self._path} failed ({error.strerror}); free or mend that disk")


class Cassette:
    """Plays the cassette of one run.

    Raises: InferenceError where there is none, or it cannot be read.
    """

    def __init__(self, path: Path, key: str) -> None:
        self._path = path
        self._key = key
        self._lock = Lock()
        self._left: defaultdict[str, deque[Exchange]] = defaultdict(deque)
        head, *exchanges = _lines(path)
        self.offer = Offer(models=tuple(head["offer"]["models"]), request_bytes=head["offer"]["request_bytes"])
        for told in sorted(exchanges, key=lambda each: int(each["number"])):
            self._left[told["sha256"]].append(_exchange(told, key))

    def play(self, number: int, question: LLMRequest) -> Exchange:
        """Return what was recorded for a question.

        Raises:
            InferenceError: nothing was; the message says which question it is.
        """
        known = digest(question, self._key)
        with self._lock:
            if self._left[known]:
                return self._left[known].popleft()
        shown = f"question {number + 1}, {one_line(question.method, 20)} {one_line(question.path, 100)}"
        raise InferenceError(
            f"no recording of {shown} (sha256 {known[:16]}, {len(question.body)} bytes) in {self._path};"
            " record again with --bitsec-llm=record"
        )


def keep_seed(folder: Path, seed: int) -> None:
    """Write down the seed of what is recorded into a folder: with another one, agents see other names."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SEED).write_text(json.dumps({"seed": seed}) + "\n", "ascii")


def kept_seed(folder: Path) -> int | None:
    """Return the seed of what was recorded into a folder, or None if it holds no recording."""
    try:
        told = json.loads((folder / SEED).read_text("ascii"))["seed"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return told if type(told) is int else None


def _lines(path: Path) -> list[dict[str, Any]]:
    try:
        return [json.loads(line) for line in path.read_bytes().splitlines()]
    except FileNotFoundError:
        return [NOTHING]  # a run without a question needs none
    except (OSError, ValueError) as error:
        raise InferenceError(
            f"the recording {path} cannot be read ({one_line(str(error))}); record it again"
        ) from error


def _exchange(told: dict[str, Any], key: str) -> Exchange:
    reply = None
    if told["status"] is not None:
        reply = LLMResponse(status=told["status"], body=_with(_bytes(told["response"]), key), headers=told["headers"])
    return Exchange(reply=reply, spent=Cost(**told["spent"]), waited_seconds=told["waited_seconds"])


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
