"""An upload that was answered is on the disk: a power cut, a torn journal and a failing disk lose none."""

import asyncio
import errno
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bitsec_eval.core.agents.similarity import Likeness
from bitsec_eval.hub.storage.group_commit import GroupCommit
from bitsec_eval.hub.storage.journal import Journal
from bitsec_eval.hub.storage.records import Record, Version
from bitsec_eval.hub.storage.store import Store

LIKENESS = Likeness(structure="s", prints=frozenset({1, 2}))
MINERS = ("alice", "bob", "carol")


def opened(folder: Path, sync: Callable[[int], None] = os.fsync) -> Store:
    store = Store(folder, 0, sync)
    assert store.open() == []
    return store


def record(miner_id: str, source: bytes) -> Record:
    sha256 = hashlib.sha256(source).hexdigest()
    return Record(
        miner_id=miner_id, versions=(Version(version=1, sha256=sha256, size=len(source), time="t", sequence=1),)
    )


def put(store: Store, miner_id: str, source: bytes) -> None:
    store.put(record(miner_id, source), source, LIKENESS, "0" * 64)


def crashed(folder: Path, into: Path) -> Path:
    """A copy of the folder as a process that is killed leaves it."""
    shutil.copytree(folder, into)
    return into


def _removed(path: Path) -> None:
    path.unlink()


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("lose", [_removed, _emptied])
def test_a_power_cut_that_takes_every_file_but_the_journal_loses_no_upload(tmp_path: Path, lose):
    store = opened(tmp_path / "agents")
    for miner_id in MINERS:
        put(store, miner_id, miner_id.encode())
    cut = crashed(tmp_path / "agents", tmp_path / "cut")
    store.close()
    lost = [path for path in cut.rglob("*") if path.is_file() and path.suffix != ".journal"]
    for path in lost:
        lose(path)

    again = opened(cut)

    assert len(lost) == 1 + 5 * len(MINERS)
    for miner_id in MINERS:
        assert again.record(miner_id) == record(miner_id, miner_id.encode())
        assert (cut / f"{miner_id}.py").read_bytes() == miner_id.encode()
        assert again.token_hash(miner_id) == "0" * 64
        assert again.likeness(miner_id, record(miner_id, miner_id.encode()).current.sha256) == LIKENESS
    assert (cut / ".tokens" / "alice.token").stat().st_mode & 0o777 == 0o600
    again.close()


def test_the_same_power_cut_does_lose_uploads_without_the_journal(tmp_path: Path):
    store = opened(tmp_path / "agents")
    put(store, "alice", b"one")
    cut = crashed(tmp_path / "agents", tmp_path / "cut")
    store.close()
    for path in cut.rglob("*"):
        if path.is_file():
            path.unlink()

    assert opened(cut).record("alice") is None


def test_a_torn_entry_is_forgotten_and_those_before_it_are_kept(tmp_path: Path):
    journal = Journal(tmp_path / "whole")
    assert list(journal.left()) == []
    journal.append([[("a", b"one"), ("b", b"one")], [("a", b"two")]])
    [segment] = journal.turn()
    whole = segment.read_bytes()
    first = whole.index(b"bitsec-1", 1)
    for size in range(len(whole) + 1):
        folder = tmp_path / str(size)
        folder.mkdir()
        (folder / segment.name).write_bytes(whole[:size])

        left = list(Journal(folder).left())

        complete = (size >= first) + (size == len(whole))
        assert left == [[("a", b"one"), ("b", b"one")], [("a", b"two")]][:complete]


def test_an_entry_whose_bytes_changed_is_forgotten(tmp_path: Path):
    journal = Journal(tmp_path)
    list(journal.left())
    journal.append([[("a", b"content")]])
    [segment] = journal.turn()
    segment.write_bytes(segment.read_bytes().replace(b"content", b"CONTENT"))

    assert list(Journal(tmp_path).left()) == []


def test_a_disk_that_fails_to_keep_an_upload_refuses_it_and_the_next_one_is_stored(tmp_path: Path):
    failures = [OSError(errno.EIO, "the disk fails")]

    def sync(descriptor: int) -> None:
        if failures:
            raise failures.pop()
        os.fsync(descriptor)

    store = opened(tmp_path / "agents", sync)
    with pytest.raises(OSError, match="the disk fails"):
        put(store, "alice", b"one")
    put(store, "bob", b"two")
    again = opened(crashed(tmp_path / "agents", tmp_path / "cut"))

    assert [each.miner_id for each in again.records()] == ["bob"]
    assert not list((tmp_path / "agents").rglob("*.tmp"))
    store.close()
    again.close()


def test_an_upload_that_cannot_be_put_in_place_is_not_brought_back_by_a_crash(tmp_path: Path):
    store = opened(tmp_path / "agents")
    (tmp_path / "agents" / "alice.json").mkdir()  # what no file can replace
    one, other = (store.prepare(record(name, b"x"), b"x", LIKENESS, "0" * 64) for name in ("alice", "bob"))

    failures = store.commit([one, other])
    cut = crashed(tmp_path / "agents", tmp_path / "cut")
    (cut / "alice.json").rmdir()

    assert [failure is not None for failure in failures] == [True, False]
    assert [each.miner_id for each in opened(cut).records()] == ["bob"]
    store.close()


def test_what_the_disk_has_leaves_the_journal(tmp_path: Path):
    store = opened(tmp_path)
    put(store, "alice", b"one")
    held = list((tmp_path / ".journal").iterdir())
    store.checkpoint()

    assert len(held) == 1
    assert not held[0].exists()
    put(store, "bob", b"two")
    store.close()
    assert list((tmp_path / ".journal").iterdir()) == []


def test_uploads_are_answered_after_the_disk_has_them_and_many_by_one_wait(tmp_path: Path):
    answered: list[str] = []
    seen: list[int] = []

    def sync(descriptor: int) -> None:
        seen.append(len(answered))
        os.fsync(descriptor)

    async def upload(commits: GroupCommit, store: Store, miner_id: str) -> None:
        source = miner_id.encode()
        await commits.store(lambda: store.prepare(record(miner_id, source), source, LIKENESS, "0" * 64))
        answered.append(miner_id)

    async def all_at_once(store: Store) -> None:
        commits = GroupCommit(store)
        await asyncio.gather(*(upload(commits, store, f"m{number}") for number in range(50)))

    store = opened(tmp_path, sync)
    asyncio.run(all_at_once(store))

    assert len(answered) == 50
    assert seen == [0]
    store.close()


def test_one_upload_that_cannot_be_written_does_not_fail_the_others(tmp_path: Path):
    async def both(store: Store) -> list[object]:
        commits = GroupCommit(store)

        def refused():
            raise ValueError("a copy")

        good = commits.store(lambda: store.prepare(record("alice", b"x"), b"x", LIKENESS, None))
        return await asyncio.gather(commits.store(refused), good, return_exceptions=True)

    store = opened(tmp_path)
    first, second = asyncio.run(both(store))

    assert str(first) == "a copy"
    assert second is None
    assert store.record("alice") is not None
    store.close()
