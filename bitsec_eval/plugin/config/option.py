"""One option, and where its value comes from: the command line, else pytest.ini, else the environment."""

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pytest

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.text import one_line

UNITS = {"SECONDS": "seconds", "USD": "US dollars", "TAO": "TAO"}
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


def flag(text: str) -> bool:
    """Return what a switch in pytest.ini says.

    Raises:
        ValueError: it is neither true nor false.
    """
    if text.lower() not in (*_TRUE, *_FALSE):
        raise ValueError(text)
    return text.lower() in _TRUE


def words(text: str) -> tuple[str, ...]:
    """Return the names in a list that is separated by commas or blanks."""
    return tuple(text.replace(",", " ").split())


def addresses(text: str) -> tuple[str, ...]:
    """Return the addresses in a list that is separated by blanks; commas belong to an address."""
    return tuple(text.split())


_LISTS = (words, addresses)
_KINDS: dict[Callable[[str], Any], str] = {int: "a whole number", float: "a number", flag: "true or false"}


@dataclass(frozen=True, slots=True)
class Option:
    """One option: `--bitsec-NAME` on the command line, `bitsec_NAME` in pytest.ini, maybe an environment variable.

    `kind` makes the value of a text: str, int, float, `flag`, `words` or `addresses`.
    `automatic` says what is taken where there is no fixed default.
    """

    name: str
    kind: Callable[[str], Any]
    default: Any
    metavar: str
    help: str
    choices: tuple[str, ...] = ()
    environment: str = ""
    unit: str = ""
    automatic: str = ""

    @property
    def flag(self) -> str:
        """How it is written on the command line."""
        return f"--bitsec-{self.name}"

    @property
    def ini(self) -> str:
        """How it is written in pytest.ini."""
        return f"bitsec_{self.name.replace('-', '_')}"

    @property
    def default_text(self) -> str:
        """The default in words; nothing where the option simply need not be given."""
        return self.automatic or ("" if self.default in (None, "", (), False) else str(self.default))

    def parsed(self, text: str, shown: str) -> Any:
        """Return the value of a text; `shown` is the option as the operator wrote it.

        Raises:
            SettingsError: it is none of its kind.
        """
        try:
            value = self.kind(text)
        except ValueError:
            example = self.default if self.default not in (None, "") else "1"
            told = f"{shown} {one_line(text, 100)}: not {_KINDS[self.kind]}; try {shown}={example}"
            raise SettingsError(told) from None
        if self.choices and value not in self.choices:
            raise SettingsError(f"{shown} {one_line(text, 100)}: choose one of {', '.join(self.choices)}")
        return value

    def add_to(self, parser: pytest.Parser, group: Any) -> None:
        """Add the option to pytest's command line and to pytest.ini."""
        told = f"{self.help} (default: {self.default_text})" if self.default_text else self.help
        if self.kind is flag:
            group.addoption(self.flag, action="store_const", const="true", help=told)
        elif self.kind in _LISTS:
            group.addoption(self.flag, metavar=self.metavar, action="append", help=told)
        else:
            group.addoption(self.flag, metavar=self.metavar, help=told)
        parser.addini(self.ini, f"{told}; as {self.flag}")


class OptionValues:
    """What the operator said of `options`: on the command line, else in pytest.ini, else in the environment."""

    def __init__(self, config: pytest.Config, options: Collection[Option]) -> None:
        self._config = config
        self._by_name = {option.name: option for option in options}

    def said(self, name: str) -> bool:
        """Whether an option was given at all."""
        return bool(self._found(name)[0])

    def value(self, name: str) -> Any:
        """Return an option's value.

        Raises:
            SettingsError: it is none of its kind.
        """
        text, shown = self._found(name)
        option = self._by_name[name]
        return option.parsed(text, shown) if text else option.default

    def path(self, name: str) -> Path:
        """Return a path, from where pytest was called or, for one in pytest.ini, from that file."""
        ini = self._config.inipath
        in_ini = self._found(name)[1] == self._by_name[name].ini and ini is not None
        start = ini.parent if in_ini and ini is not None else self._config.invocation_params.dir
        return start / str(self.value(name))

    def limits(self, prefix: str, names: tuple[str, ...]) -> dict[str, Any]:
        """Return the values of some limits by the names their values have."""
        return {name: self.value(f"{prefix}-{name.replace('_', '-')}") for name in names}

    def refuse_unknown(self) -> None:
        """Refuse a misspelt `bitsec_` name in pytest.ini: a limit nobody reads would limit nothing.

        Raises:
            SettingsError: it names the one that was probably meant.
        """
        known = [option.ini for option in self._by_name.values()]
        # Public until pytest 9.1, which deprecates the name.
        given = self._config._inicfg if hasattr(self._config, "_inicfg") else self._config.inicfg
        for name in given:
            if name.startswith("bitsec_") and name not in known:
                near = get_close_matches(name, known, n=1)
                meant = f"did you mean {near[0]}?" if near else "docs/configuration.md lists all"
                raise SettingsError(f"{self._config.inipath}: no option {one_line(name, 60)}; {meant}")

    def _found(self, name: str) -> tuple[str, str]:
        """Return the text that was given, and what the operator wrote it after."""
        option = self._by_name[name]
        given = self._config.getoption(option.flag)
        if given is not None:
            return " ".join(given) if isinstance(given, list) else str(given), option.flag
        in_ini = str(self._config.getini(option.ini) or "").strip()
        if in_ini:
            return in_ini, option.ini
        if option.environment and os.environ.get(option.environment):
            return os.environ[option.environment], option.environment
        return "", option.flag
