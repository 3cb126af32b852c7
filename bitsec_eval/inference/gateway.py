"""The gateway of one evaluation: opens a session for each agent that runs, and ends them all when it is stopped."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Protocol
from weakref import WeakSet

from bitsec_eval.core.llm_request import LLMRequest
from bitsec_eval.core.tasks.llm import LLM
from bitsec_eval.inference.cassette import Cassette, Exchange, Offer, Recorder
from bitsec_eval.inference.excluded_time import ExcludedTime
from bitsec_eval.inference.problems import switched_off
from bitsec_eval.inference.session import Answerer, LLMSession, new_key

NO_LLM = Offer(models=(), request_bytes=1 << 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionKey:
    """Whose session it is: an agent, on a task, in the first of its containers or, on the twin, in the second.

    `repeat` says which of its runs this is, from 0, and `parts` in how many containers a run is done.
    """

    agent: str
    task: str
    part: int = 0
    repeat: int = 0
    parts: int = 1

    @property
    def file(self) -> Path:
        """Where its cassette lies in the folder of cassettes."""
        turn = f".r{self.repeat + 1}" if self.repeat else ""
        twin = ".twin" if self.part else ""
        return Path(self.agent) / f"{self.task.replace('/', '__')}{turn}{twin}.jsonl"


class Backend(Protocol):
    """What answers the sessions of an evaluation."""

    def answerer(self, key: SessionKey, llm: LLM, secret: str) -> Answerer:
        """Return what answers one session, by its task's limits and the key of its run.

        Raises:
            InferenceError: its recording cannot be read.
        """

    def check(self) -> None:
        """Make sure that every model answers, before any agent asks.

        Raises:
            InferenceError: one does not; the message says what to do.
        """

    def plan(self, runs: Mapping[str, int]) -> None:
        """Say how many runs each agent has, so that nobody can use up what others need."""

    def end_run(self, agent: str) -> None:
        """Take note that one of them has ended."""


class Gateway:
    """Opens sessions; with a folder of `recordings`, each session leaves a cassette there."""

    def __init__(self, backend: Backend, *, counted: bool, recordings: Path | None = None) -> None:
        self.backend = backend
        self._counted = counted
        self._recordings = recordings
        self._open: WeakSet[LLMSession] = WeakSet()
        self._stopped = False
        self._lock = Lock()

    def session(self, key: SessionKey, llm: LLM) -> LLMSession:
        """Return a fresh session for one agent in one container.

        Raises:
            InferenceError: its recording cannot be written or read.
        """
        secret = new_key()
        answerer = self.backend.answerer(key, llm, secret)
        recorder = Recorder(self._recordings / key.file, secret, answerer.offer) if self._recordings else None
        session = LLMSession(answerer, secret, counted=self._counted, recorder=recorder)
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


class _Unpaid:
    """The part of a `Backend` that matters only where a provider is paid."""

    def check(self) -> None:
        """See `Backend.check`."""

    def plan(self, runs: Mapping[str, int]) -> None:
        """See `Backend.plan`."""

    def end_run(self, agent: str) -> None:
        """See `Backend.end_run`."""


class NoLLM(_Unpaid):
    """A `Backend` and an `Answerer` where no LLM is offered."""

    offer = NO_LLM

    def answerer(self, key: SessionKey, llm: LLM, secret: str) -> Answerer:  # noqa: ARG002 - see Backend
        """See `Backend.answerer`."""
        return self

    def answer(self, number: int, request: LLMRequest, excluded: ExcludedTime) -> Exchange:  # noqa: ARG002 - see Answerer
        """See `Answerer.answer`."""
        return Exchange(reply=switched_off().reply)


class Recordings(_Unpaid):
    """A `Backend` that answers from the cassettes in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def answerer(self, key: SessionKey, llm: LLM, secret: str) -> Answerer:  # noqa: ARG002 - see Backend
        """See `Backend.answerer`."""
        return ReplayedAnswers(Cassette(self._folder / key.file, secret))


class ReplayedAnswers:
    """An `Answerer` that plays a cassette."""

    def __init__(self, cassette: Cassette) -> None:
        self._cassette = cassette
        self.offer = cassette.offer

    def answer(self, number: int, request: LLMRequest, excluded: ExcludedTime) -> Exchange:  # noqa: ARG002 - see Answerer
        """See `Answerer.answer`."""
        return self._cassette.play(number, request)


@contextmanager
def off_gateway() -> Iterator[Gateway]:
    """Offer no LLM."""
    yield Gateway(NoLLM(), counted=False)


@contextmanager
def replaying_gateway(recordings: Path) -> Iterator[Gateway]:
    """Answer from cassettes, without a provider and without a key."""
    yield Gateway(Recordings(recordings), counted=True)
