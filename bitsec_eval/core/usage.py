"""Usage of the LLM by agents."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

COST_DECIMALS = 12
TIEBREAKS = ("none", "cost")
"""What may rank agents of equal score: nothing, so that they share a rank, or what their runs cost."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Usage:
    """What was used of the LLM: calls, tokens, US dollars, and the seconds spent waiting for it."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    waiting_seconds: float = 0.0


def total_usage(parts: Iterable[Usage | None]) -> Usage | None:
    """Return the sum of all that is known, the same in whatever order; None where nothing is.

    >>> total_usage([None, Usage(calls=1, cost=0.1), Usage(calls=2, cost=0.2)])
    Usage(calls=3, prompt_tokens=0, completion_tokens=0, cost=0.3, waiting_seconds=0.0)
    """
    known = [part for part in parts if part is not None]
    if not known:
        return None
    return Usage(
        calls=sum(part.calls for part in known),
        prompt_tokens=sum(part.prompt_tokens for part in known),
        completion_tokens=sum(part.completion_tokens for part in known),
        cost=round(math.fsum(part.cost for part in known), COST_DECIMALS),
        waiting_seconds=round(math.fsum(part.waiting_seconds for part in known), 3),
    )
