"""Prices of models: a TOML file with a price per million tokens, in US dollars, for each model that may be asked.

[models."openai/gpt-4o-mini"]
prompt = 0.15
completion = 0.60
cached = 0.075        # prompt tokens that the provider read from its cache; as prompt where it is left out
cache_write = 0.1875  # prompt tokens that it wrote to its cache; as prompt where it is left out
max_tokens_field = "max_completion_tokens"   # if the provider takes no other; else as the agent calls it
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.text import one_line
from bitsec_eval.inference.cost import Cost

FIELDS = ("max_tokens", "max_completion_tokens")
DEAREST = 1_000_000
_OPTIONAL = {"cached", "cache_write", "max_tokens_field"}
_FORM = '[models."NAME"] with prompt = and completion = in US dollars per million tokens'


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one token costs, in pico-dollars, and how the provider calls the limit of a completion."""

    prompt: int = 0
    completion: int = 0
    cached: int | None = None
    cache_write: int | None = None
    max_tokens_field: str | None = None

    def cost(self, prompt_tokens: int, completion_tokens: int, money: int | None = None) -> Cost:
        """Return one call of so many tokens, for that `money` or else for the most that they can cost."""
        return Cost(
            calls=1,
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            pico_dollars=self.dearest(prompt_tokens, completion_tokens) if money is None else money,
        )

    def money(self, prompt: int, completion: int, cached: int = 0, written: int = 0) -> int:
        """Return the pico-dollars of so many tokens; `cached` and `written` ones are not among those of `prompt`."""
        read = self.prompt if self.cached is None else self.cached
        write = self.prompt if self.cache_write is None else self.cache_write
        return prompt * self.prompt + completion * self.completion + cached * read + written * write

    def dearest(self, prompt: int, completion: int) -> int:
        """Return the most pico-dollars that so many tokens can cost: every prompt token at its highest price."""
        highest = max(self.prompt, self.cached or 0, self.cache_write or 0)
        return prompt * highest + completion * self.completion


def priced(price: Price) -> str:
    """Return a price as a text, in US dollars per million tokens.

    >>> priced(Price(prompt=150_000, completion=600_000)), priced(Price(prompt=1_000_000, cached=500_000))
    ('prompt 0.15, completion 0.6', 'prompt 1, completion 0, cached 0.5')
    """
    told = {
        "prompt": price.prompt,
        "completion": price.completion,
        "cached": price.cached,
        "cache_write": price.cache_write,
    }
    return ", ".join(f"{name} {pico / 1_000_000:g}" for name, pico in told.items() if pico is not None)


def read_prices(path: Path) -> Mapping[str, Price]:
    """Return the price of every model in a file, in its order.

    Raises:
        SettingsError: the file cannot be read or is no price table.
    """
    try:
        told = tomllib.loads(path.read_text("utf-8"), parse_float=Decimal)
    except OSError as error:
        raise SettingsError(f"prices {path}: cannot be read ({error.strerror}); name a TOML file") from error
    except ValueError as error:
        raise SettingsError(f"prices {path}: {one_line(str(error))}; it is TOML: {_FORM}") from error
    models = told.get("models")
    if not isinstance(models, dict) or not models:
        raise SettingsError(f"prices {path}: no models; write {_FORM}")
    return {name: _price(f"prices {path}: model {one_line(name)}", entry) for name, entry in models.items()}


def _price(where: str, entry: Any) -> Price:
    if not isinstance(entry, dict) or entry.keys() - _OPTIONAL != {"prompt", "completion"}:
        raise SettingsError(f"{where} is not {_FORM}, and perhaps {', '.join(sorted(_OPTIONAL))}")
    field = entry.get("max_tokens_field")
    if field not in (None, *FIELDS):
        raise SettingsError(f"{where}: max_tokens_field is one of {', '.join(FIELDS)}")
    return Price(
        prompt=_per_token(where, entry["prompt"]),
        completion=_per_token(where, entry["completion"]),
        cached=_per_token(where, entry["cached"]) if "cached" in entry else None,
        cache_write=_per_token(where, entry["cache_write"]) if "cache_write" in entry else None,
        max_tokens_field=field,
    )


def _per_token(where: str, price: object) -> int:
    is_number = isinstance(price, (int, Decimal)) and not isinstance(price, bool) and Decimal(price).is_finite()
    if not is_number or not 0 <= Decimal(str(price)) <= DEAREST:
        raise SettingsError(f"{where}: a price is a number of US dollars per million tokens, 0 or more")
    pico = Decimal(str(price)) * 1_000_000  # dollars per million tokens -> 1e-12 dollars per token
    if pico != pico.to_integral_value():
        raise SettingsError(f"{where}: a price has at most 6 decimals")
    return int(pico)
