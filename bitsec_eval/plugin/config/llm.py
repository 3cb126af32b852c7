"""Settings of the LLM, and the gateway that they ask for.

An HTTP client is loaded only where there is a provider to be asked.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bitsec_eval.core.errors import InferenceError, SettingsError
from bitsec_eval.inference.cassette import keep_seed, kept_seed
from bitsec_eval.inference.gateway import Gateway, off_gateway, replaying_gateway
from bitsec_eval.inference.limits import RunLimits, TotalLimits
from bitsec_eval.inference.prices import Price, priced, read_prices
from bitsec_eval.plugin.config.llm_options import OPTIONS
from bitsec_eval.plugin.config.option import OptionValues

if TYPE_CHECKING:
    from bitsec_eval.inference.live_gateway import LiveConfig

MODES = ("off", "live", "record", "replay")
PROVIDED = ("live", "record")
KEY_VARIABLES = ("BITSEC_LLM_API_KEY", "OPENAI_API_KEY")


@dataclass(frozen=True, slots=True, kw_only=True)
class LLMSettings:
    """What an evaluation was told about the LLM; there is a provision where a provider is to be asked."""

    mode: str
    recordings: Path
    provision: "LiveConfig | None" = None

    @property
    def models(self) -> dict[str, str]:
        """The models that agents may ask, each with its price, "" where it has none; of a recording none is told."""
        if self.provision is None:
            return {}
        prices = self.provision.prices
        return {name: priced(prices[name]) if name in prices else "" for name in self.provision.run.models or ()}

    @property
    def seed(self) -> int | None:
        """The seed with which a replayed evaluation was recorded: agents must see the same names again."""
        return kept_seed(self.recordings) if self.mode == "replay" else None


def llm_settings(config: pytest.Config, results: Path, evaluation: str) -> LLMSettings:
    """Return what `config` says about the LLM.

    Raises:
        SettingsError: an option is wrong, or the environment lacks the key.
    """
    told = OptionValues(config, OPTIONS)
    mode = told.value("llm")
    if mode not in MODES:
        raise SettingsError(f"--bitsec-llm {mode}: choose one of {', '.join(MODES)}")
    recordings = told.path("llm-recordings") if told.said("llm-recordings") else results / "llm"
    if mode == "replay" and not recordings.is_dir():
        raise SettingsError(f"--bitsec-llm=replay: no recordings in {recordings}; make some with --bitsec-llm=record")
    if mode not in PROVIDED:
        return LLMSettings(mode=mode, recordings=recordings)
    ledger = recordings / f"ledger-{evaluation}.jsonl"
    provision = _provision(told, ledger, _workers(config))
    return LLMSettings(mode=mode, recordings=recordings, provision=provision)


@contextmanager
def opened_gateway(settings: LLMSettings, seed: int) -> Iterator[Gateway]:
    """Open the gateway of an evaluation.

    Raises:
        InferenceError: its ledger cannot be written.
    """
    with _gateway(settings) as gateway:
        if settings.mode == "record":
            keep_seed(settings.recordings, seed)
        yield gateway


def check_models(gateway: Gateway) -> None:
    """Make sure, before the first run, that every model answers.

    Raises:
        pytest.UsageError: one does not; the message says what to do.
    """
    try:
        gateway.backend.check()
    except InferenceError as error:
        raise pytest.UsageError(str(error)) from error


def _gateway(settings: LLMSettings) -> AbstractContextManager[Gateway]:
    if settings.provision is not None:
        from bitsec_eval.inference.live_gateway import live_gateway

        return live_gateway(settings.provision, settings.recordings if settings.mode == "record" else None)
    return replaying_gateway(settings.recordings) if settings.mode == "replay" else off_gateway()


def _provision(told: OptionValues, ledger: Path, workers: int) -> "LiveConfig":
    from bitsec_eval.inference.live_gateway import LiveConfig
    from bitsec_eval.inference.provider.settings import Provider
    from bitsec_eval.inference.retry import RATE_LIMIT_SECONDS, RetryPolicy

    prices = read_prices(told.path("llm-prices")) if told.said("llm-prices") else {}
    if not prices and (told.said("llm-cost") or told.said("llm-total-cost")):
        raise SettingsError(
            "--bitsec-llm-cost: money can be limited only where prices are known; give --bitsec-llm-prices"
        )
    return LiveConfig(
        provider=Provider(
            base_url=told.value("llm-base-url"),
            key=key_from(os.environ),
            try_seconds=_positive(told, "llm-timeout"),
            concurrency=max(1, _positive(told, "llm-concurrency") // workers),
        ),
        ledger=ledger,
        run=RunLimits(
            **told.limits("llm", ("calls", "prompt_tokens", "completion_tokens", "cost")),
            **told.limits("llm", ("max_tokens", "request_bytes", "response_bytes")),
            models=_models(told, prices),
        ),
        total=TotalLimits(**told.limits("llm-total", ("calls", "prompt_tokens", "completion_tokens", "cost"))),
        prices=prices,
        retry=RetryPolicy(
            tries=_positive(told, "llm-tries"),
            run_seconds=_positive(told, "llm-patience"),
            rate_limit_seconds=RATE_LIMIT_SECONDS,
        ),
    )


def _positive(told: OptionValues, name: str) -> Any:
    value = told.value(name)
    if not 0 < value < 1e9:
        raise SettingsError(f"--bitsec-{name} {value}: give more than 0")
    return value


def _models(told: OptionValues, prices: Mapping[str, Price]) -> tuple[str, ...]:
    named = tuple(name.strip() for name in told.value("llm-models").split(",") if name.strip())
    unpriced = [name for name in named if prices and name not in prices]
    if unpriced:
        raise SettingsError(f"--bitsec-llm-models: {', '.join(unpriced)} has no price; add it to --bitsec-llm-prices")
    models = named or tuple(prices)
    if not models:
        raise SettingsError(
            "--bitsec-llm: no model to ask; give --bitsec-llm-models=NAME or --bitsec-llm-prices=FILE"
        )
    return models


def key_from(environment: Mapping[str, str]) -> str:
    """Return the provider's key; no message ever shows it.

    Raises:
        SettingsError: there is none, or it cannot be one.
    """
    key = next((environment[name] for name in KEY_VARIABLES if name in environment), None)
    if key is None:
        raise SettingsError(f"no key for the LLM: set {KEY_VARIABLES[0]}, to nothing if the provider wants none")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise SettingsError(f"{KEY_VARIABLES[0]} is no key: it holds a blank or a character that does not print")
    return key


def _workers(config: pytest.Config) -> int:
    """Return how many processes share the provider."""
    return int(config.workerinput["workercount"]) if hasattr(config, "workerinput") else 1
