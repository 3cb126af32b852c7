"""The miner's tokens, one for each hub and miner id, in a file that only the miner can read.

A token is made here and kept before it is first sent: an answer that is lost on its way loses nobody's miner id.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.support.atomic_files import write_json


def new_token() -> str:
    """Return 256 bits of chance, safe in a form."""
    return secrets.token_urlsafe(32)


def config_folder(environ: Mapping[str, str]) -> Path:
    """Return where this user's settings of ours are."""
    told = environ.get("XDG_CONFIG_HOME", "")
    home = Path(told) if Path(told).is_absolute() else Path(environ.get("HOME") or Path.home()) / ".config"
    return home / "bitsec-eval"


class Tokens:
    """The tokens in one folder; several processes may use it at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.path = folder / "tokens.json"

    def known(self, hub: str, miner_id: str) -> str | None:
        """Return the token kept for a miner id at a hub.

        Raises:
            SettingsError: the file cannot be used.
        """
        with self._held() as tokens:
            token = tokens.get(hub, {}).get(miner_id)
            return None if token is None else str(token)

    def keep(self, hub: str, miner_id: str, token: str) -> None:
        """Keep a token, in the place of any before it.

        Raises:
            SettingsError: the file cannot be used.
        """
        with self._held() as tokens:
            known = tokens.setdefault(hub, {})
            if known.get(miner_id) != token:
                known[miner_id] = token
                self._write(tokens)

    def forget(self, hub: str, miner_id: str) -> None:
        """Keep no token for a miner id at a hub.

        Raises:
            SettingsError: the file cannot be used.
        """
        with self._held() as tokens:
            if tokens.get(hub, {}).pop(miner_id, None) is not None:
                self._write(tokens)

    @contextmanager
    def _held(self) -> Iterator[dict[str, Any]]:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self._folder / "tokens.lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield self._read()
            finally:
                os.close(lock)
        except OSError as error:
            raise SettingsError(f"{self.path}: {error.strerror}; correct its owner or set XDG_CONFIG_HOME") from None

    def _read(self) -> dict[str, Any]:
        try:
            tokens = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return {}
        except (ValueError, RecursionError):
            tokens = None
        if not isinstance(tokens, dict) or not all(isinstance(known, dict) for known in tokens.values()):
            raise SettingsError(f"{self.path}: does not hold tokens; mend it or move it away")
        return tokens

    def _write(self, tokens: Mapping[str, Any]) -> None:
        write_json(self.path, tokens, durable=True, mode=0o600)
