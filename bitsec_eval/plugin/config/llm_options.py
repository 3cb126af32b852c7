"""The options of the LLM, each on the command line and in pytest.ini."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.inference.limits import RunLimits, TotalLimits

BASE_URL = "https://api.openai.com/v1"
RUN, TOTAL = RunLimits(), TotalLimits()


@dataclass(frozen=True, slots=True)
class Option:
    """One option: `--bitsec-NAME` on the command line, `bitsec_NAME` in pytest.ini."""

    name: str
    kind: Callable[[str], Any]
    default: Any
    metavar: str
    help: str

    @property
    def flag(self) -> str:
        """How it is written on the command line."""
        return f"--bitsec-{self.name}"

    @property
    def ini(self) -> str:
        """How it is written in pytest.ini."""
        return f"bitsec_{self.name.replace('-', '_')}"


OPTIONS = (
    Option("llm", str, "off", "MODE", "whether agents may ask an LLM: off, live, record or replay"),
    Option("llm-base-url", str, BASE_URL, "URL", "where the LLM is"),
    Option("llm-models", str, "", "A,B", "the models agents may ask (default: those with a price)"),
    Option("llm-prices", str, "", "FILE", "TOML file with the price of each model"),
    Option("llm-recordings", str, "", "DIR", "where recordings are kept (default: llm/ in the results)"),
    Option("llm-calls", int, RUN.calls, "N", "calls a run may make"),
    Option("llm-prompt-tokens", int, RUN.prompt_tokens, "N", "tokens a run may send"),
    Option("llm-completion-tokens", int, RUN.completion_tokens, "N", "tokens a run may get"),
    Option("llm-cost", float, RUN.cost, "USD", "money a run may spend"),
    Option("llm-max-tokens", int, RUN.max_tokens, "N", "tokens one completion may have"),
    Option("llm-request-bytes", int, RUN.request_bytes, "N", "bytes one request may have"),
    Option("llm-response-bytes", int, RUN.response_bytes, "N", "bytes one response may have"),
    Option("llm-total-calls", int, TOTAL.calls, "N", "calls all runs may make together"),
    Option("llm-total-prompt-tokens", int, TOTAL.prompt_tokens, "N", "tokens all runs may send together"),
    Option("llm-total-completion-tokens", int, TOTAL.completion_tokens, "N", "tokens all runs may get together"),
    Option("llm-total-cost", float, TOTAL.cost, "USD", "money all runs may spend together"),
    Option("llm-jobs", int, 32, "N", "runs that may wait for the LLM at the same time, besides --bitsec-jobs"),
    Option("llm-concurrency", int, 32, "N", "calls to the LLM at the same time"),
    Option("llm-timeout", float, 120.0, "SECONDS", "how long one try may take"),
    Option("llm-tries", int, 5, "N", "tries before a run is void"),
    Option(
        "llm-patience", float, 300.0, "SECONDS", "how long the LLM's troubles may hold up a run before it is void"
    ),
)
_BY_NAME = {option.name: option for option in OPTIONS}


def add_llm_options(parser: pytest.Parser) -> None:
    """Add the options to pytest's command line and to pytest.ini."""
    group = parser.getgroup("bitsec")
    for option in OPTIONS:
        told = f"{option.help} (default: {option.default})" if option.default != "" else option.help
        group.addoption(option.flag, metavar=option.metavar, help=told)
        parser.addini(option.ini, f"{told}; as {option.flag}")


class Told:
    """What the operator said: on the command line, else in pytest.ini, else nothing."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def said(self, name: str) -> bool:
        """Whether an option was given at all."""
        return bool(self._text(name))

    def value(self, name: str) -> Any:
        """Return an option's value.

        Raises:
            SettingsError: it is none of its kind.
        """
        option, text = _BY_NAME[name], self._text(name)
        if not text:
            return option.default
        try:
            return option.kind(text)
        except ValueError:
            kind = "a whole number" if option.kind is int else "a number"
            raise SettingsError(f"{option.flag} {text}: not {kind}; try {option.flag}={option.default}") from None

    def path(self, name: str) -> Path:
        """Return a path, from where pytest was called or, for one in pytest.ini, from that file."""
        on_command_line = self._config.getoption(_BY_NAME[name].flag) is not None
        ini = self._config.inipath
        start = self._config.invocation_params.dir if on_command_line or ini is None else ini.parent
        return start / str(self.value(name))

    def limits(self, prefix: str, names: tuple[str, ...]) -> dict[str, Any]:
        """Return the values of some limits by the names their values have."""
        return {name: self.value(f"{prefix}-{name.replace('_', '-')}") for name in names}

    def _text(self, name: str) -> str:
        option = _BY_NAME[name]
        given = self._config.getoption(option.flag)
        return str(given if given is not None else self._config.getini(option.ini) or "")
