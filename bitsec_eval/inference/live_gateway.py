"""The gateway to a provider, with everything its lines share. Only this loads an HTTP client."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bitsec_eval.core.llm import LLM
from bitsec_eval.inference.call import RetryPolicy, Shared
from bitsec_eval.inference.fair_semaphore import FairSemaphore
from bitsec_eval.inference.gateway import Gateway, SessionKey
from bitsec_eval.inference.ledger import Ledger
from bitsec_eval.inference.limits import RunLimits, TotalLimits
from bitsec_eval.inference.live_answers import LiveAnswers
from bitsec_eval.inference.prices import Price
from bitsec_eval.inference.session import Answerer
from bitsec_eval.inference.upstream import Provider, Upstream


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveConfig:
    """A provider and what may be used of it; `ledger` is the file of the evaluation's ledger."""

    provider: Provider
    ledger: Path
    run: RunLimits
    total: TotalLimits = field(default_factory=TotalLimits)
    prices: Mapping[str, Price] = field(default_factory=dict)
    retry: RetryPolicy = field(default_factory=RetryPolicy)


@contextmanager
def live_gateway(provision: LiveConfig, recordings: Path | None = None) -> Iterator[Gateway]:
    """Answer from the provider, and record into a folder if one is given.

    Raises:
        InferenceError: the ledger cannot be written.
    """
    with closing(Ledger(provision.ledger)) as ledger, Upstream(provision.provider) as upstream:
        shared = Shared(
            ledger=ledger,
            upstream=upstream,
            slots=FairSemaphore(provision.provider.concurrency),
            total=provision.total,
            prices=provision.prices,
            retry=provision.retry,
        )

        def answering(name: SessionKey, llm: LLM, _key: str) -> Answerer:
            account = f"{name.agent}/{name.task}/{name.part}/{secrets.token_hex(4)}"
            return LiveAnswers(account, provision.run.tightened(llm), shared)

        gateway = Gateway(answering, counted=True, recordings=recordings)
        try:
            yield gateway
        finally:
            gateway.stop()
