"""The validator's limits on the LLM: of one run, and of the whole evaluation. Every one of them is set."""

import math
from dataclasses import dataclass, fields, replace
from typing import Any

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.tasks.llm import LLM
from bitsec_eval.inference.cost import Cost, pico_of

MOST_BYTES = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLimits:
    """What one agent may use of the LLM in one container; money in US dollars, `max_tokens` and bytes for each call.

    Raises:
        SettingsError: a limit is negative or no number.
    """

    calls: int = 100
    prompt_tokens: int = 1_000_000
    completion_tokens: int = 200_000
    cost: float = 1.0
    max_tokens: int = 8192
    request_bytes: int = 1 << 20
    response_bytes: int = 4 << 20
    models: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check(self)
        if max(self.request_bytes, self.response_bytes) > MOST_BYTES:
            raise SettingsError(f"request_bytes and response_bytes may be {MOST_BYTES} at most")

    @property
    def budget(self) -> Cost:
        """The limits that add up over calls."""
        return _budget(self)

    def within(self, most: Cost) -> "RunLimits":
        """Return these limits where they are lower than `most`, and `most` where that is."""
        lower = Cost.least(self.budget, most)
        return replace(
            self,
            calls=lower.calls,
            prompt_tokens=lower.prompt_tokens,
            completion_tokens=lower.completion_tokens,
            cost=lower.cost,
        )

    def tightened(self, llm: LLM) -> "RunLimits":
        """Return these limits where they are lower than the task's, and the task's where those are."""
        told = {each.name: getattr(llm, each.name) for each in fields(llm) if each.name != "models"}
        lower: dict[str, Any] = {
            name: min(limit, getattr(self, name)) for name, limit in told.items() if limit is not None
        }
        wanted = tuple(llm.models)
        models = tuple(name for name in self.models if name in wanted) if wanted else self.models
        return replace(self, **lower, models=models)


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalLimits:
    """What all runs of an evaluation may use together.

    Raises:
        SettingsError: a limit is negative or no number.
    """

    calls: int = 10_000
    prompt_tokens: int = 100_000_000
    completion_tokens: int = 20_000_000
    cost: float = 20.0

    def __post_init__(self) -> None:
        _check(self)

    @property
    def budget(self) -> Cost:
        """The limits as a cost."""
        return _budget(self)


def _budget(limits: RunLimits | TotalLimits) -> Cost:
    return Cost(
        calls=limits.calls,
        prompt_tokens=limits.prompt_tokens,
        completion_tokens=limits.completion_tokens,
        pico_dollars=pico_of(limits.cost),
    )


def _check(limits: RunLimits | TotalLimits) -> None:
    for name in (each.name for each in fields(limits) if each.name != "models"):
        value = getattr(limits, name)
        if not math.isfinite(value) or not 0 <= value <= 1e12:
            raise SettingsError(f"{name} must be from 0 to 1e12, got {value!r}")
