"""One paid call: reserved before it goes out, retried with backoff, and settled whatever becomes of it."""

import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass

from bitsec_eval.core.errors import InferenceError
from bitsec_eval.inference.billing import Bill, bill_of
from bitsec_eval.inference.completion import Completion
from bitsec_eval.inference.cost import NO_COST, Cost
from bitsec_eval.inference.excluded_time import ExcludedTime, TimeClaim
from bitsec_eval.inference.fair_semaphore import FairSemaphore
from bitsec_eval.inference.ledger import Ledger, LedgerAccount, OverBudgetError, Reservation
from bitsec_eval.inference.limits import RunLimits
from bitsec_eval.inference.prices import Price
from bitsec_eval.inference.problems import RequestProblem
from bitsec_eval.inference.provider.known_good import LOWER, KnownGood, remedy
from bitsec_eval.inference.provider.trouble import Trouble
from bitsec_eval.inference.provider.upstream import Upstream
from bitsec_eval.inference.request.chat import LOWEST_LIMIT, ChatRequest
from bitsec_eval.inference.retry import RetryPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveServices:
    """What all sessions of an evaluation share."""

    ledger: Ledger
    upstream: Upstream
    known_good: KnownGood
    slots: FairSemaphore
    prices: Mapping[str, Price]
    retry: RetryPolicy


@dataclass(frozen=True, slots=True)
class CallResult:
    """What came of a call and what it cost; neither completion nor problem where the agent's phase ended first."""

    outcome: Completion | RequestProblem | None
    spent: Cost


