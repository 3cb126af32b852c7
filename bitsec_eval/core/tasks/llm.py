"""A task's limits on the LLM for one run; they only ever tighten what the validator allows."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields

from bitsec_eval.core.errors import TaskError


@dataclass(frozen=True, slots=True, kw_only=True)
class LLM:
    """How much of the LLM one run of a task may use at most.

    A limit that is left out is the validator's, and one that is higher than the validator's changes nothing.
    `calls`, `prompt_tokens`, `completion_tokens` and `cost` (US dollars) are for the whole run; `max_tokens`
    (completion tokens), `request_bytes` and `response_bytes` are for one call; `models` are those that may be asked.

    Raises:
        TaskError: a limit is wrong; the message names it.
    """

    calls: int | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: float | None = None
    max_tokens: int | None = None
    request_bytes: int | None = None
    response_bytes: int | None = None
    models: Iterable[str] = ()

    def __post_init__(self) -> None:
        __tracebackhide__ = True
        for name in (each.name for each in fields(self) if each.name != "models"):
            _check_limit(name, getattr(self, name))
        object.__setattr__(self, "models", _checked_models(self.models))


def _check_limit(name: str, value: object) -> None:
    __tracebackhide__ = True
    if value is None:
        return
    whole = name != "cost"
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        raise TaskError(f"llm {name} must be {'a whole number' if whole else 'US dollars'}, got {value!r}")
    if not (math.isfinite(value) and 0 <= value <= 1e12):
        raise TaskError(f"llm {name} must be 0 or more, got {value!r}")


def _checked_models(models: object) -> tuple[str, ...]:
    __tracebackhide__ = True
    if isinstance(models, str) or not isinstance(models, Iterable):
        raise TaskError(f"llm models must list names of models, got {models!r}")
    listed = tuple(models)
    for name in listed:
        if not isinstance(name, str) or not name:
            raise TaskError(f"llm models must list names of models, got {name!r}")
    return listed
