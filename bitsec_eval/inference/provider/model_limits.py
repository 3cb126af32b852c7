"""The completion limit of a model: the name of its field, and the largest value where the limit is ours."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLimits:
    """What the known-good request found out; `max_tokens` bounds limits of ours, never an agent's own."""

    limit_field: str
    max_tokens: int
