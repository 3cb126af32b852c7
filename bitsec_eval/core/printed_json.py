"""The JSON in what an agent printed: all of it, or its last closed ```json block, read by the letter of the standard.

Nothing an agent can print makes this raise anything but `AnswerFault`, or take more than in proportion to its length.
"""

import json
import math
import re
from typing import NoReturn

from bitsec_eval.core.errors import AnswerFault
from bitsec_eval.core.text import one_line

MOST_DIGITS = 64
MOST_DEPTH = 64
MOST_CHARACTERS = 8 << 20

FORM = 'print one JSON object, {"vulnerabilities": [{"title": "...", ...}]}'
"""What to print instead, for a message."""

_BRACKETS = re.compile(r'"(?:[^"\\]+|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)


def json_in(text: str) -> object:
    """Return the value that `text`, an agent's whole output, spells.

    Raises:
        AnswerFault: it spells none; the message says where and why.
    """
    if len(text) > MOST_CHARACTERS:
        raise AnswerFault(
            f"the report is not of a readable size: {len(text)} characters, the most is {MOST_CHARACTERS}; "
            "report fewer findings in fewer words"
        )
    whole = text.strip().removeprefix("\ufeff")
    if not whole:
        raise AnswerFault(f"the report is not there: the agent printed nothing; {FORM}")
    try:
        return _strict_json(whole)
    except ValueError as error:
        block = _last_block(whole)
        if block is None:
            raise _not_json(error, whole) from None
    try:
        return _strict_json(block)
    except ValueError as error:
        raise _not_json(error, block) from None


def _not_json(error: ValueError, text: str) -> AnswerFault:
    shown = one_line(text[:60], 60)
    return AnswerFault(f"the report is not JSON: {one_line(str(error))}; it begins '{shown}'; {FORM}")


def _last_block(text: str) -> str | None:
    """Return what stands in the last closed fence marked json or nothing, None without one."""
    block, opened = None, None
    lines = text.splitlines()
    for number, line in enumerate(lines):
        fence = line.strip().lower()
        if opened is not None and fence == "```":
            block, opened = "\n".join(lines[opened + 1 : number]), None
        elif opened is None and fence in {"```", "```json"}:
            opened = number
    return block


def _strict_json(text: str) -> object:
    """Return the value `text` spells, read by the letter of the standard.

    Raises:
        ValueError: it is no JSON, or JSON no honest report needs.
    """
    _check_depth(text)
    value: object = json.loads(
        text,
        object_pairs_hook=_object,
        parse_constant=_refuse_constant,
        parse_int=_whole,
        parse_float=_finite,
    )
    return value


def _check_depth(text: str) -> None:
    depth = 0
    for match in _BRACKETS.finditer(text):
        if match.group() in "[{":
            depth += 1
        elif match.group() in "]}":
            depth -= 1
        if depth > MOST_DEPTH:
            raise ValueError(f"more than {MOST_DEPTH} brackets deep at character {match.start()}")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made: dict[str, object] = {}
    for key, value in pairs:
        if key in made:
            raise ValueError(f"an object has two {key[:60]!r}")
        made[key] = value
    return made


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{digits[:40]} is too large a number")
    return value
