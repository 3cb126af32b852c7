"""Retries with backoff: how often, with which pauses, and for how long in all."""

import time
from dataclasses import dataclass

from bitsec_eval.support.backoff import pause_seconds

LONGEST_PAUSE_SECONDS = 30.0
RATE_LIMIT_SECONDS = 75.0
"""How long an evaluation waits for a rate limit at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often a call is tried, how long the first pause is, and how long all troubles of a run may last.

    A rate limit is waited for at least `rate_limit_seconds`, however many tries that takes: what one agent used up
    must void neither others' runs nor its own, and most providers count by the minute.
    """

    tries: int = 5
    pause_seconds: float = 0.5
    run_seconds: float = 300.0
    rate_limit_seconds: float = 0.0

    def pauses(self) -> "Pauses":
        """Return the pauses of one call."""
        return Pauses(self)


class Pauses:
    """Counts the tries of one call."""

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._begun = time.monotonic()
        self.tries = 1

    def after(self, asked: float | None, lost_seconds: float, *, is_rate_limit: bool = False) -> float | None:
        """Return the seconds until the next try, None if there is none.

        `asked` is the pause that the provider asks for, `lost_seconds` what troubles have cost so far.
        """
        policy = self._policy
        patient = is_rate_limit and time.monotonic() - self._begun < policy.rate_limit_seconds
        own = pause_seconds(self.tries, policy.pause_seconds, LONGEST_PAUSE_SECONDS, jitter=True)
        pause = own if asked is None else asked
        if self.tries >= policy.tries:
            pause = max(pause, own)  # whoever asks for no pause would be asked without one all the time
        if (self.tries >= policy.tries and not patient) or lost_seconds + pause > policy.run_seconds:
            return None
        self.tries += 1
        return pause
