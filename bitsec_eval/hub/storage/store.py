"""Agents on disk: the current one, its metadata, and every version by its digest.

    agents/<miner_id>.py                          the current version, which the validator reads
    agents/<miner_id>.json                        its metadata (records.py)
    agents/.versions/<miner_id>/<sha256>.py       every version, never changed
    agents/.versions/<miner_id>/<sha256>.likeness what it is compared by (uploads/duplicates.py)
    agents/.tokens/<miner_id>.token               the hash of the owner's token

The metadata file decides: an upload is stored once that file is replaced, the current version follows it, and
`recover` finishes or forgets what a crash interrupted.
A `<miner_id>.py` without metadata is the operator's own and is never touched.
"""

import fcntl
import hashlib
import json
import os
import shutil
from contextlib import suppress
from pathlib import Path

from bitsec_eval.core.agent_name import is_agent_name
from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.similarity import Likeness
from bitsec_eval.hub.storage.records import Record, decoded
from bitsec_eval.support.atomic_files import make_folder, read_or_none, remove_unfinished, write_together


class Store:
    """One agents folder, held by one hub at a time; no method checks who asks."""

    def __init__(self, folder: Path, least_free_bytes: int) -> None:
        self._folder = folder
        self._least_free_bytes = least_free_bytes
        self._versions = folder / ".versions"
        self._tokens = folder / ".tokens"
        self._records: dict[str, Record] = {}
        self._lock: int | None = None

    def open(self) -> list[str]:
        """Create the folder, take hold of it and recover; return what could not be recovered, one line each.

        Raises: SettingsError where another hub holds the folder or it cannot be written.
        """
        try:
            for folder in (self._folder, self._versions, self._tokens):
                make_folder(folder)
            self._lock = os.open(self._folder / ".hub.lock", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return self._recover()
        except BlockingIOError:
            raise SettingsError(f"--agents {self._folder}: another hub holds this folder; stop it first") from None
        except OSError as error:
            raise SettingsError(f"--agents {self._folder}: {error.strerror}; give a folder to write in") from None

    def close(self) -> None:
        """Let go of the folder."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def records(self) -> list[Record]:
        """Every miner's record, by miner id."""
        return [self._records[miner_id] for miner_id in sorted(self._records)]

    def record(self, miner_id: str) -> Record | None:
        """Return a miner's record, or None where there is none that can be read."""
        return self._records.get(miner_id)

    def is_free(self, miner_id: str) -> bool:
        """Whether nothing of that name is there, neither an upload nor a file of the operator's."""
        return not any((self._folder / f"{miner_id}{ending}").exists() for ending in ("", ".py", ".json"))

    def token_hash(self, miner_id: str) -> str | None:
        """Return the hash of the owner's token; None where there is no owner."""
        content = read_or_none(self._tokens / f"{miner_id}.token")
        return content.decode("ascii", "replace").strip() if content else None

    def likeness(self, miner_id: str, sha256: str) -> Likeness | None:
        """Return what a stored version is compared by; None where that is lost."""
        content = read_or_none(self._versions / miner_id / f"{sha256}.likeness")
        with suppress(ValueError, KeyError, TypeError):
            fields = json.loads(content or b"")
            return Likeness(structure=fields["structure"], prints=frozenset(fields["prints"]))
        return None

    def has_room(self) -> bool:
        """Whether the disk has more free space than must be left."""
        return shutil.disk_usage(self._folder).free >= self._least_free_bytes

    def put(self, record: Record, source: bytes, likeness: Likeness | None, token_hash: str | None) -> None:
        """Store a record whose current version is `source`; `token_hash` is given for a new owner.

        Raises: OSError where the disk is full or fails; a new owner's upload is then undone.
        """
        try:
            self._write(record, source, likeness, token_hash)
        except OSError:
            if self.record(record.miner_id) is None:
                self._undo(record.miner_id)
            self._load(record.miner_id)
            raise
        self._records[record.miner_id] = record

    def _write(self, record: Record, source: bytes, likeness: Likeness | None, token_hash: str | None) -> None:
        miner_id, sha256 = record.miner_id, record.current.sha256
        versions = self._versions / miner_id
        make_folder(versions)
        files = [(versions / f"{sha256}.py", source)]
        if likeness is not None:
            files.append((versions / f"{sha256}.likeness", _encoded(likeness)))
        if token_hash is not None:
            files.append((self._tokens / f"{miner_id}.token", token_hash.encode()))
        files.append((self._folder / f"{miner_id}.json", record.encoded()))
        files.append((self._folder / f"{miner_id}.py", source))
        new = [(path, content) for path, content in files if not _is_version_kept(path, content)]
        write_together(new, durable=True, mode=_mode)

    def restore_current(self, record: Record) -> bool:
        """Make the current file what the metadata says it is; False where the version itself is lost."""
        current = self._folder / f"{record.miner_id}.py"
        version = self._versions / record.miner_id / f"{record.current.sha256}.py"
        found, kept = read_or_none(current), read_or_none(version)
        if _sha256(kept) == record.current.sha256:
            if found != kept and kept is not None:
                write_together([(current, kept)], durable=True)
            return True
        if _sha256(found) == record.current.sha256 and found is not None:
            make_folder(version.parent)
            write_together([(version, found)], durable=True)
            return True
        return False

    def _undo(self, miner_id: str) -> None:
        for path in (f"{miner_id}.json", f"{miner_id}.py", f".tokens/{miner_id}.token"):
            (self._folder / path).unlink(missing_ok=True)

    def _load(self, miner_id: str) -> bool:
        content = read_or_none(self._folder / f"{miner_id}.json") if is_agent_name(miner_id) else None
        try:
            record = decoded(content or b"")
        except ValueError:
            self._records.pop(miner_id, None)
            return False
        self._records[miner_id] = record
        return True

    def _recover(self) -> list[str]:
        for folder in (self._folder, self._tokens, *self._versions.iterdir()):
            remove_unfinished(folder)
        for token in self._tokens.glob("*.token"):
            if not (self._folder / f"{token.stem}.json").exists():
                token.unlink()  # its upload was never stored
        return [line for path in sorted(self._folder.glob("*.json")) if (line := self._recovered(path.stem))]

    def _recovered(self, miner_id: str) -> str:
        if not self._load(miner_id):
            return f"{self._folder}/{miner_id}.json: no metadata of ours; nothing can be uploaded as {miner_id}"
        record = self._records[miner_id]
        if not self.restore_current(record):
            return f"{self._folder}/{miner_id}.py: version {record.current.version} is lost; upload it again"
        return ""


def _is_version_kept(path: Path, content: bytes) -> bool:
    """A version is written once: its name is its digest."""
    return path.parent.parent.name == ".versions" and path.suffix == ".py" and read_or_none(path) == content


def _mode(path: Path) -> int:
    return 0o600 if path.suffix == ".token" else 0o644


def _encoded(likeness: Likeness) -> bytes:
    return json.dumps({"structure": likeness.structure, "prints": sorted(likeness.prints)}).encode()


def _sha256(content: bytes | None) -> str:
    return hashlib.sha256(content).hexdigest() if content is not None else ""
