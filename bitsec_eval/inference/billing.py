"""Bills a completion by the usage that the provider reports, as far as that can be true.

Counts that are lacking or cannot be true cost the most that the call can have cost. The provider's own price
(`usage.cost`, in US dollars) and discounts for cached prompt tokens count only within what the price table allows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bitsec_eval.inference.completion import Completion
from bitsec_eval.inference.cost import PICO, Cost
from bitsec_eval.inference.numbers import finite, token_count
from bitsec_eval.inference.prices import Price

LONGEST_TOKEN_BYTES = 256
CHEAPEST = 0.05
"""The smallest share of the table's price that a provider's own figure is believed to be."""

PROMPT = ("prompt_tokens", "input_tokens", "prompt_eval_count")
COMPLETION = ("completion_tokens", "output_tokens", "eval_count")
CACHED = ("cached_tokens", "cache_read_input_tokens", "prompt_cache_hit_tokens")
WRITTEN = ("cache_creation_input_tokens", "cache_write_tokens", "cache_creation_tokens")
_DETAILS = ("prompt_tokens_details", "input_tokens_details")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenUsage:
    """Tokens of one call: all of the prompt, those of it read from a cache or written to one, and the completion."""

    prompt: int
    completion: int
    cached: int = 0
    written: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What one call cost: `listed` without any discount, and `paid`, which may be less or more.

    An agent's budget is held by `listed`: were it held by `paid`, an agent could tell from what is left of it whether
    another container sent the same prompt before and filled the provider's cache.
    """

    listed: Cost
    paid: Cost


def bill_of(completion: Completion, price: Price, sent_bytes: int, most: Cost) -> Bill:
    """Return what one call cost; `sent_bytes` is the length of its texts, `most` what it can have cost at most."""
    usage = believable_usage(completion, sent_bytes)
    if usage is None:
        return Bill(listed=most, paid=most)
    listed = price.cost(usage.prompt, usage.completion, money=price.money(usage.prompt, usage.completion))
    return Bill(listed=listed, paid=replace(listed, pico_dollars=_money(completion.usage, usage, price)))


def believable_usage(completion: Completion, sent_bytes: int) -> TokenUsage | None:
    """Return the usage a provider tells, None where it tells none that can be true.

    What cannot be true is fewer tokens than the texts have even if every token were the longest there is, as the
    zeros of a proxy that counts nothing.
    """
    told = completion.usage
    prompt, written = _first(told, PROMPT), _first(told, COMPLETION)
    if prompt is None or written is None:
        return None
    if prompt < _fewest(sent_bytes) or written < _fewest(completion.written_bytes):
        return None
    details: Mapping[str, Any] = next((told[name] for name in _DETAILS if isinstance(told.get(name), dict)), {})
    cached, stored = (_first(details, names) or _first(told, names) or 0 for names in (CACHED, WRITTEN))
    if cached + stored > prompt:
        cached = stored = 0
    return TokenUsage(prompt=prompt, completion=written, cached=cached, written=stored)


def _fewest(text_bytes: int) -> int:
    return -(-text_bytes // LONGEST_TOKEN_BYTES)


def _first(told: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    counts = [count for name in names if (count := token_count(told.get(name))) is not None]
    return counts[0] if counts else None


def _money(told: Mapping[str, Any], usage: TokenUsage, price: Price) -> int:
    """Return what a call cost in pico-dollars: by the provider's own figure if it can be true, else by the table."""
    listed = price.money(usage.prompt - usage.cached - usage.written, usage.completion, usage.cached, usage.written)
    dearest = price.dearest(usage.prompt, usage.completion)
    dollars = finite(told.get("cost"))
    own = None if dollars is None else round(dollars * PICO)
    return own if own is not None and CHEAPEST * listed <= own <= dearest else listed
