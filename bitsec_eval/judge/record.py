"""Every prompt and answer of the judge as lines of JSON, from which the same decisions can be had again, offline.

A judgement is found again by what was asked, not by the nonce it was asked with.
"""

import hashlib
import json
import os
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bitsec_eval.core.errors import InferenceError, SettingsError
from bitsec_eval.core.text import one_line
from bitsec_eval.inference.provider.trouble import Trouble
from bitsec_eval.judge.client import JudgeClient, JudgeReply
from bitsec_eval.judge.known_good import KnownGoodQuestion, Unanswered
from bitsec_eval.judge.protocol import JudgePrompt, UnusableAnswerError, Vote, vote

PROTOCOL = "auditagent/1"
UNUSABLE_AT_MOST = 3
NONCE_BYTES = 16
UNJUDGEABLE = "unjudgeable: "
"""What stands in place of an answer where a question got none."""


class UnjudgeableError(Exception):
    """A question gets no judgement although the judge judges others: it is the question that is to blame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeUsage:
    """What asking has used; judgements that were read from a record cost nothing."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    replayed: int = 0

    def dollars(self, prompt_price: float, completion_price: float) -> float:
        """Return the cost at these prices of a million tokens."""
        return (self.prompt_tokens * prompt_price + self.completion_tokens * completion_price) / 1e6

    def plus(self, reply: JudgeReply) -> "JudgeUsage":
        """Return this and one more call."""
        return replace(
            self,
            calls=self.calls + 1,
            prompt_tokens=self.prompt_tokens + reply.prompt_tokens,
            completion_tokens=self.completion_tokens + reply.completion_tokens,
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
        client: JudgeClient | None,
        model: str,
        record: Path | None = None,
        nonce: Callable[[], str] = lambda: secrets.token_hex(NONCE_BYTES),
    ) -> None:
        self._client = client
        self._model = model
        self._record = record
        self._nonce = nonce
        self._known_good = KnownGoodQuestion(client, nonce) if client is not None else None
        self._known = _read(record) if record is not None else {}
        self._lock = threading.Lock()
        self.cost = JudgeUsage()

    def vote(self, prompt: JudgePrompt, repeat: int) -> Vote:
        """Return the vote number `repeat` on a question.

        Raises:
            UnjudgeableError: the question gets no judgement, while a plain one does.
            InferenceError: the judge cannot be asked, or answers nothing that can be read.
        """
        key = _key(self._model, prompt, repeat)
        with self._lock:
            known = self._known.get(key)
            if known is not None:
                self.cost = replace(self.cost, replayed=self.cost.replayed + 1)
        if known is None:
            return self._ask(prompt, key)
        if known.startswith(UNJUDGEABLE):
            raise UnjudgeableError(known.removeprefix(UNJUDGEABLE))
        return vote(known, prompt.findings)

    def _ask(self, prompt: JudgePrompt, key: str) -> Vote:
        if self._client is None or self._known_good is None:
            remedy = "give the record of the same report and model, or a judge to ask"
            raise InferenceError(f"no judgement on record for a question to {self._model}; {remedy}")
        for _ in range(2):  # the second time in the form that a plain question has found out, if that is another one
            started = time.monotonic()
            try:
                return self._asked(self._client, prompt, key)
            except Unanswered as unanswered:
                reason = str(unanswered)
            if not self._known_good.changes_form(since=started, reason=reason):
                break
        self._keep_line({"key": key, "answer": UNJUDGEABLE + reason, "model": self._model})
        with self._lock:
            self._known[key] = UNJUDGEABLE + reason
        raise UnjudgeableError(reason)

    def _asked(self, client: JudgeClient, prompt: JudgePrompt, key: str) -> Vote:
        trouble = ""
        for _ in range(UNUSABLE_AT_MOST):
            nonce = self._nonce()
            messages = prompt.messages(nonce)
            try:
                reply = client.ask(messages)
            except Trouble as error:
                raise Unanswered(error.kind) from None
            try:
                cast = vote(reply.text, prompt.findings)
            except UnusableAnswerError as error:
                trouble = str(error)
                self._keep({"key": key, "nonce": nonce, "unusable": trouble}, messages, reply)
                continue
            self._keep({"key": key, "nonce": nonce}, messages, reply)
            return cast
        raise Unanswered(f"{UNUSABLE_AT_MOST} unusable answers: {trouble}")

    def _keep(self, about: Mapping[str, str], messages: list[dict[str, str]], reply: JudgeReply) -> None:
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
        self._keep_line(line)

    def _keep_line(self, line: Mapping[str, object]) -> None:
        if self._record is not None:
            with self._lock:
                _append(self._record, json.dumps(line))


def _key(model: str, prompt: JudgePrompt, repeat: int) -> str:
    asked = json.dumps([PROTOCOL, model, prompt.expected, prompt.reported, repeat])
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
