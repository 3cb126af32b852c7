"""The JSON object in the body of an agent's request, read by the letter of the standard and bounded in depth."""

import json
from typing import Any, Never

from bitsec_eval.core.text import one_line
from bitsec_eval.inference.request.schema import wrong

MOST_DEPTH = 64


def object_in(body: bytes) -> dict[str, Any]:
    """Return the object.

    Raises:
        RequestProblem: the body is something else.
    """
    try:
        asked = json.loads(body.decode("utf-8-sig"), parse_constant=_no_constant, parse_int=_int)
    except RecursionError:
        raise wrong("the body nests too deep") from None
    except ValueError as error:
        raise wrong(f"the body is not JSON in UTF-8: {one_line(str(error), 200)}") from None
    if not isinstance(asked, dict):
        raise wrong("the body is not a JSON object")
    _check_depth(asked)
    return {name: value for name, value in asked.items() if value is not None}


def encoded(whole: dict[str, Any]) -> bytes:
    """Return an object as the body of a request.

    Raises:
        RequestProblem: a text or a number of it cannot be written.
    """
    try:
        return json.dumps(whole, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")
    except UnicodeEncodeError:
        raise wrong("a text holds half a surrogate pair, which is no character") from None
    except ValueError:
        raise wrong("a number is out of range") from None


def _no_constant(name: str) -> Never:
    raise ValueError(f"{name} is no JSON")


def _int(digits: str) -> int:
    if len(digits) > 18:
        raise ValueError("a number is too long")
    return int(digits)


def _check_depth(value: Any) -> None:
    level: list[Any] = [value]
    for _ in range(MOST_DEPTH):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return
    raise wrong(f"the body nests deeper than {MOST_DEPTH} levels")


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
