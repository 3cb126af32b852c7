"""Solidity's contract ABI: arguments to bytes, and bytes that an enemy may have made to values.

Types are the dicts of a compiler's JSON ABI: `{"type": "uint256"}`, `{"type": "tuple[]", "components": [...]}`.
Integers are int, addresses are text ("0x" and 40 lower-case digits), `bytes` and `bytesN` are bytes, arrays are
lists, structs are tuples.
Source: Solidity documentation, "Contract ABI Specification".
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bitsec_eval.core.answers.values import ValueFault

WORD = 32
MOST_ELEMENTS = 4096

Type = Mapping[str, Any]

_ARRAY = re.compile(r"(.*)\[(\d*)\]\Z")
_NUMBER = re.compile(r"(u?)int(\d*)\Z")
_FIXED = re.compile(r"bytes(\d+)\Z")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}\Z")


def encode(types: Sequence[Type], values: Sequence[object]) -> bytes:
    """Return the bytes of arguments.

    Raises:
        ValueFault: a value does not fit its type, or there are more or fewer than types.
    """
    if len(types) != len(values):
        raise ValueFault(f"{len(values)} arguments where {len(types)} belong")
    heads, tails = [], []
    for kind, value in zip(types, values, strict=True):
        encoded = _encode(kind, value)
        heads.append(None if is_dynamic(kind) else encoded)
        tails.append(encoded if is_dynamic(kind) else b"")
    size = sum(WORD if head is None else len(head) for head in heads)
    return b"".join(_heads(heads, tails, size)) + b"".join(tails)


def _heads(heads: list[bytes | None], tails: list[bytes], offset: int) -> Iterator[bytes]:
    for head, tail in zip(heads, tails, strict=True):
        yield _word(offset) if head is None else head
        offset += len(tail)


def is_dynamic(kind: Type) -> bool:
    """Whether a type's bytes stand behind the arguments, and only their place among them."""
    name = kind["type"]
    array = _ARRAY.match(name)
    if array:
        return not array[2] or is_dynamic({**kind, "type": array[1]})
    return name in ("bytes", "string") or (name == "tuple" and any(map(is_dynamic, kind["components"])))


def _encode(kind: Type, value: object) -> bytes:
    name = kind["type"]
    array = _ARRAY.match(name)
    if array:
        return _encode_array({**kind, "type": array[1]}, array[2], value)
    if name == "tuple":
        return encode(kind["components"], _listed(value))
    if name in ("bytes", "string"):
        content = value.encode() if isinstance(value, str) and name == "string" else value
        if not isinstance(content, bytes):
            raise ValueFault(f"{type(value).__name__} where {name} belongs")
        return _word(len(content)) + content + bytes(-len(content) % WORD)
    return _encode_word(name, value)


def _encode_array(element: Type, length: str, value: object) -> bytes:
    values = _listed(value)
    if length and int(length) != len(values):
        raise ValueFault(f"{len(values)} elements where {length} belong")
    encoded = encode([element] * len(values), values)
    return encoded if length else _word(len(values)) + encoded


def _listed(value: object) -> list[object]:
    if not isinstance(value, (list, tuple)):
        raise ValueFault(f"{type(value).__name__} where a list belongs")
    return list(value)


def _encode_word(name: str, value: object) -> bytes:
    number = _NUMBER.match(name)
    if number and isinstance(value, int) and not isinstance(value, bool):
        return _encode_number(number, value)
    if name == "bool" and isinstance(value, bool):
        return _word(int(value))
    if name == "address" and isinstance(value, str) and _ADDRESS.match(value):
        return bytes(12) + bytes.fromhex(value[2:])
    fixed = _FIXED.match(name)
    if fixed and isinstance(value, bytes) and len(value) == int(fixed[1]):
        return value + bytes(-len(value) % WORD)
    raise ValueFault(f"{value!r:.80} is no {name}")


def _encode_number(kind: re.Match[str], value: int) -> bytes:
    bits = int(kind[2] or 256)
    low, high = (0, 1 << bits) if kind[1] else (-(1 << (bits - 1)), 1 << (bits - 1))
    if not low <= value < high:
        raise ValueFault(f"{value} does not fit {kind[0]}")
    return (value % (1 << 256)).to_bytes(WORD, "big")


def _word(number: int) -> bytes:
    return number.to_bytes(WORD, "big")


def decode(types: Sequence[Type], data: bytes) -> tuple[Any, ...]:
    """Return the values of `types` that `data` holds; bytes behind them are passed over.

    Raises:
        ValueFault: `data` is too short, points outside itself, or holds what its type cannot.
    """
    return tuple(_decode_all(types, data, 0))


def _decode_all(types: Sequence[Type], data: bytes, base: int) -> Iterator[Any]:
    at = base
    for kind in types:
        if is_dynamic(kind):
            yield _decode(kind, data, base + _size(data, at))
            at += WORD
        else:
            yield _decode(kind, data, at)
            at += _static_size(kind)


def _static_size(kind: Type) -> int:
    array = _ARRAY.match(kind["type"])
    if array:
        return int(array[2]) * _static_size({**kind, "type": array[1]})
    return sum(map(_static_size, kind["components"])) if kind["type"] == "tuple" else WORD


def _decode(kind: Type, data: bytes, at: int) -> Any:
    name = kind["type"]
    array = _ARRAY.match(name)
    if array:
        length = int(array[2]) if array[2] else _size(data, at)
        if length > MOST_ELEMENTS:
            raise ValueFault(f"an array of {length} elements")
        element = {**kind, "type": array[1]}
        return list(_decode_all([element] * length, data, at if array[2] else at + WORD))
    if name == "tuple":
        return tuple(_decode_all(kind["components"], data, at))
    if name in ("bytes", "string"):
        content = _slice(data, at + WORD, _size(data, at))
        return content.decode("utf-8", "backslashreplace") if name == "string" else content
    return _decode_word(name, _slice(data, at, WORD))


def _decode_word(name: str, word: bytes) -> Any:
    value = int.from_bytes(word, "big")
    number, fixed = _NUMBER.match(name), _FIXED.match(name)
    if number:
        bits = int(number[2] or 256)
        value -= (1 << 256) if not number[1] and value >> 255 else 0
        if not (0 <= value < 1 << bits if number[1] else -(1 << bits - 1) <= value < 1 << bits - 1):
            raise ValueFault(f"a number that does not fit {name}")
        return value
    if name == "bool" and value < 2:
        return bool(value)
    if name == "address" and not value >> 160:
        return f"0x{value:040x}"
    if fixed and not any(word[int(fixed[1]) :]):
        return word[: int(fixed[1])]
    raise ValueFault(f"a word that is no {name}")


def _size(data: bytes, at: int) -> int:
    """Return the length or place that stands at `at`, never one that points outside `data`."""
    number = int.from_bytes(_slice(data, at, WORD), "big")
    if number > len(data):
        raise ValueFault("a length beyond what came back")
    return number


def _slice(data: bytes, at: int, size: int) -> bytes:
    if at + size > len(data):
        raise ValueFault("fewer bytes than the values need")
    return data[at : at + size]
