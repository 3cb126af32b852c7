"""Everything one running hub holds, and how it is opened and closed."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import Request

from bitsec_eval.agent_check.process import CheckerError
from bitsec_eval.core.errors import SettingsError
from bitsec_eval.hub.log import log_event
from bitsec_eval.hub.settings import HubSettings
from bitsec_eval.hub.storage.store import Store
from bitsec_eval.hub.uploads.checker import Checker
from bitsec_eval.hub.uploads.duplicates import Duplicates, Upload
from bitsec_eval.hub.uploads.import_rule import ImportRule
from bitsec_eval.hub.uploads.service import Uploads
from bitsec_eval.hub.views.catalogue import Catalogue
from bitsec_eval.hub.views.results import Results

CHECKPOINT_SECONDS = 5.0
"""How long a stored upload may stand in the journal alone; a file that is changed by hand meanwhile may come back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """The parts routes talk to; `python` is the version agents are parsed with."""

    settings: HubSettings
    store: Store
    uploads: Uploads
    catalogue: Catalogue
    imports: ImportRule
    results: Results
    python: str


@asynccontextmanager
async def opened(settings: HubSettings) -> AsyncIterator[Hub]:
    """Take hold of the folders, recover what a crash left and start the checking process; undo it at the end.

    Raises: SettingsError where a folder or the checking Python cannot be used.
    """
    catalogue = Catalogue(settings.tasks, settings.protocol)
    imports = ImportRule(settings, catalogue)
    imports.check()
    store = Store(settings.agents, settings.free_mib << 20)
    checker = Checker(settings.check_python, seconds_per_minute=settings.check_seconds_per_minute)
    for line in store.open():
        log_event("not recovered", found=line)
    try:
        python = await _python(checker)
        uploads = Uploads(
            settings=settings,
            store=store,
            checker=checker,
            duplicates=_duplicates(store),
            clock=time.monotonic,
            libraries=imports.libraries if imports.follows_images else None,
        )
        async with _checkpoints(store):
            yield Hub(
                settings=settings,
                store=store,
                uploads=uploads,
                catalogue=catalogue,
                imports=imports,
                results=Results(settings.results),
                python=python,
            )
    finally:
        checker.stop()
        store.close()


@asynccontextmanager
async def _checkpoints(store: Store) -> AsyncIterator[None]:
    """Let the disk catch up with the journal every few seconds."""
    task = asyncio.create_task(_checkpoint_for_ever(store))
    try:
        yield
    finally:
        task.cancel()


async def _checkpoint_for_ever(store: Store) -> None:
    while True:
        await asyncio.sleep(CHECKPOINT_SECONDS)
        try:
            await asyncio.to_thread(store.checkpoint)
        except OSError as error:
            log_event("journal kept", error=error)


async def _python(checker: Checker) -> str:
    try:
        return await checker.version()
    except CheckerError as error:
        raise SettingsError(f"--check-python {error}") from None


def _duplicates(store: Store) -> Duplicates:
    found = Duplicates()
    stored = [
        (version.sequence, record.miner_id, version) for record in store.records() for version in record.versions
    ]
    for sequence, miner_id, version in sorted(stored, key=lambda each: each[0]):
        likeness = store.likeness(miner_id, version.sha256)
        upload = Upload(miner_id=miner_id, sha256=version.sha256, time=version.time, likeness=likeness)
        found.restore(upload, sequence)
    return found


async def _hub_of(request: Request) -> Hub:
    return cast("Hub", request.app.state.hub)


TheHub = Annotated[Hub, Depends(_hub_of)]
"""A route's parameter of this type is the running hub."""
