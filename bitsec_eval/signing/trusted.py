"""A file of trusted validators: a line each, the public key and the name that it goes by here."""

from pathlib import Path

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.text import one_line
from bitsec_eval.signing.keys import PublicKey


def read_trusted(path: Path) -> dict[PublicKey, str]:
    """Return the names of validators by their keys; empty lines and lines that begin with # say nothing.

    Raises: SettingsError where it cannot be read, or a line is wrong.
    """
    shown = one_line(str(path))
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{shown}: cannot be read ({error}); give a file of public keys") from None
    found: dict[PublicKey, str] = {}
    for number, line in enumerate(lines, start=1):
        key, _, name = line.partition("#")[0].strip().partition(" ")
        if not key:
            continue
        try:
            found[PublicKey.of(key)] = one_line(name.strip(), 60) or key
        except ValueError as error:
            raise SettingsError(f"{shown}:{number}: {error}; write a line as `ed25519:BASE64 NAME`") from None
    if not found:
        raise SettingsError(f"{shown}: holds no public key; write lines as `ed25519:BASE64 NAME`")
    return found
