"""Owner tokens: made by chance, returned once, kept as a hash, compared in constant time."""

import hashlib
import hmac
import re
import secrets

_CHOSEN = re.compile(r"[A-Za-z0-9_-]{32,128}", re.ASCII)


def new_token() -> str:
    """Return 256 bits of chance, safe in a header and in a form."""
    return secrets.token_urlsafe(32)


def is_strong(token: str) -> bool:
    """Whether a token the client chose is long enough to be taken."""
    return _CHOSEN.fullmatch(token) is not None


def token_hash(token: str) -> str:
    """Return what is stored; a fast hash is enough for a secret that cannot be guessed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def owns(token: str, stored_hash: str | None) -> bool:
    """Whether `token` is the one hashed, in a time that depends on neither; None belongs to no token."""
    matches = hmac.compare_digest(token_hash(token), stored_hash or "-" * 64)
    return matches and stored_hash is not None
