"""Agents on disk: the current one, its metadata, and every version by its digest.

    agents/<miner_id>.py                          the current version, which the validator reads
    agents/<miner_id>.json                        its metadata (records.py)
    agents/.versions/<miner_id>/<sha256>.py       every version, never changed
    agents/.versions/<miner_id>/<sha256>.likeness what it is compared by (uploads/duplicates.py)
    agents/.tokens/<miner_id>.token               the hash of the owner's token
    agents/.journal/<number>.journal              what the disk may not have yet of the above (journal.py)

An upload is stored once the journal has it; until then the metadata file decides, and the current version follows it.
`open` puts into their places the files of every upload in the journal, and finishes or forgets what a crash
interrupted before that.
A `<miner_id>.py` without metadata is the operator's own and is never touched.
"""

import fcntl
import hashlib
import json
import os
import shutil
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bitsec_eval.core.agents.agent_name import is_agent_name
from bitsec_eval.core.agents.similarity import Likeness
from bitsec_eval.core.errors import SettingsError
from bitsec_eval.hub.storage.journal import Files, Journal, checkpoint
from bitsec_eval.hub.storage.records import Record, decoded
from bitsec_eval.support.atomic_files import (
    Drafts,
    drafted,
    make_folder,
    read_or_none,
    remove_unfinished,
    write_bytes,
    write_together,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """An upload whose files wait under temporary names for `Store.commit`."""

    record: Record
    files: Files
    drafts: Drafts


class Store:
    """One agents folder, held by one hub at a time; no method checks who asks.

    `prepare`, `commit`, `checkpoint` and `close` may be called from several threads.
    `sync` waits until the disk has what was written to a descriptor.
    """

    def __init__(self, folder: Path, least_free_bytes: int, sync: Callable[[int], None] = os.fsync) -> None:
        self._folder = folder
        self._least_free_bytes = least_free_bytes
        self._versions = folder / ".versions"
        self._tokens = folder / ".tokens"
        self._journal = Journal(folder / ".journal", sync)
        self._committing = threading.Lock()
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
        """Let the disk catch up and let go of the folder; the journal stays where the disk fails."""
        if self._lock is not None:
            with suppress(OSError):
                self.checkpoint()
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
        # os.path: a Path for each takes longer than the call, and every new miner's upload asks
        return not any(os.path.exists(f"{self._folder}/{miner_id}{ending}") for ending in ("", ".py", ".json"))  # noqa: PTH110

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
        """Store one upload: `prepare` and `commit`.

        Raises: OSError where the disk is full or fails.
        """
        (failure,) = self.commit([self.prepare(record, source, likeness, token_hash)])
        if failure is not None:
            raise failure

    def prepare(self, record: Record, source: bytes, likeness: Likeness | None, token_hash: str | None) -> Prepared:
        """Write the files of a record whose current version is `source`; `token_hash` is given for a new owner.

        Raises: OSError where the disk is full or fails; nothing has changed then.
        """
        (self._versions / record.miner_id).mkdir(exist_ok=True)
        files = _files(record, source, likeness, token_hash)
        new = [(self._folder / path, content) for path, content in files]
        drafts = drafted((each for each in new if not _is_version_kept(*each)), durable=False, mode=_mode)
        return Prepared(record=record, files=files, drafts=drafts)

    def commit(self, uploads: Sequence[Prepared]) -> list[OSError | None]:
        """Make uploads of different miners durable and put them in place; return what went wrong with each.

        A new owner's upload that could not be put in place is undone.
        """
        with self._committing:
            try:
                self._journal.append(each.files for each in uploads)
            except OSError as error:
                for each in uploads:
                    each.drafts.discard()
                return [error for _ in uploads]
            failures = [self._put_in_place(each) for each in uploads]
            if any(failures):  # or a crash would bring them back from the journal
                self._catch_up()
            return failures

    def _put_in_place(self, upload: Prepared) -> OSError | None:
        miner_id = upload.record.miner_id
        try:
            upload.drafts.replace()
        except OSError as error:
            with suppress(OSError):
                if self.record(miner_id) is None:
                    self._undo(miner_id)
                self._load(miner_id)
            return error
        self._records[miner_id] = upload.record
        return None

    def checkpoint(self) -> None:
        """Let the disk catch up with everything stored so far, and drop that from the journal.

        Raises: OSError where the disk fails; the journal stays.
        """
        with self._committing:
            ended = self._journal.turn()
        if ended:
            checkpoint(self._folder, ended)

    def _catch_up(self) -> None:
        with suppress(OSError):
            checkpoint(self._folder, self._journal.turn())

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
        for path in (f".tokens/{miner_id}.token", f"{miner_id}.py", f"{miner_id}.json"):
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

    def _replay(self) -> None:
        """Put into place what a crash left in the journal; the last word on each file counts."""
        last: dict[str, bytes] = {}
        for files in self._journal.left():
            for path, content in files:
                last.pop(path, None)
                last[path] = content
        for path, content in last.items():
            if read_or_none(self._folder / path) != content:
                make_folder((self._folder / path).parent)
                write_bytes(self._folder / path, content, mode=_mode(Path(path)))
        if segments := self._journal.turn():
            checkpoint(self._folder, segments)

    def _recover(self) -> list[str]:
        self._replay()
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


def _files(record: Record, source: bytes, likeness: Likeness | None, token_hash: str | None) -> Files:
    """Spell an upload as files, in the order in which they are put in place."""
    miner_id, sha256 = record.miner_id, record.current.sha256
    files = [(f".versions/{miner_id}/{sha256}.py", source)]
    if likeness is not None:
        files.append((f".versions/{miner_id}/{sha256}.likeness", _encoded(likeness)))
    if token_hash is not None:
        files.append((f".tokens/{miner_id}.token", token_hash.encode()))
    return [*files, (f"{miner_id}.json", record.encoded()), (f"{miner_id}.py", source)]


def _is_version_kept(path: Path, content: bytes) -> bool:
    """A version is written once: its name is its digest."""
    return path.parent.parent.name == ".versions" and path.suffix == ".py" and read_or_none(path) == content


def _mode(path: Path) -> int:
    return 0o600 if path.suffix == ".token" else 0o644


def _encoded(likeness: Likeness) -> bytes:
    return json.dumps({"structure": likeness.structure, "prints": sorted(likeness.prints)}).encode()


def _sha256(content: bytes | None) -> str:
    return hashlib.sha256(content).hexdigest() if content is not None else ""
