"""A request of our own that is known to be right: it tells the provider's troubles from those of a request.

An agent's request that gets no completion makes its run void only if this one, to the same model and begun after the
agent's, fails as well. Nothing a guest sends is in it, so no guest can make it fail; where any request to the model
that began later got a completion, that is proof enough and none is sent.
It is also the first thing every model is asked: then it finds out which name the provider has for the limit of a
completion, and how large that may be.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event, Lock

from bitsec_eval.core.errors import InferenceError
from bitsec_eval.inference.billing import bill_of
from bitsec_eval.inference.cost import Cost
from bitsec_eval.inference.limits import RunLimits
from bitsec_eval.inference.prices import FIELDS, Price
from bitsec_eval.inference.problems import RequestProblem
from bitsec_eval.inference.provider.model_limits import ModelLimits
from bitsec_eval.inference.provider.trouble import Trouble
from bitsec_eval.inference.provider.upstream import Upstream
from bitsec_eval.inference.request.chat import LOWEST_LIMIT, ChatRequest, read_chat
from bitsec_eval.inference.retry import RetryPolicy

WORDS = "Reply with the word OK."
LOWER = 4
"""By how much a limit of ours is divided where the provider finds it too large."""

AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is known of a model: when its last success and its last failure began, and what that failure said."""

    succeeded: float = -1.0
    failed: float = -1.0
    trouble: Trouble | None = None


class KnownGood:
    """Knows of every model whether it answers; usable from any thread.

    `charge` takes what a request of ours cost: it is the validator's.
    """

    def __init__(
        self,
        upstream: Upstream,
        limits: RunLimits,
        prices: Mapping[str, Price],
        retry: RetryPolicy,
        charge: Callable[[Cost], None],
    ) -> None:
        self._upstream = upstream
        self._limits = limits
        self._prices = prices
        self._retry = retry
        self._charge = charge
        self._seen = {name: _Seen() for name in limits.models}
        self._asking = {name: Lock() for name in limits.models}
        self._wants: dict[str, ModelLimits] = {}
        self._lock = Lock()
        self._stopped = Event()

    def stop(self) -> None:
        """Wait for no pause any more."""
        self._stopped.set()

    def check(self, models: Sequence[str]) -> None:
        """Ask every model once, some at the same time.

        Raises:
            InferenceError: one of them does not answer; the message has the provider's words and the remedy.
        """
        with ThreadPoolExecutor(AT_ONCE, "bitsec-known-good") as pool:
            for _ in pool.map(self.limits_of, models):
                pass

    def limits_of(self, model: str) -> ModelLimits:
        """Return how a model wants its limit, found out by a request of our own the first time.

        Raises:
            InferenceError: the model does not answer.
        """
        with self._asking[model]:
            if model not in self._wants:
                self._wants[model] = self._found_out(model)
            return self._wants[model]

    def succeeded(self, model: str, started: float) -> None:
        """Take note that a request to a model, begun at `started`, got a completion."""
        with self._lock:
            seen = self._seen[model]
            if started > seen.succeeded:
                self._seen[model] = _Seen(started, seen.failed, seen.trouble)

    def trouble_since(self, model: str, moment: float) -> Trouble | None:
        """Return what a request of our own met that began after `moment`; None where any such request succeeded."""
        with self._asking[model]:
            if self._stopped.is_set():
                return Trouble("the evaluation was stopped")
            seen = self._seen[model]
            if seen.succeeded < moment and seen.failed < moment:
                self._ask(model)
                seen = self._seen[model]
            return None if seen.succeeded >= moment else seen.trouble

    def _ask(self, model: str) -> None:
        started = time.monotonic()
        try:
            self._patiently(
                self._request(model), self._wants[model].limit_field if model in self._wants else FIELDS[0]
            )
        except Trouble as trouble:
            with self._lock:
                self._seen[model] = _Seen(self._seen[model].succeeded, started, trouble)
        else:
            self.succeeded(model, started)

    def _limit_field(self, model: str) -> str:
        return self._wants[model].limit_field if model in self._wants else FIELDS[0]

    def _patiently(self, request: ChatRequest, limit_field: str) -> None:
        """Ask until there is an answer; a rate limit that agents have used up passes, so it is waited for."""
        pauses, started = self._retry.pauses(), time.monotonic()
        while True:
            try:
                return self._once(request, limit_field)
            except Trouble as trouble:
                lost = time.monotonic() - started
                limited = trouble.is_rate_limit
                pause = pauses.after(trouble.pause, lost, is_rate_limit=limited) if trouble.may_pass else None
                if pause is None or self._stopped.wait(pause):
                    raise

    def _once(self, request: ChatRequest, limit_field: str) -> None:
        try:
            completion = self._upstream.ask(request.body(limit_field), self._limits.response_bytes)
        except RequestProblem as problem:
            raise Trouble(str(problem)) from problem
        self._charge(bill_of(completion, request.price, request.prompt_bytes, request.most).paid)

    def _request(self, model: str) -> ChatRequest:
        wants = self._wants.get(model)
        asked = {"model": model, "messages": [{"role": "user", "content": WORDS}]}
        request = read_chat(asked, self._limits, self._prices)
        return request.lowered(wants.max_tokens) if wants else request

    def _found_out(self, model: str) -> ModelLimits:
        first: Trouble | None = None
        for wants in self._candidates(model):
            started = time.monotonic()
            try:
                self._patiently(self._request(model).lowered(wants.max_tokens), wants.limit_field)
            except Trouble as trouble:
                first = first or trouble
                if trouble.status not in (400, 413, 422):
                    break
            else:
                self.succeeded(model, started)
                return wants
        assert first is not None  # noqa: S101 - there is always a first candidate
        raise InferenceError(unusable(model, self._upstream.address, first)) from first

    def _candidates(self, model: str) -> Iterator[ModelLimits]:
        """Yield what a provider may want: our limit under either of its names, then lower ones."""
        price = self._prices.get(model)
        given = price.max_tokens_field if price else None
        most = self._limits.max_tokens
        while True:
            yield from (ModelLimits(limit_field=name, max_tokens=most) for name in ((given,) if given else FIELDS))
            if most <= LOWEST_LIMIT:
                return
            most = max(LOWEST_LIMIT, most // LOWER)


def unusable(model: str, address: str, trouble: Trouble) -> str:
    """Return why a model cannot be used, in the provider's words, and what to do about it."""
    return f"the LLM {model} at {address} does not answer a plain request ({trouble}); {remedy(trouble)}"


def remedy(trouble: Trouble) -> str:
    """Return what the operator can do about a plain request that gets no completion."""
    if trouble.status in (401, 403):
        return "correct BITSEC_LLM_API_KEY"
    if trouble.status == 402 or (trouble.status == 429 and not trouble.may_pass):
        return "see to the account's credit"
    if trouble.status == 404:
        return "correct --bitsec-llm-models or --bitsec-llm-base-url"
    if trouble.status is not None and trouble.status < 500 and not trouble.may_pass:
        return "check BITSEC_LLM_API_KEY, --bitsec-llm-models and --bitsec-llm-base-url"
    if trouble.status is None and not trouble.is_timeout:
        return "check that --bitsec-llm-base-url is an OpenAI-compatible API, which usually ends in /v1"
    return "evaluate again when the provider is back"
