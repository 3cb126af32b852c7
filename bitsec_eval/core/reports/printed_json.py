"""The JSON in what an agent printed.

Read by the letter of the standard, and where that fails with what people and models let slip: comments, commas before
a closing bracket, line feeds and lone backslashes inside texts.
All of it, or the last closed block of JSON, or the one object between other text that is what is looked for.
Nothing an agent can print makes this raise anything but `AnswerFault`, or take more than in proportion to its length.
"""

import json
import math
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from bitsec_eval.core.answers.fences import fenced_blocks
from bitsec_eval.core.answers.reasoning import after_reasoning
from bitsec_eval.core.errors import AnswerFault
from bitsec_eval.core.text import one_line

MOST_DIGITS = 64
MOST_DEPTH = 64
MOST_CHARACTERS = 8 << 20

FORM = 'print one JSON object, {"vulnerabilities": [{"title": "...", ...}]}'
"""What to print instead, for a message."""

_LANGUAGES = {"json", "jsonc", "json5"}
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
_OBJECT = re.compile(r'(?:\[\s*+)?\{\s*+"')
_COMMENT = re.compile(r'"((?:[^"\\]|\\.)*+)(?:"|\\?\Z)|//[^\n]*+|/\*(?:.*?\*/|.*\Z)', re.DOTALL)
_COMMA = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|,(?=\s*+[\]}])', re.DOTALL)
_LONE_BACKSLASH = re.compile(r'\\(?:(u[0-9a-fA-F]{4}|["\\/bfnrt])|(.))', re.DOTALL)
_NOT_UTF_8 = re.compile("[\udc80-\udcff]")
_MOST_LOOKS = 4  # times the output's length that is read in search of an object between other text

Wanted = Callable[[object], bool]
"""Whether a value is what is looked for, such as a report."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands where JSON holds something that no honest report needs; `found` says what, in words."""

    found: str


def json_in(text: str, wanted: Wanted) -> object:
    """Return the value that `text`, an agent's whole output, spells.

    `text` is decoded with "surrogateescape", so that a byte that is no UTF-8 can be told.
    Where it is more than JSON, the last closed block of JSON counts, of several the last that is `wanted`.
    Without such a block it is the only `wanted` object between other text.
    What stands before the end of a reasoning block is looked at only if nothing is found after it.

    Raises:
        AnswerFault: it spells none; the message says where and why.
    """
    if len(text) > MOST_CHARACTERS:
        raise AnswerFault(
            f"the report is not of a readable size: {len(text)} characters, the most is {MOST_CHARACTERS}; "
            "report fewer findings in fewer words",
            "the report is too long; report fewer findings in fewer words",
        )
    whole = text.strip().removeprefix("\ufeff").lstrip()
    if not whole:
        told = f"the report is not there: the agent printed nothing; {FORM}"
        raise AnswerFault(told, told)
    try:
        return _json(whole)
    except ValueError as error:
        return _between(whole, wanted, error)


def _between(text: str, wanted: Wanted, error: ValueError) -> object:
    """Return the value that stands in `text` beside something else; `error` says why all of it is no JSON."""
    for answer in after_reasoning(text):
        with suppress(AnswerFault):  # a text may speak of such a tag
            return _found(answer, wanted, error)
    return _found(text, wanted, error)


def _found(text: str, wanted: Wanted, error: ValueError) -> object:
    fenced = [
        (language, content.strip().removeprefix("\ufeff"))
        for language, content, closed in fenced_blocks(text)
        if closed
    ]
    blocks = [content for language, content in fenced if content and _is_json(language, content)]
    if blocks:
        return _last_wanted(blocks, wanted)
    objects = [value for value in _objects(text) if wanted(value)]
    if any(each != objects[0] for each in objects):
        raise AnswerFault(
            f"the report is not clear: {len(objects)} objects in the output are reports; print one of them",
            "the report is not clear: several objects in the output are reports; print one of them",
        )
    if not objects:
        raise _not_json(error, text)
    return objects[0]


def _is_json(language: str, content: str) -> bool:
    return language in _LANGUAGES or (not language and content[:1] in ("{", "["))


