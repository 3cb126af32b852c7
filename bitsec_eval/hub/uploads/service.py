"""Take one upload through its checks, cheapest first, and store it or say why not."""

import asyncio
import errno
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from weakref import WeakValueDictionary

from bitsec_eval.agent_check.process import Checked, CheckerError
from bitsec_eval.core.agents.agent_check import refused_bytes
from bitsec_eval.core.agents.agent_name import is_agent_name
from bitsec_eval.hub.log import log_event
from bitsec_eval.hub.problems import (
    CHECKER_AWAY,
    FULL,
    QUOTA_USED,
    UNWRITABLE,
    WRONG_MINER_ID,
    Refused,
    check_time_used,
    copied,
    refused_agent,
    too_many,
)
from bitsec_eval.hub.settings import HubSettings
from bitsec_eval.hub.storage.group_commit import GroupCommit
from bitsec_eval.hub.storage.records import CopyOf, Record, Version
from bitsec_eval.hub.storage.store import Prepared, Store
from bitsec_eval.hub.uploads.checker import Checker
from bitsec_eval.hub.uploads.duplicates import Duplicates, Upload, UploadPlace
from bitsec_eval.hub.uploads.form import UploadForm
from bitsec_eval.hub.uploads.ownership import Owner, Owners
from bitsec_eval.hub.uploads.rate_limit import RateLimit
from bitsec_eval.hub.uploads.receipt import Receipt, receipt

_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Uploads:
    """Takes uploads in, one at a time for each miner id.

    `libraries` returns what agents may import beside the standard library; it may read files. None: nothing.
    `clock` is monotonic seconds; `now` is the wall clock in UTC, for show only.
    """

    def __init__(
        self,
        *,
        settings: HubSettings,
        store: Store,
        checker: Checker,
        duplicates: Duplicates,
        clock: Callable[[], float],
        libraries: Callable[[], frozenset[str]] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._store = store
        self._checker = checker
        self._duplicates = duplicates
        self._now = now
        self._libraries = libraries
        self.owners = Owners(store, settings.wrong_tokens_per_minute, clock)
        self._rate = RateLimit(settings.uploads_per_minute, clock)
        self._commits = GroupCommit(store)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def take(self, form: UploadForm, address: str) -> Receipt:
        """Store an upload.

        Raises: Refused, with nothing changed.
        """
        if not is_agent_name(form.miner_id):
            raise Refused(WRONG_MINER_ID)
        self._admit(("address", address))
        lock = self._locks.setdefault(form.miner_id, asyncio.Lock())
        async with lock:
            owner = self.owners.authorise(form, address)
            self._admit(("miner", form.miner_id))
            return await self._receive(form, owner, address)

    def _admit(self, key: tuple[str, str]) -> None:
        wait = self._rate.wait_seconds(key)
        if wait:
            raise Refused(too_many(wait))
        self._rate.count(key)

    async def _receive(self, form: UploadForm, owner: Owner, address: str) -> Receipt:
        refusal = refused_bytes(form.source)
        if refusal is not None:
            raise Refused(refused_agent(refusal))
        record = self._store.record(form.miner_id)
        if record and owner.token_hash is None and await self._is_current(record, form.source):
            return await self._receipt(record, "unchanged", owner)
        checked = await self._check(form.source, address)
        if record and len(record.versions) >= self._settings.versions_per_miner:
            raise Refused(QUOTA_USED)
        stored = await self._stored(form, record, checked, owner)
        return await self._receipt(stored, "stored", owner)

    async def _is_current(self, record: Record, source: bytes) -> bool:
        if record.current.sha256 != _sha256(source):
            return False
        with _disk_trouble_refused(record.miner_id):
            return await asyncio.to_thread(self._store.restore_current, record)

    async def _check(self, source: bytes, address: str) -> Checked:
        wait = self._checker.wait_seconds(address)
        if wait:
            raise Refused(check_time_used(wait))
        try:
            libraries = await asyncio.to_thread(self._libraries) if self._libraries else frozenset()
            checked = await self._checker.check(source, address, libraries)
        except CheckerError as error:
            log_event("checker away", error=error)
            raise Refused(CHECKER_AWAY) from None
        if checked.refusal is not None:
            raise Refused(refused_agent(checked.refusal))
        return checked

    async def _stored(self, form: UploadForm, record: Record | None, checked: Checked, owner: Owner) -> Record:
        upload = Upload(
            miner_id=form.miner_id,
            sha256=_sha256(form.source),
            time=self._now().isoformat(timespec="seconds"),
            likeness=checked.likeness,
        )
        grown: list[Record] = []

        def prepare() -> Prepared:
            place = self._duplicates.take_place(upload)
            grown.append(_grown(record, upload, checked, place, len(form.source)))
            self._refuse_copy(place.copy_of)
            if not self._store.has_room():
                raise Refused(FULL)
            return self._store.prepare(grown[0], form.source, checked.likeness, owner.token_hash)

        try:
            with _disk_trouble_refused(form.miner_id):
                await self._commits.store(prepare)
        except Exception:
            for each in grown:
                self._duplicates.withdraw(each.current.sequence)
            raise
        return grown[0]

    def _refuse_copy(self, copy_of: CopyOf | None) -> None:
        if copy_of is not None and self._settings.refuse_copies:
            raise Refused(copied(copy_of.miner_id, copy_of.time))

    async def _receipt(self, record: Record, status: str, owner: Owner) -> Receipt:
        return receipt(record, status=status, python=await self._checker.version(), token=owner.token)


@contextmanager
def _disk_trouble_refused(miner_id: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        log_event("not stored", miner_id=miner_id, error=error)
        raise Refused(FULL if error.errno in _DISK_FULL else UNWRITABLE) from None


def _grown(record: Record | None, upload: Upload, checked: Checked, place: UploadPlace, size: int) -> Record:
    version = Version(
        version=record.current.version + 1 if record else 1,
        sha256=upload.sha256,
        size=size,
        time=upload.time,
        sequence=place.sequence,
        warnings=(*checked.cautions, *place.warnings),
        copy_of=place.copy_of,
    )
    if record is None:
        return Record(miner_id=upload.miner_id, versions=(version,))
    return replace(record, versions=(*record.versions, version))


def _sha256(source: bytes) -> str:
    return hashlib.sha256(source).hexdigest()
