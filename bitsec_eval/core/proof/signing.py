"""Signatures of named accounts, over digests that the project under test computes: ECDSA on secp256k1.

Keys are drawn from the evaluation's seed and guard nothing, so none of this is fit for keys that do.
Source: SEC 1 (signatures) and SEC 2 (curve parameters), Standards for Efficient Cryptography Group.
"""

import hashlib
from functools import lru_cache

_P = 2**256 - 2**32 - 977
_N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_G = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)
Point = tuple[int, int] | None


def key_of(seed: str) -> int:
    """Return the private key that `seed` draws."""
    return 1 + int.from_bytes(hashlib.sha256(seed.encode()).digest(), "big") % (_N - 1)


@lru_cache(maxsize=1024)  # a scenario is played again and again, with the same orders
def sign(key: int, digest: bytes) -> tuple[int, int, int]:
    """Return v (27 or 28), r and s (of the lower half) of a 32-byte digest's signature."""
    number = int.from_bytes(digest, "big")
    once = 1 + int.from_bytes(hashlib.sha256(key.to_bytes(32, "big") + digest).digest(), "big") % (_N - 1)
    point = _times(once, _G)
    assert point is not None  # noqa: S101 - `once` is less than the order of the curve
    r = point[0] % _N
    s = pow(once, -1, _N) * (number + r * key) % _N
    odd = point[1] & 1
    if s > _N // 2:
        s, odd = _N - s, odd ^ 1
    return 27 + odd, r, s


def _times(factor: int, point: Point) -> Point:
    result: Point = None
    while factor:
        if factor & 1:
            result = _plus(result, point)
        point = _plus(point, point)
        factor >>= 1
    return result


def _plus(one: Point, other: Point) -> Point:
    if one is None or other is None:
        return one or other
    if one[0] == other[0] and (one[1] + other[1]) % _P == 0:
        return None
    if one == other:
        slope = 3 * one[0] * one[0] * pow(2 * one[1], -1, _P) % _P
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, _P) % _P
    x = (slope * slope - one[0] - other[0]) % _P
    return x, (slope * (one[0] - x) - one[1]) % _P