def _last_wanted(blocks: list[str], wanted: Wanted) -> object:
    """Return the value of the last block, or of one before it if only that is wanted; the last must be JSON."""
    try:
        last = _json(blocks[-1])
    except ValueError as error:
        raise _not_json(error, blocks[-1]) from None
    values = (_value(block) for block in reversed(blocks))
    return last if wanted(last) else next((value for value in values if wanted(value)), last)


def _value(text: str) -> object:
    try:
        return _json(text.strip())
    except ValueError:
        return None


def _objects(text: str) -> list[object]:
    """Return the outermost JSON objects between other text, as far as looking for them takes its measure of time."""
    found, at, left = [], 0, _MOST_LOOKS * len(text)
    while left > 0 and (start := _OBJECT.search(text, at)):
        end = _end_of_object(text, start.start(), left)
        left -= abs(end) - start.start()
        value = _value(text[start.start() : end]) if end > 0 else None
        at = start.start() + 1 if value is None else end
        found += [] if value is None else [value]
    return found


def _end_of_object(text: str, start: int, most: int) -> int:
    """Return where the object that begins at `start` ends; where it does not, how far was looked, as a negative."""
    depth = 0
    for match in _BRACKETS.finditer(text, start, min(len(text), start + most)):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(match.group(), 0)
        if depth == 0:
            return match.end()
        if depth > MOST_DEPTH:
            return -match.end()
    return -len(text)


def not_utf_8(text: str) -> AnswerFault | None:
    """Return what to say of a text that was decoded with "surrogateescape" and holds a byte that is no UTF-8."""
    odd = _NOT_UTF_8.search(text)
    if odd is None:
        return None
    sixteen = "; it looks like UTF-16" if text.startswith(("\udcff\udcfe", "\udcfe\udcff")) else ""
    byte = ord(odd.group()) - 0xDC00
    return AnswerFault(
        f"the report is not UTF-8: byte 0x{byte:02x} at character {odd.start()}{sixteen}; write it as UTF-8",
        "the report is not UTF-8; write it as UTF-8",
    )


def _not_json(error: ValueError, text: str) -> AnswerFault:
    shown = one_line(text[:60], 60)
    told = f"the report is not JSON: {one_line(str(error))}; it begins '{shown}'; {FORM}"
    return not_utf_8(text) or AnswerFault(told, f"the report is not JSON; {FORM}")


def _json(text: str) -> object:
    """Return the value `text` spells, with or without slips.

    Raises:
        ValueError: it is no JSON either way; what is told is what the standard has against it.
    """
    try:
        return _loaded(text, strict=True)
    except ValueError:
        with suppress(ValueError):
            return _loaded(_mended(text), strict=False)
        raise


def _mended(text: str) -> str:
    """Return `text` without comments and commas before a closing bracket, and with lone backslashes doubled."""
    without = _COMMENT.sub(lambda found: _escaped(found.group()) if found.group()[0] == '"' else " ", text)
    return _COMMA.sub(lambda found: found.group() if found.group()[0] == '"' else "", without)


def _escaped(spelled: str) -> str:
    def escape(found: re.Match[str]) -> str:
        return found.group() if found.group(1) else "'" if found.group(2) == "'" else f"\\{found.group()}"

    return _LONE_BACKSLASH.sub(escape, spelled)


def _loaded(text: str, *, strict: bool) -> object:
    """Return the value `text` spells, texts with control characters only if not `strict`.

    NaN, numbers that are no honest report's and keys that stand twice with different values become `Unreadable`.

    Raises:
        ValueError: it is no JSON, or nested too deep.
    """
    if _NOT_UTF_8.search(text):
        raise ValueError("a byte is no UTF-8")
    _check_depth(text)
    value: object = json.loads(
        text,
        strict=strict,
        object_pairs_hook=_object,
        parse_constant=lambda name: Unreadable(f"{name}, which is no JSON number"),
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
        made[key] = value if key not in made or made[key] == value else Unreadable("given twice, and differently")
    return made


def _whole(digits: str) -> object:
    return int(digits) if len(digits) <= MOST_DIGITS else Unreadable(f"a number of {len(digits)} digits")


def _finite(digits: str) -> object:
    value = float(digits)
    return value if math.isfinite(value) else Unreadable(f"{digits[:40]}, which is too large a number")
