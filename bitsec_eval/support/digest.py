"""One digest for several parts, which no other division of the same bytes has."""

import hashlib
from collections.abc import Iterable


def sha256(content: bytes) -> str:
    """Return the SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def sha256_of_parts(parts: Iterable[bytes]) -> str:
    """Return a SHA-256, in hexadecimal, that equals another's only where all parts are equal, one by one.

    >>> sha256_of_parts([b"a", b"bc"]) == sha256_of_parts([b"ab", b"c"])
    False
    """
    total = hashlib.sha256()
    for part in parts:
        total.update(hashlib.sha256(part).digest())
    return total.hexdigest()
