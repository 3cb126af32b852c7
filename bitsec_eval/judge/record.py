"""Every prompt and answer of the judge as lines of JSON, from which the same decisions can be had again, offline.

A judgement is found again by what was asked, not by the nonce it was asked with.
"""

import hashlib
import json
import os
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bitsec_eval.core.errors import InferenceError, SettingsError
from bitsec_eval.core.text import one_line
from bitsec_eval.judge.client import Client, Reply
from bitsec_eval.judge.protocol import Question, UnusableAnswerError, Vote, vote

PROTOCOL = "auditagent/1"
UNUSABLE_AT_MOST = 3
NONCE_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What asking has used; judgements that were read from a record cost nothing."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    replayed: int = 0

    def dollars(self, prompt_price: float, completion_price: float) -> float:
        """Return the cost at these prices of a million tokens."""
        return (self.prompt_tokens * prompt_price + self.completion_tokens * completion_price) / 1e6

    def plus(self, reply: Reply) -> "Cost":
        """Return this and one more call."""
        return Cost(
            calls=self.calls + 1,
            prompt_tokens=self.prompt_tokens + reply.prompt_tokens,
            completion_tokens=self.completion_tokens + reply.completion_tokens,
            replayed=self.replayed,
        )


class Judge:
    """Casts votes: those on record without asking, others by asking `client` and keeping what it said.

    Without a `client`, only what is on record can be had.
    `record` is where judgements are kept, a file of JSON lines; it grows with each call, at once.
    It may be asked from several threads.
    """

    def __init__(
        self,
        *,
        client: Client | None,
        model: str,
        record: Path | None = None,
        nonce: Callable[[], str] = lambda: secrets.token_hex(NONCE_BYTES),
    ) -> None:
        self._client = client
        self._model = model
        self._record = record
        self._nonce = nonce
        self._known = _read(record) if record is not None else {}
        self._lock = threading.Lock()
        self.cost = Cost()

    def vote(self, question: Question, repeat: int) -> Vote:
        """Return the vote number `repeat` on `question`.

        Raises:
            InferenceError: the judge cannot be asked, or answers nothing that can be read.
        """
        key = _key(self._model, question, repeat)
        with self._lock:
            known = self._known.get(key)
            if known is not None:
                self.cost = Cost(
                    calls=self.cost.calls,
                    prompt_tokens=self.cost.prompt_tokens,
                    completion_tokens=self.cost.completion_tokens,
                    replayed=self.cost.replayed + 1,
                )
        return self._ask(question, key) if known is None else vote(known, question.findings)

    def _ask(self, question: Question, key: str) -> Vote:
        if self._client is None:
            remedy = "give the record of the same report and model, or a judge to ask"
            raise InferenceError(f"no judgement on record for a question to {self._model}; {remedy}")
        trouble = ""
        for _ in range(UNUSABLE_AT_MOST):
            nonce = self._nonce()
            messages = question.messages(nonce)
            reply = self._client.ask(messages)
            try:
                cast = vote(reply.text, question.findings)
            except UnusableAnswerError as error:
                trouble = str(error)
                self._keep({"key": key, "nonce": nonce, "unusable": trouble}, messages, reply)
                continue
            self._keep({"key": key, "nonce": nonce}, messages, reply)
            return cast
        remedy = "choose a model that can answer in JSON"
        raise InferenceError(
            f"the judge {self._model} gave {UNUSABLE_AT_MOST} unusable answers ({trouble}); {remedy}"
        )

    def _keep(self, about: Mapping[str, str], messages: list[dict[str, str]], reply: Reply) -> None:
        line = {
            **about,
            "model": self._model,
            "messages": messages,
            "answer": reply.text,
            "prompt_tokens": reply.prompt_tokens,
            "completion_tokens": reply.completion_tokens,
        }
        with self._lock:
            self.cost = self.cost.plus(reply)
            if "unusable" not in about:
                self._known[about["key"]] = reply.text
            if self._record is not None:
                _append(self._record, json.dumps(line))


def _key(model: str, question: Question, repeat: int) -> str:
    asked = json.dumps([PROTOCOL, model, question.expected, question.reported, repeat])
    return hashlib.sha256(asked.encode()).hexdigest()


def _append(path: Path, line: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as stream:
            stream.write(line.encode() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise SettingsError(f"{path}: judgements cannot be kept ({error.strerror}); give another place") from None


def _read(path: Path) -> dict[str, str]:
    """Return the usable answers on record, by key."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: judgements cannot be read ({one_line(str(error), 80)}); give another") from None
    known = {}
    for number, line in enumerate(lines, start=1):
        entry = _entry(line)
        if entry is None and number == len(lines):
            break  # a run that was killed leaves half a line, and asks that question again
        if entry is None:
            raise SettingsError(f"{path}: line {number} is no judgement; remove the line")
        if "unusable" not in entry:
            known[entry["key"]] = entry["answer"]
    return known


def _entry(line: str) -> dict[str, str] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    readable = isinstance(entry, dict) and all(isinstance(entry.get(name), str) for name in ("key", "answer"))
    return entry if readable else None
