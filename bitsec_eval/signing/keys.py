"""Ed25519 keys in files: the private one in PEM (PKCS 8), readable for its owner alone, and the public one as a word.

A public key is written as `ed25519:` and the base64 of its 32 bytes.
"""

import base64
import binascii
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.text import one_line
from bitsec_eval.support.atomic_files import write_bytes

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
        load_pem_private_key,
    )
except ModuleNotFoundError as error:
    raise SettingsError(f"{error.name} is not installed; pip install 'bitsec-eval[sign]'") from None

KIND = "ed25519:"
OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key by its word."""

    text: str

    @staticmethod
    def of(text: str) -> "PublicKey":
        """Return the key that `text` spells.

        Raises: ValueError where it is none.
        """
        try:
            raw = base64.b64decode(text.removeprefix(KIND), validate=True)
        except binascii.Error:
            raw = b""
        canonical = KIND + base64.b64encode(raw).decode()
        if len(raw) != 32 or text != canonical:
            raise ValueError(f"{text[:60]!r} is no public key of the form {KIND}BASE64")
        return PublicKey(text)

    def holds(self, signature: bytes, content: bytes) -> bool:
        """Whether `signature` is that of `content` by this key."""
        raw = base64.b64decode(self.text.removeprefix(KIND))
        try:
            Ed25519PublicKey.from_public_bytes(raw).verify(signature, content)
        except (InvalidSignature, ValueError):
            return False
        return True


class SigningKey:
    """A private key, which signs."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @property
    def public(self) -> PublicKey:
        """The public key of it."""
        raw = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return PublicKey(KIND + base64.b64encode(raw).decode())

    def sign(self, content: bytes) -> bytes:
        """Return the signature of `content`, 64 bytes."""
        return self._key.sign(content)


def default_path(environ: Mapping[str, str]) -> Path:
    """Return where a validator's key is kept unless it is told."""
    return Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "bitsec-eval" / "signing.pem"


def read_key(path: Path) -> SigningKey:
    """Return the private key in a file.

    Raises: SettingsError where there is none, or others may read it.
    """
    shown = one_line(str(path))
    try:
        if os.name == "posix" and path.stat().st_mode & OTHERS:
            raise SettingsError(f"{shown}: others may read this key; chmod 600 it, or make a new one if they did")
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise SettingsError(f"{shown}: the key cannot be read ({error.strerror}); give --key=FILE") from None
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise SettingsError(f"{shown}: is no private Ed25519 key in PEM; give --key=FILE, or a new name to make one")
    return SigningKey(key)


def made_key(path: Path) -> SigningKey:
    """Return a new private key, kept at `path` (0600); whoever is first decides, also among several at once.

    Raises: SettingsError where it cannot be written.
    """
    fresh = Ed25519PrivateKey.generate()
    pem = fresh.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_bytes(path, pem, mode=0o600, replace=False, durable=True)
    except FileExistsError:
        return read_key(path)
    except OSError as error:
        raise SettingsError(f"{one_line(str(path))}: cannot be written ({error.strerror}); give --key=FILE") from None
    return SigningKey(fresh)
