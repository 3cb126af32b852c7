"""One agent's line to the LLM for as long as its phase lasts: takes questions, gives replies, and adds up the cost.

Each request is a thread of its own, of which so many run at once; the others queue. So a slow request holds up none
of another run's, and few of its own.
"""

import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from threading import Condition, Thread
from typing import Protocol

from bitsec_eval.core.errors import InferenceError
from bitsec_eval.core.llm_request import LLMRequest, LLMResponse
from bitsec_eval.core.usage import Usage, total_usage
from bitsec_eval.inference.cassette import Exchange, Offer, Recorder
from bitsec_eval.inference.excluded_time import ExcludedTime
from bitsec_eval.inference.problems import RequestProblem, out_of_order

AT_ONCE = 8
QUESTIONS = 10_000
QUESTIONS_BYTES = 64 << 20


class Answerer(Protocol):
    """What an agent's questions are answered by."""

    @property
    def offer(self) -> Offer:
        """What the agent may find out without asking."""

    def answer(self, number: int, request: LLMRequest, excluded: ExcludedTime) -> Exchange:
        """Return what an agent gets for its request number `number`.

        Raises:
            InferenceError: there is no telling, and the agent is not to blame.
        """


def new_key() -> str:
    """Return a key for one run, which is worth nothing anywhere."""
    return f"sk-run-{secrets.token_hex(16)}"


class LLMSession:
    """See `bitsec_eval.sandbox.execution.llm_bridge.LLMSession`; `settled` says, after it, what all of it came to."""

    def __init__(self, answerer: Answerer, key: str, *, counted: bool, recorder: Recorder | None = None) -> None:
        self._answerer = answerer
        self._key = key
        self._counted = counted
        self._recorder = recorder
        self._excluded = ExcludedTime(time.monotonic)
        self._queue: deque[tuple[int, LLMRequest, Callable[[LLMResponse], None]]] = deque()
        self._usage = Usage()
        self._asked = 0
        self._asked_bytes = 0
        self._under_way = 0
        self._changed = Condition()
        self._abandoned = False
        self._void: InferenceError | None = None
        self.failure: InferenceError | None = None

    # -- what the sandbox sees

    @property
    def environment(self) -> Mapping[str, str]:
        """Where the clients of OpenAI and Anthropic and Bitsec's miners look for the LLM."""
        found = dict.fromkeys(("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "INFERENCE_API_KEY"), self._key)
        models = self._answerer.offer.models
        return found | ({"OPENAI_MODEL": models[0]} if models else {})

    @property
    def request_bytes(self) -> int:
        """The longest body of a request."""
        return self._answerer.offer.request_bytes

    @property
    def is_held_up(self) -> bool:
        """Whether the agent's clock stands still at the moment; see `ExcludedTime`."""
        return self._excluded.is_running

    @property
    def excluded_seconds(self) -> float:
        """How long the agent's clock stood still."""
        return self._excluded.excluded_seconds

    def ask(self, request: LLMRequest, reply: Callable[[LLMResponse], None]) -> None:
        """Take a request; nothing is passed on or given back once the line is closed."""
        with self._changed:
            if self._excluded.over.is_set():
                return
            self._asked += 1
            self._asked_bytes += len(request.body)
            self._queue.append((self._asked - 1, request, reply))
        self._start()

    def close(self) -> None:
        """End the agent's phase."""
        with self._changed:
            self._excluded.over.set()
            unanswered = [(number, request) for number, request, _ in self._queue]
            self._queue.clear()
        for number, request in unanswered:
            self._keep(number, request, Exchange(reply=None))

    def abandon(self) -> None:
        """Close the line, and let nobody wait for what is under way: the evaluation has been stopped."""
        self.close()
        with self._changed:
            self._void = InferenceError("the evaluation was stopped while this run waited for the LLM")
            self._abandoned = True
            self._changed.notify_all()

    def usage(self) -> Usage | None:
        """Return what was used so far; None where there is no LLM."""
        with self._changed:
            return self._usage if self._counted else None

    def settled(self) -> Usage | None:
        """Wait for what is still under way, and return what all of it came to.

        Raises:
            InferenceError: the run is void.
        """
        with self._changed:
            self._changed.wait_for(lambda: not self._under_way or self._abandoned)
            trouble = self.failure or self._void
        if trouble is not None:
            raise trouble
        return self.usage()

    # -- one request

    def _start(self) -> None:
        with self._changed:
            if not self._queue or self._under_way >= AT_ONCE:
                return
            asked = self._queue.popleft()
            self._under_way += 1
        Thread(target=self._exchange, args=asked, name="bitsec-llm", daemon=True).start()

    def _exchange(self, number: int, request: LLMRequest, reply: Callable[[LLMResponse], None]) -> None:
        try:
            answered = self._answered(number, request)
            if answered is not None:
                reply(answered)
        except Exception as error:  # whatever it is, it is not the agent's
            self._fail(InferenceError(f"the gateway failed: {error!r}"))
            raise
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()
            self._start()

    def _answered(self, number: int, request: LLMRequest) -> LLMResponse | None:
        """Return the reply to a request; None when its agent's phase is over."""
        try:
            exchange = self._asked_too_much() or self._answerer.answer(number, request, self._excluded)
        except InferenceError as error:
            self._fail(error)
            return out_of_order().reply
        if self._excluded.over.is_set():
            exchange = replace(exchange, reply=None)
        self._count(exchange)
        self._keep(number, request, exchange)
        return exchange.reply

    def _fail(self, error: InferenceError) -> None:
        with self._changed:
            self.failure = self.failure or error

    def _keep(self, number: int, request: LLMRequest, exchange: Exchange) -> None:
        try:
            if self._recorder is not None:
                self._recorder.keep(number, request, exchange)
        except InferenceError as error:
            self._fail(error)

    def _asked_too_much(self) -> Exchange | None:
        if self._asked <= QUESTIONS and self._asked_bytes <= QUESTIONS_BYTES:
            return None
        message = f"this run has asked more than {QUESTIONS} questions or {QUESTIONS_BYTES >> 20} MiB"
        return Exchange(reply=RequestProblem(429, "budget_questions", message, kind="insufficient_quota").reply)

    def _count(self, exchange: Exchange) -> None:
        calls, prompt, completion, _ = exchange.spent.terms
        more = Usage(
            calls=calls,
            prompt_tokens=prompt,
            completion_tokens=completion,
            cost=exchange.spent.cost,
            waiting_seconds=exchange.waited_seconds,
        )
        with self._changed:
            self._usage = total_usage([self._usage, more]) or self._usage
            self._void = self._void or exchange.void
