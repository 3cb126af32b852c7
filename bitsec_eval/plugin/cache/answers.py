"""Answers of earlier runs, kept under the digest of everything that could have changed them.

An entry is believed only if this validator wrote it: it is signed with a key that lies in the state folder, which
nobody else can read. What is corrupt, or was copied from another validator, is left aside with one line.
A void run leaves no entry, so it is done again.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from bitsec_eval.core.answers.answer import Answer, Ending
from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.tasks.image_name import pinned
from bitsec_eval.core.text import one_line
from bitsec_eval.core.usage import Usage
from bitsec_eval.sandbox.execution.agent_run import AgentOrder
from bitsec_eval.schedule.runs import RunResult, RunSpec
from bitsec_eval.support.atomic_files import read_json, write_bytes, write_json

FORMAT = 2
MOST_LINES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What all runs share and an answer depends on: the evaluation's image and the LLM's settings."""

    image: str
    llm: Mapping[str, Any]


class AnswerStore:
    """A folder of answers; `lines` says what was left aside.

    It always keeps what it is told, and recalls only where `recalls` says so.
    """

    def __init__(
        self, folder: Path, key: bytes, *, evaluation: str, condition: Callable[[], Condition], recalls: bool
    ) -> None:
        """`condition` is asked when the first answer is kept or recalled: the image may still be read."""
        self.lines: list[str] = []
        self._folder = folder
        self._key = key
        self._evaluation = evaluation
        self._condition = condition
        self._recalls = recalls
        self._lock = Lock()

    def recall(self, work: RunSpec) -> RunResult | None:
        """Return what came of this very run earlier, or None."""
        if not self._recalls:
            return None
        name = digest(work, self._condition())
        path = self._path(name)
        if not path.exists():
            return None
        try:
            return self._read(path, name)
        except (KeyError, TypeError, ValueError) as error:
            self._leave_aside(path, error)
            return None

    def keep(self, work: RunSpec, done: RunResult) -> None:
        """Write down what came of a run, unless it is void."""
        if done.failure is not None:
            return
        name = digest(work, self._condition())
        told = {
            "format": FORMAT,
            "digest": name,
            "evaluation": self._evaluation,
            "agent": work.key.agent,
            "task": work.key.task,
            "attempts": done.attempts,
            "answers": [_written(answer) for answer in done.answers],
        }
        try:
            write_json(self._path(name), {"answer": told, "signature": self._signature(told)})
        except OSError as error:  # the run counts all the same; it can only not be reused
            self._say(f"answers are not kept: {self._folder}: {error.strerror}")

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / f"{name}.json"

    def _read(self, path: Path, name: str) -> RunResult:
        entry = read_json(path)
        if entry is None:
            raise ValueError("it cannot be read")
        told = entry["answer"]
        if not hmac.compare_digest(str(entry["signature"]), self._signature(told)):
            raise ValueError("this validator did not write it")
        if told["format"] != FORMAT or told["digest"] != name:
            raise ValueError("it is another run's")
        answers = tuple(_answer(each) for each in told["answers"])
        return RunResult(answers=answers, attempts=told["attempts"], reused=told["evaluation"])

    def _signature(self, told: object) -> str:
        text = json.dumps(told, sort_keys=True).encode()
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()

    def _leave_aside(self, path: Path, error: Exception) -> None:
        reason = f"lacks {error}" if isinstance(error, KeyError) else one_line(str(error), 100)
        self._say(f"not reused: {path.name[:12]}: {reason}; the run is done again")

    def _say(self, line: str) -> None:
        with self._lock:
            if line not in self.lines and len(self.lines) < MOST_LINES:
                self.lines.append(line)


def digest(work: RunSpec, condition: Condition) -> str:
    """Return the name of a run's entry: SHA-256 of agent, prompt, files, image, limits, LLM settings, task, repeat.

    Runs on two tasks are two draws even where the tasks look alike to the agent, as are two repeats and two agents of
    one source: a copy is paid for a run of its own only. The image is known by what it holds.
    """
    told = {
        "format": FORMAT,
        "agent": work.key.agent,
        "task": work.key.task,
        "orders": [_order_digest(order) for order in work.orders()],
        "image": pinned(work.image).digest or condition.image,
        "limits": asdict(work.limits),
        "llm": dict(condition.llm),
        "task_llm": asdict(work.llm),
        "repeat": work.key.repeat,
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def _order_digest(order: AgentOrder) -> dict[str, Any]:
    return {
        "source": hashlib.sha256(order.source).hexdigest(),
        "prompt": order.prompt,
        "files": {path: hashlib.sha256(content).hexdigest() for path, content in sorted(order.files.items())},
    }


def _written(answer: Answer) -> dict[str, Any]:
    return {
        "ending": answer.ending.value,
        "stdout": base64.b64encode(answer.stdout).decode(),
        "stderr": base64.b64encode(answer.stderr).decode(),
        "seconds": answer.seconds,
        "status": answer.status,
        "usage": asdict(answer.usage) if answer.usage else None,
        "first_byte_seconds": answer.first_byte_seconds,
    }


def _answer(told: Mapping[str, Any]) -> Answer:
    return Answer(
        ending=Ending(told["ending"]),
        stdout=base64.b64decode(told["stdout"], validate=True),
        stderr=base64.b64decode(told["stderr"], validate=True),
        seconds=float(told["seconds"]),
        status=str(told["status"]),
        usage=Usage(**told["usage"]) if told["usage"] else None,
    )


def signing_key(state: Path) -> bytes:
    """Return this validator's own key, made at the first call.

    Raises:
        SettingsError: the state folder cannot be used.
    """
    path = state / "answers.key"
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):  # whoever is first decides, also among workers that start together
            write_bytes(path, secrets.token_bytes(32), mode=0o600, replace=False)
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}; set --bitsec-state to a folder of your own") from None
