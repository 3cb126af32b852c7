"""Group commit: uploads that come while the disk is busy are made durable together, by one wait for it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from bitsec_eval.hub.storage.store import Prepared, Store

Prepare = Callable[[], Prepared]


@dataclass(eq=False, slots=True)
class _Upload:
    prepare: Prepare
    done: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class GroupCommit:
    """Stores uploads of different miners, in the order in which they came, in one worker thread at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[_Upload] = []
        self._working: asyncio.Task[None] | None = None

    async def store(self, prepare: Prepare) -> None:
        """Store what `prepare`, called in the worker thread, writes.

        Raises: whatever `prepare` raises; OSError where the disk is full or fails.
        """
        upload = _Upload(prepare)
        self._waiting.append(upload)
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        await upload.done

    async def _work(self) -> None:
        while batch := self._waiting:
            self._waiting = []
            for upload, failure in zip(batch, await asyncio.to_thread(self._stored, batch), strict=True):
                _tell(upload.done, failure)

    def _stored(self, batch: list[_Upload]) -> list[BaseException | None]:
        prepared: list[Prepared | BaseException] = [_prepared(upload) for upload in batch]
        ready = [each for each in prepared if isinstance(each, Prepared)]
        committed = iter(self._store.commit(ready) if ready else ())
        return [next(committed) if isinstance(each, Prepared) else each for each in prepared]


def _prepared(upload: _Upload) -> Prepared | BaseException:
    try:
        return upload.prepare()
    except Exception as error:  # noqa: BLE001 - it is raised where the upload is waited for
        return error


def _tell(done: "asyncio.Future[None]", failure: BaseException | None) -> None:
    if done.done():  # who waited is gone
        return
    if failure is None:
        done.set_result(None)
    else:
        done.set_exception(failure)
