"""The body of a provider's response: read within bounds of bytes and time, unpacked, and parsed as JSON."""

import json
import time
import zlib
from typing import Any

import httpx

from bitsec_eval.inference.provider.trouble import Trouble

_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


class TooLargeError(Exception):
    """A body is longer than was allowed."""


def read_body(response: httpx.Response, most_bytes: int, deadline: float) -> bytes:
    """Return the whole body, unpacked where the provider packed it although nobody asked it to.

    Raises:
        TooLargeError: it is longer than `most_bytes`, packed or unpacked.
        Trouble: it did not come before `deadline` (of time.monotonic), or cannot be unpacked.
    """
    body = bytearray()
    unpack = _unpacking(response.headers.get("content-encoding", ""))
    for chunk in response.iter_raw():
        body += unpack(chunk, most_bytes + 1 - len(body))
        if len(body) > most_bytes:
            raise TooLargeError
        if time.monotonic() > deadline:
            raise Trouble("no whole answer in time", billed=True, is_timeout=True)
    return bytes(body)


def _unpacking(encoding: str) -> Any:
    """Return what turns a chunk into at most so many bytes of the body."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return lambda chunk, most: chunk
    if name not in _WINDOWS:
        raise Trouble(f"an answer in a Content-Encoding that nobody asked for, {name[:20]!r}", billed=True)
    packed = zlib.decompressobj(_WINDOWS[name])

    def unpack(chunk: bytes, most: int) -> bytes:
        try:
            return packed.decompress(chunk, most)
        except zlib.error:
            raise Trouble(f"an answer that is no {name}, although it says so", billed=True) from None

    return unpack


def parsed(body: bytes) -> Any:
    """Return the JSON in a body, with or without a byte order mark; None where there is none.

    A body in which an object has no finite numbers, or is nested too deep, holds none.
    """
    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")
