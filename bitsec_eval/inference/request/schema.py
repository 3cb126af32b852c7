"""Readers of JSON values: each returns a value built anew, or refuses the request by the name of the field.

A reader takes a value and the name of where it stands. Keys of an object that its schema does not name are left out,
and so is a key whose value is null.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bitsec_eval.core.text import one_line
from bitsec_eval.inference.problems import RequestProblem

Reader = Callable[[Any, str], Any]


def wrong(message: str) -> RequestProblem:
    """Return the refusal of a request, status 400."""
    return RequestProblem(400, "invalid_request", message)


def shown(name: str) -> str:
    """Return a name of the agent's as it may stand in a message."""
    return one_line(name, 60)


def text(most: int | None = None) -> Reader:
    """Read a text of at most so many characters."""

    def read(value: Any, where: str) -> str:
        if not isinstance(value, str):
            raise wrong(f"{where} is a text")
        if most is not None and len(value) > most:
            raise wrong(f"{where} has at most {most} characters")
        return value

    return read


def matching(pattern: str, told: str) -> Reader:
    """Read a text of one form, which `told` describes."""
    compiled = re.compile(pattern)

    def read(value: Any, where: str) -> str:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            raise wrong(f"{where} is {told}")
        return value

    return read


def one_of(*values: Any) -> Reader:
    """Read one of a few values."""

    def read(value: Any, where: str) -> Any:
        found = next((each for each in values if type(each) is type(value) and each == value), None)
        if found is None:
            raise wrong(f"{where} is one of {', '.join(str(each) for each in values)}")
        return found

    return read


def flag(value: Any, where: str) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise wrong(f"{where} is true or false")
    return value


def whole(least: int, most: int) -> Reader:
    """Read a whole number within bounds."""

    def read(value: Any, where: str) -> int:
        number = int(value) if isinstance(value, float) and value.is_integer() else value
        if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
            raise wrong(f"{where} is a whole number from {least} to {most}")
        return number

    return read


def number(least: float, most: float) -> Reader:
    """Read a number within bounds."""

    def read(value: Any, where: str) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise wrong(f"{where} is a number from {least:g} to {most:g}")
        if not math.isfinite(value) or not least <= value <= most:
            raise wrong(f"{where} is a number from {least:g} to {most:g}")
        return value

    return read


def listed(reader: Reader, most: int, least: int = 0) -> Reader:
    """Read a list, each value of it with one reader."""

    def read(value: Any, where: str) -> list[Any]:
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise wrong(f"{where} is a list of {least} to {most}")
        return [reader(each, f"{where}[{place}]") for place, each in enumerate(value)]

    return read


def fields(readers: Mapping[str, Reader], needed: Sequence[str] = ()) -> Reader:
    """Read an object: the fields that have readers, in their order, of which some must be there."""

    def read(value: Any, where: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise wrong(f"{where} is an object")
        for name in needed:
            if value.get(name) is None:
                raise wrong(f"{where} has no {name}")
        there = [name for name in readers if value.get(name) is not None]
        return {name: readers[name](value[name], f"{where}.{name}") for name in there}

    return read


def either(first: type, reader: Reader, otherwise: Reader) -> Reader:
    """Read with one reader what is of a type, and all else with another."""
    return lambda value, where: (reader if isinstance(value, first) else otherwise)(value, where)


def plain_object(value: Any, where: str) -> dict[str, Any]:
    """Read an object of any content, as a JSON schema is; its depth is bounded for the whole request."""
    if not isinstance(value, dict):
        raise wrong(f"{where} is an object")
    return value
