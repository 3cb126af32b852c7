"""Named accounts of a chain: nobody needs their keys to send as them, and some can sign."""

from typing import Protocol

from bitsec_eval.core.proof.signing import sign


class Reverted(Exception):  # noqa: N818 - it is what a transaction did, as often wanted as not
    """A transaction was undone: it reverted, ran out of gas, or its contract was not there."""


class Account:
    """A named account without code; whoever holds the name may send as it."""

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.address = address

    def __repr__(self) -> str:
        return f"<{self.name}>"


class Signer(Account):
    """A named account that can sign."""

    def __init__(self, name: str, address: str, key: int) -> None:
        super().__init__(name, address)
        self._key = key

    def sign(self, digest: bytes) -> bytes:
        """Return the signature of a 32-byte digest: r, s and v, as `ecrecover` is usually fed, 65 bytes."""
        v, r, s = sign(self._key, digest)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([v])


class Addressed(Protocol):
    """Somebody or something on a chain."""

    @property
    def address(self) -> str:
        """Where it is: 0x and 40 digits."""
