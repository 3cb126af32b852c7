"""Plain values as tagged JSON: what may cross between a check and a solution, type-exact.

The guest writes the same form (`sandbox/guest/runner.py`); this side reads it as an enemy's.
Nothing is ever unpickled, imported or evaluated: a value is built from tags, or refused.

| value     | form                    | value           | form                            |
|-----------|-------------------------|-----------------|---------------------------------|
| None      | `["n"]`                 | list, tuple     | `["l", [...]]`, `["t", [...]]`  |
| bool      | `["b", true]`           | set, frozenset  | `["S", [...]]`, `["F", [...]]`  |
| int       | `["i", "-0x1f"]`        | dict            | `["d", [[key, value], ...]]`    |
| float     | `["f", "0x1.8p+1"]`     | handle          | `["h", number, "type name"]`    |
| str       | `["s", "text"]`         |                 |                                 |
| bytes     | `["y", "00ff"]`         |                 |                                 |
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, Never

DEPTH = 60
"""How deep values may nest; both sides refuse deeper ones."""

SAME_HASH = 64
"""How many elements of one set or dict may share a hash: more is an attack on the host's time."""

_INT_CHARACTERS = 1 << 18


class ValueFault(Exception):  # noqa: N818 - says what is wrong with a value, whoever made it
    """A value that is not plain, or bytes that are not a value."""


@dataclass(frozen=True, slots=True)
class HandleRef:
    """An object that stayed in the container: its number there and the name of its type."""

    number: int
    type_name: str


def encode(value: object, depth: int = 0) -> list[Any]:
    """Return the tagged form of `value`.

    Raises:
        ValueFault: the value, or one inside it, is not exactly of a plain type, or nests deeper than `DEPTH`.
    """
    if depth > DEPTH:
        raise ValueFault(f"nests deeper than {DEPTH} levels")
    kind = type(value)
    if kind is HandleRef:
        return ["h", value.number, value.type_name]  # type: ignore[attr-defined]
    writer = _WRITERS.get(kind)
    if writer is None:
        raise ValueFault(f"{kind.__name__} is not plain data")
    return writer(value, depth + 1)


def _encode_all(values: Iterable[object], depth: int) -> list[Any]:
    return [encode(value, depth) for value in values]


_WRITERS: dict[type, Callable[[Any, int], list[Any]]] = {
    type(None): lambda value, depth: ["n"],
    bool: lambda value, depth: ["b", value],
    int: lambda value, depth: ["i", hex(value)],
    float: lambda value, depth: ["f", value.hex()],
    str: lambda value, depth: ["s", value],
    bytes: lambda value, depth: ["y", value.hex()],
    list: lambda value, depth: ["l", _encode_all(value, depth)],
    tuple: lambda value, depth: ["t", _encode_all(value, depth)],
    set: lambda value, depth: ["S", _encode_all(value, depth)],
    frozenset: lambda value, depth: ["F", _encode_all(value, depth)],
    dict: lambda value, depth: ["d", [_encode_all(pair, depth) for pair in value.items()]],
}


def decode(form: object, depth: int = 0) -> Any:
    """Return the value of a tagged form: a plain value, or a `HandleRef` where an object stayed behind.

    Raises:
        ValueFault: the form is not one `encode` could have made.
    """
    if depth > DEPTH:
        raise ValueFault(f"nests deeper than {DEPTH} levels")
    if type(form) is not list or not form or type(form[0]) is not str:
        raise ValueFault("not a tagged value")
    reader = _READERS.get(form[0])
    if reader is None or len(form) != _LENGTHS.get(form[0], 2):
        raise ValueFault("not a tagged value")
    return reader(form, depth + 1)


def _expect(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise ValueFault(f"{type(value).__name__} where a value's {kind.__name__} belongs")
    return value


def _items(form: list[Any], depth: int) -> list[Any]:
    return [decode(item, depth) for item in _expect(form[1], list)]


def _int(form: list[Any], _depth: int) -> Any:
    text = _expect(form[1], str)
    if len(text) > _INT_CHARACTERS or text.strip() != text or "_" in text:
        raise ValueFault("an int out of bounds")
    return _parsed(lambda: int(text, 16))


def _parsed(parse: Callable[[], Any]) -> Any:
    try:
        return parse()
    except (ValueError, OverflowError) as error:
        raise ValueFault("a number or bytes that do not parse") from error


def _distinct(values: Collection[Any]) -> Collection[Any]:
    """Refuse what cannot be hashed, and collisions made to keep the host busy."""
    try:
        hashes = Counter(map(hash, values))
    except TypeError as error:
        raise ValueFault("an unhashable value in a set or as a key") from error
    if hashes and max(hashes.values()) > SAME_HASH:
        raise ValueFault("too many elements of one hash")
    return values


def _dict(form: list[Any], depth: int) -> dict[Any, Any]:
    pairs = [_pair(item, depth) for item in _expect(form[1], list)]
    _distinct([key for key, _ in pairs])
    return dict(pairs)


def _pair(item: Any, depth: int) -> tuple[Any, Any]:
    if len(_expect(item, list)) != 2:
        raise ValueFault("a dict's item that is not a pair")
    return decode(item[0], depth), decode(item[1], depth)


def _handle(form: list[Any], _depth: int) -> HandleRef:
    return HandleRef(_expect(form[1], int), _expect(form[2], str)[:200])


_LENGTHS = {"n": 1, "h": 3}
_READERS: dict[str, Callable[[list[Any], int], Any]] = {
    "n": lambda form, depth: None,
    "b": lambda form, depth: _expect(form[1], bool),
    "i": _int,
    "f": lambda form, depth: _parsed(lambda: float.fromhex(_expect(form[1], str))),
    "s": lambda form, depth: _expect(form[1], str),
    "y": lambda form, depth: _parsed(lambda: bytes.fromhex(_expect(form[1], str))),
    "l": _items,
    "t": lambda form, depth: tuple(_items(form, depth)),
    "S": lambda form, depth: set(_distinct(_items(form, depth))),
    "F": lambda form, depth: frozenset(_distinct(_items(form, depth))),
    "d": _dict,
    "h": _handle,
}


def dumps(message: object) -> bytes:
    """Return a message of JSON's own types as ASCII bytes."""
    return json.dumps(message, separators=(",", ":")).encode("ascii")


def loads(payload: bytes) -> Any:
    """Return the JSON message in `payload`, which an enemy may have written.

    Raises:
        ValueFault: not ASCII JSON, too deep, or holding NaN, Infinity, a duplicate key or an absurd number.
    """
    try:
        return json.loads(
            payload.decode("ascii"),
            parse_constant=_no_constant,
            object_pairs_hook=_object,
            parse_int=_small_int,
        )
    except RecursionError:
        raise ValueFault("a message that nests too deep") from None
    except ValueError as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise ValueFault("a message that is not JSON") from error


def _no_constant(name: str) -> Never:
    raise ValueFault(f"{name} in a message")


def _small_int(digits: str) -> int:
    if len(digits) > 18:
        raise ValueFault("an int out of bounds in a message")
    return int(digits)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueFault("a duplicate key in a message")
    return result
