"""The gateway of one evaluation: opens a session for each agent that runs, and ends them all when it is stopped."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from weakref import WeakSet

from bitsec_eval.core.llm import LLM
from bitsec_eval.core.llm_request import LLMRequest
from bitsec_eval.inference.cassette import Cassette, Exchange, Offer, Recorder
from bitsec_eval.inference.excluded_time import ExcludedTime
from bitsec_eval.inference.problems import switched_off
from bitsec_eval.inference.session import Answerer, LLMSession, new_key

NO_LLM = Offer(models=(), request_bytes=1 << 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionKey:
    """Whose session it is: an agent, on a task, in the first of its containers or, on the twin, in the second.

    `repeat` says which of its runs this is, from 0.
    """

    agent: str
    task: str
    part: int = 0
    repeat: int = 0

    @property
    def file(self) -> Path:
        """Where its cassette lies in the folder of cassettes."""
        turn = f".r{self.repeat + 1}" if self.repeat else ""
        twin = ".twin" if self.part else ""
        return Path(self.agent) / f"{self.task.replace('/', '__')}{turn}{twin}.jsonl"


Answering = Callable[[SessionKey, LLM, str], Answerer]
"""Makes what answers a session: its name, its task's limits and its key are known."""


class Gateway:
    """Opens sessions; with a folder of `recordings`, each session leaves a cassette there."""

    def __init__(self, answering: Answering, *, counted: bool, recordings: Path | None = None) -> None:
        self._answering = answering
        self._counted = counted
        self._recordings = recordings
        self._open: WeakSet[LLMSession] = WeakSet()
        self._stopped = False
        self._lock = Lock()

    def session(self, name: SessionKey, llm: LLM) -> LLMSession:
        """Return a fresh session for one agent in one container.

        Raises:
            InferenceError: its recording cannot be written or read.
        """
        key = new_key()
        answerer = self._answering(name, llm, key)
        recorder = Recorder(self._recordings / name.file, key, answerer.offer) if self._recordings else None
        session = LLMSession(answerer, key, counted=self._counted, recorder=recorder)
        with self._lock:
            self._open.add(session)
            stopped = self._stopped
        if stopped:
            session.abandon()
        return session

    def stop(self) -> None:
        """End every session; those that are opened from now on have ended already."""
        with self._lock:
            self._stopped = True
            ended = list(self._open)
        for session in ended:
            session.abandon()


class NoAnswers:
    """An `Answerer` where no LLM is offered."""

    offer = NO_LLM

    def answer(self, number: int, question: LLMRequest, excluded: ExcludedTime) -> Exchange:  # noqa: ARG002 - see Answerer
        """See `Answerer.answer`."""
        return Exchange(reply=switched_off().reply)


class ReplayedAnswers:
    """An `Answerer` that plays a cassette."""

    def __init__(self, cassette: Cassette) -> None:
        self._cassette = cassette
        self.offer = cassette.offer

    def answer(self, number: int, question: LLMRequest, excluded: ExcludedTime) -> Exchange:  # noqa: ARG002 - see Answerer
        """See `Answerer.answer`."""
        return self._cassette.play(number, question)


@contextmanager
def off_gateway() -> Iterator[Gateway]:
    """Offer no LLM."""
    yield Gateway(lambda name, llm, key: NoAnswers(), counted=False)


@contextmanager
def replaying_gateway(recordings: Path) -> Iterator[Gateway]:
    """Answer from cassettes, without a provider and without a key."""

    def answering(name: SessionKey, _llm: LLM, key: str) -> Answerer:
        return ReplayedAnswers(Cassette(recordings / name.file, key))

    yield Gateway(answering, counted=True)