class PaidCall:
    """One call for an account of the ledger."""

    def __init__(
        self,
        account: LedgerAccount,
        request: ChatRequest,
        limits: RunLimits,
        services: LiveServices,
        excluded: ExcludedTime,
    ) -> None:
        self._account = account
        self._request = request
        self._limits = limits
        self._services = services
        self._excluded = excluded
        self._pauses = services.retry.pauses()
        self._lost = NO_COST
        self._timeouts = 0

    def execute(self) -> CallResult:
        """Make the call.

        Raises:
            OverBudgetError: it was not made.
            InferenceError: nothing came of it, and the agent is not to blame.
        """
        with self._excluded.claim() as claim:
            with claim.excluding():
                wants = self._services.known_good.limits_of(self._request.model)
            if self._request.is_our_limit:
                self._request = self._request.lowered(wants.max_tokens)
            reservation = self._services.ledger.reserve(self._account, self._request.most, self._limits.budget)
            return self._tried(claim, reservation, wants.limit_field)

    def _tried(self, claim: TimeClaim, reservation: Reservation, limit_field: str) -> CallResult:
        begun = time.monotonic()
        while True:
            started = time.monotonic()
            try:
                outcome = self._try(claim, limit_field)
            except Trouble as trouble:
                claim.exclude_since(started)
                if self._lowered(trouble):
                    continue
                following = self._after(trouble, claim, reservation, started)
                if following is None:
                    return self._verdict(trouble, claim, reservation, begun)
                reservation = following
            else:
                return self._settled(reservation, outcome)

    def _try(self, claim: TimeClaim, limit_field: str) -> Completion | RequestProblem | None:
        services, owner = self._services, self._account.agent
        # An agent that has its share of the places waits for nobody but itself: its clock goes on.
        with nullcontext() if services.slots.has_fair_share(owner) else claim.excluding():
            if not services.slots.acquire(owner, self._excluded.over):
                return None
        started = time.monotonic()
        try:
            completion = services.upstream.ask(self._request.body(limit_field), self._limits.response_bytes)
        except RequestProblem as problem:
            return problem
        else:
            services.known_good.succeeded(self._request.model, started)
            return completion
        finally:
            services.slots.release(owner)

    def _lowered(self, trouble: Trouble) -> bool:
        """Whether a limit that is ours was too large for this prompt, and has been lowered for another try."""
        limit = self._request.max_tokens
        if not (self._request.is_our_limit and trouble.too_large and limit > LOWEST_LIMIT):
            return False
        self._request = self._request.lowered(max(LOWEST_LIMIT, limit // LOWER))
        return True

    def _after(
        self, trouble: Trouble, claim: TimeClaim, reservation: Reservation, started: float
    ) -> Reservation | None:
        """Wait until it is time for another try, and return the reservation it is made on; None if there is none."""
        over, ledger = self._excluded.over, self._services.ledger
        if not trouble.may_pass or over.is_set() or self._is_late_again(trouble, claim, started):
            return None
        pause = self._pauses.after(
            trouble.pause, self._excluded.excluded_seconds, is_rate_limit=trouble.is_rate_limit
        )
        if pause is None:
            return None
        with claim.excluding():
            if over.wait(pause):
                return None
        if not trouble.billed:
            return reservation
        try:
            following = ledger.rereserve(reservation)
        except OverBudgetError:
            return None
        self._lost += reservation.most
        return following

    def _is_late_again(self, trouble: Trouble, claim: TimeClaim, started: float) -> bool:
        """Whether no answer comes in time for a second time, while a plain request gets one."""
        self._timeouts += trouble.is_timeout
        if not trouble.is_timeout or self._timeouts < 2:
            return False
        with claim.excluding():
            return self._services.known_good.trouble_since(self._request.model, started) is None

    def _verdict(self, trouble: Trouble, claim: TimeClaim, reservation: Reservation, begun: float) -> CallResult:
        """Settle who is to blame for trouble that stayed: the request, if others get a completion meanwhile.

        Raises:
            InferenceError: it is the provider.
        """
        with claim.excluding():
            known = self._services.known_good.trouble_since(self._request.model, begun)
        if known is None:
            claim.retract()
            self._services.ledger.blame(self._account, self._lost)
            spent = self._request.most if trouble.billed else Cost(calls=1)
            self._settle(reservation, Bill(listed=spent, paid=spent))
            return CallResult(_blamed(trouble), spent + self._lost)
        self._services.ledger.acquit(self._account, self._lost)
        if trouble.billed:
            self._services.ledger.charge_as_lost(reservation)
        else:
            self._services.ledger.settle(reservation, Bill(listed=NO_COST, paid=NO_COST))
        raise InferenceError(self._void(trouble, known))

    def _void(self, trouble: Trouble, known: Trouble) -> str:
        """Return why the run is void, in words of which none is the agent's."""
        often = "once" if self._pauses.tries == 1 else f"{self._pauses.tries} times"
        return (
            f"the LLM's provider failed {often}, lastly with {trouble.kind}, and does not answer a plain request"
            f" either ({known}); the run is void: {remedy(known)}"
        )

    def _settled(self, reservation: Reservation, outcome: Completion | RequestProblem | None) -> CallResult:
        bill = self._bill(outcome)
        self._settle(reservation, bill)
        return CallResult(outcome, bill.paid)

    def _settle(self, reservation: Reservation, bill: Bill) -> None:
        self._services.ledger.settle(reservation, bill)
        reservation.kept.result()  # nobody gets what a crash of the machine could make us forget

    def _bill(self, outcome: Completion | RequestProblem | None) -> Bill:
        request = self._request
        if isinstance(outcome, Completion):
            return bill_of(outcome, request.price, request.prompt_bytes, request.most)
        spent = NO_COST
        if isinstance(outcome, RequestProblem):
            spent = request.most if outcome.billed else Cost(calls=1)
        return Bill(listed=spent, paid=spent)


def _blamed(trouble: Trouble) -> RequestProblem:
    """Return what an agent hears whose request alone gets no completion."""
    if trouble.is_timeout:
        message = f"no completion came in time ({trouble.kind}), while other requests get one; ask for a shorter one"
        return RequestProblem(504, "llm_timeout", message, kind="timeout")
    status = trouble.status or 502
    if status in _OURS or status < 400:
        status = 400
    message = f"the LLM's provider refused the request, while it completes others: {trouble}"
    return RequestProblem(502 if status >= 500 else status, "refused_by_provider", message)


_OURS = (401, 402, 407)
"""Statuses about keys and money, which an agent would take to be about its own."""
