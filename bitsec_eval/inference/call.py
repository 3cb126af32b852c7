"""One paid call: reserved before it goes out, tried with retry, and settled whatever becomes of it."""

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from bitsec_eval.core.errors import InferenceError
from bitsec_eval.inference.chat import Chat
from bitsec_eval.inference.completion import Completion
from bitsec_eval.inference.cost import Cost
from bitsec_eval.inference.excluded_time import ExcludedTime
from bitsec_eval.inference.fair_semaphore import FairSemaphore
from bitsec_eval.inference.ledger import Ledger, OverBudgetError, Reservation
from bitsec_eval.inference.limits import RunLimits, TotalLimits
from bitsec_eval.inference.prices import Price
from bitsec_eval.inference.problems import Problem
from bitsec_eval.inference.upstream import Trouble, Upstream

LONGEST_PAUSE_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often a call is tried, how long the first pause is, and how long all troubles of a run may last."""

    tries: int = 5
    pause_seconds: float = 0.5
    run_seconds: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What all lines of an evaluation have in common."""

    ledger: Ledger
    upstream: Upstream
    slots: FairSemaphore
    total: TotalLimits
    prices: Mapping[str, Price]
    retry: RetryPolicy = field(default_factory=RetryPolicy)


@dataclass(frozen=True, slots=True)
class CallResult:
    """What came of a call and what it cost; neither completion nor problem where the agent's phase ended first."""

    outcome: Completion | Problem | None
    spent: Cost


class Call:
    """One call of the line that the ledger knows as `name`."""

    def __init__(self, name: str, chat: Chat, limits: RunLimits, shared: Shared, excluded: ExcludedTime) -> None:
        self._name = name
        self._chat = chat
        self._limits = limits
        self._shared = shared
        self._excluded = excluded
        self._tries = 0

    def execute(self) -> CallResult:
        """Make the call.

        Raises:
            OverBudgetError: it was not made.
            InferenceError: nothing came of it, and the agent is not to blame.
        """
        budget, total = self._limits.budget, self._shared.total.budget
        reservation = self._shared.ledger.reserve(self._name, self._chat.most, budget, total)
        while True:
            self._tries += 1
            try:
                outcome = self._try()
            except Trouble as trouble:
                reservation = self._after(trouble, reservation)
            except InferenceError:
                self._shared.ledger.settle(reservation, Cost())
                raise
            else:
                return self._settled(reservation, outcome)

    def _try(self) -> Completion | Problem | None:
        with self._excluded.excluding():
            if not self._shared.slots.acquire(self._name, self._excluded.over):
                return None
        started = time.monotonic()
        try:
            return self._shared.upstream.ask(self._chat, self._limits.response_bytes)
        except Problem as problem:
            return problem
        except Trouble:
            self._excluded.exclude_since(started)
            raise
        finally:
            self._shared.slots.release(self._name)

    def _settled(self, reservation: Reservation, outcome: Completion | Problem | None) -> CallResult:
        spent = self._spent(outcome)
        self._shared.ledger.settle(reservation, spent)
        reservation.kept.result()  # nobody gets what a crash of the machine could make us forget
        return CallResult(outcome, spent)

    def _spent(self, outcome: Completion | Problem | None) -> Cost:
        if isinstance(outcome, Completion):
            return outcome.cost(self._chat)
        if isinstance(outcome, Problem):
            return self._chat.most if outcome.billed else Cost(calls=1)
        return Cost()

    def _after(self, trouble: Trouble, reservation: Reservation) -> Reservation:
        """Wait until it is time for another try, and return the reservation it is made on."""
        pause = self._pause(trouble)
        if pause is not None:
            with self._excluded.excluding():
                self._excluded.over.wait(pause)
        if pause is None or self._excluded.over.is_set():
            raise self._given_up(trouble, reservation) from trouble
        if not trouble.billed:
            return reservation
        try:
            return self._shared.ledger.rereserve(reservation, self._shared.total.budget)
        except OverBudgetError:
            raise self._given_up(trouble, reservation) from trouble

    def _pause(self, trouble: Trouble) -> float | None:
        """Return the seconds until the next try; None if there is none."""
        retry = self._shared.retry
        pause = trouble.pause
        if pause is None:
            longest = min(LONGEST_PAUSE_SECONDS, retry.pause_seconds * 2 ** (self._tries - 1))
            pause = longest * random.SystemRandom().uniform(0.5, 1)
        is_last = self._tries >= retry.tries or self._excluded.excluded_seconds + pause > retry.run_seconds
        return None if is_last else pause

    def _given_up(self, trouble: Trouble, reservation: Reservation) -> InferenceError:
        if trouble.billed:
            self._shared.ledger.charge_as_lost(reservation)
        else:
            self._shared.ledger.settle(reservation, Cost())
        often = "once" if self._tries == 1 else f"{self._tries} times"
        return InferenceError(
            f"the LLM's provider failed {often}, lastly with {trouble}; the run is void, evaluate it again later"
        )
