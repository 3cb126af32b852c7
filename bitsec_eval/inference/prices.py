"""What models cost: a TOML file with a price per million tokens, in US dollars, for each model that may be asked.

[models."openai/gpt-4o-mini"]
prompt = 0.15
completion = 0.60
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
_FORM = '[models."NAME"] with prompt = and completion = in US dollars per million tokens'


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one token costs, in pico-dollars, and how the provider calls the limit of a completion."""

    prompt: int = 0
    completion: int = 0
    max_tokens_field: str | None = None

    def cost(self, prompt_tokens: int, completion_tokens: int) -> Cost:
        """Return one call of so many tokens."""
        return Cost(
            calls=1,
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            pico_dollars=prompt_tokens * self.prompt + completion_tokens * self.completion,
        )


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
    if not isinstance(entry, dict) or entry.keys() - {"max_tokens_field"} != {"prompt", "completion"}:
        raise SettingsError(f"{where} is not {_FORM}")
    field = entry.get("max_tokens_field")
    if field not in (None, *FIELDS):
        raise SettingsError(f"{where}: max_tokens_field is one of {', '.join(FIELDS)}")
    return Price(
        prompt=_per_token(where, entry["prompt"]),
        completion=_per_token(where, entry["completion"]),
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
