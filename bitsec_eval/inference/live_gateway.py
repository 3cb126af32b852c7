"""The gateway to a provider, with everything its sessions share. Only this loads an HTTP client."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from bitsec_eval.core.tasks.llm import LLM
from bitsec_eval.inference.call import LiveServices
from bitsec_eval.inference.cost import Cost
from bitsec_eval.inference.fair_semaphore import FairSemaphore
from bitsec_eval.inference.gateway import Gateway, SessionKey
from bitsec_eval.inference.ledger import Ledger, LedgerAccount
from bitsec_eval.inference.limits import RunLimits, TotalLimits
from bitsec_eval.inference.live_answers import LiveAnswers
from bitsec_eval.inference.prices import Price
from bitsec_eval.inference.provider.known_good import KnownGood
from bitsec_eval.inference.provider.settings import Provider
from bitsec_eval.inference.provider.upstream import Upstream
from bitsec_eval.inference.retry import RetryPolicy
from bitsec_eval.inference.session import Answerer


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveConfig:
    """A provider and what may be used of it; `ledger` is the file of the evaluation's ledger."""

    provider: Provider
    ledger: Path
    run: RunLimits
    total: TotalLimits = field(default_factory=TotalLimits)
    prices: Mapping[str, Price] = field(default_factory=dict)
    retry: RetryPolicy = field(default_factory=RetryPolicy)


class LiveBackend:
    """A `Backend` that answers from a provider."""

    def __init__(self, run: RunLimits, services: LiveServices) -> None:
        self._run = run
        self._services = services
        self._parts: dict[tuple[str, str, int], Cost] = {}
        self._lock = Lock()

    def answerer(self, key: SessionKey, llm: LLM, secret: str) -> Answerer:  # noqa: ARG002 - see Backend
        """See `Backend.answerer`."""
        account = LedgerAccount(key.agent, f"{key.agent}/{key.task}/{key.part}/{secrets.token_hex(4)}")
        limits = self._run.tightened(llm)
        if key.parts > 1:
            limits = limits.within(self._most_for(key))
        return LiveAnswers(account, limits, self._services)

    def _most_for(self, key: SessionKey) -> Cost:
        """Return what one container of a run may spend of the agent's share: an equal part of what the run found.

        So what the first of two containers spends is nothing that the second could find out by being refused.
        """
        with self._lock:
            if (run := (key.agent, key.task, key.repeat)) not in self._parts:
                self._parts[run] = self._services.ledger.left_for(key.agent).part(1, key.parts)
            return self._parts[run]

    def check(self) -> None:
        """See `Backend.check`."""
        self._services.known_good.check(self._run.models)

    def plan(self, runs: Mapping[str, int]) -> None:
        """See `Backend.plan`."""
        self._services.ledger.plan(runs)

    def end_run(self, agent: str) -> None:
        """See `Backend.end_run`."""
        self._services.ledger.end_run(agent)


@contextmanager
def live_gateway(config: LiveConfig, recordings: Path | None = None) -> Iterator[Gateway]:
    """Answer from the provider, and record into a folder if one is given.

    Raises:
        InferenceError: the ledger cannot be written.
    """
    with closing(Ledger(config.ledger, config.total.budget)) as ledger, Upstream(config.provider) as upstream:
        known_good = KnownGood(upstream, config.run, config.prices, config.retry, ledger.charge_validator)
        services = LiveServices(
            ledger=ledger,
            upstream=upstream,
            known_good=known_good,
            slots=FairSemaphore(config.provider.concurrency),
            prices=config.prices,
            retry=config.retry,
        )
        gateway = Gateway(LiveBackend(config.run, services), counted=True, recordings=recordings)
        try:
            yield gateway
        finally:
            known_good.stop()
            gateway.stop()
