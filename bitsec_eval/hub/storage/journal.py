"""Journal: what stands in it survives a power cut, so many uploads wait for the disk once and together.

    agents/.journal/N.journal    entries of files to be, each with its digest; readable by the hub alone

An upload's files are written without waiting for the disk; its entry is, in one write and one `fsync` with those of
all uploads that were waiting.
`checkpoint` lets the disk catch up with the files and drops the entries; `Journal.left` gives those of a crash.
An entry cut short was never answered for, and neither was any after it in the same segment.
"""

import ctypes
import hashlib
import json
import os
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path

from bitsec_eval.support.atomic_files import make_folder, sync_folder

_HEAD = struct.Struct(">8sQ32s")
_MAGIC = b"bitsec-1"

Files = Sequence[tuple[str, bytes]]
"""Paths below the journal's parent folder, and what each file holds."""


class Journal:
    """The journal of one folder; its owner sees to it that no two threads are in it at once.

    `sync` waits until the disk has what was written to a descriptor.
    """

    def __init__(self, folder: Path, sync: Callable[[int], None] = os.fsync) -> None:
        self._folder = folder
        self._sync = sync
        self._numbers = count(1)
        self._open: int | None = None

    def left(self) -> Iterator[Files]:
        """Yield the entries of an earlier process, oldest first."""
        make_folder(self._folder)
        for segment in self._segments():
            self._numbers = count(_number(segment) + 1)
            yield from _entries(segment.read_bytes())

    def append(self, entries: Iterable[Files]) -> None:
        """Write entries and wait until the disk has them.

        Raises: OSError where it does not; none of them is there then.
        """
        content = b"".join(map(_encoded, entries))
        segment = self._segment()
        size = os.fstat(segment).st_size
        try:
            _write(segment, content)
            self._sync(segment)
        except OSError:
            self._give_up(segment, size)
            raise

    def turn(self) -> list[Path]:
        """End the segment and return all that have ended; the next entry begins a new one."""
        if self._open is not None:
            os.close(self._open)
            self._open = None
        return self._segments()

    def _segment(self) -> int:
        if self._open is None:
            path = self._folder / f"{next(self._numbers):08}.journal"
            self._open = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
            sync_folder(self._folder)
        return self._open

    def _give_up(self, segment: int, size: int) -> None:
        """Take back what may be half there; what a disk that failed holds is not known, so nothing follows it."""
        try:
            os.ftruncate(segment, size)
        finally:
            self.turn()

    def _segments(self) -> list[Path]:
        return sorted(self._folder.glob("*.journal"), key=_number)


def checkpoint(folder: Path, segments: Iterable[Path]) -> None:
    """Wait until the disk has everything written below `folder`, then remove segments that have ended.

    Raises: OSError where the disk fails; the segments stay.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _sync_file_system(descriptor)
    finally:
        os.close(descriptor)
    for segment in segments:
        segment.unlink(missing_ok=True)


def _sync_file_system(descriptor: int) -> None:
    """Syncfs(2), which Python does not offer; it tells of failed writes, as sync(2) does not."""
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "syncfs"):
        os.sync()
    elif library.syncfs(descriptor):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _write(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def _encoded(files: Files) -> bytes:
    """Spell an entry; equal contents, as of a version and the current file, are written once."""
    contents = list(dict.fromkeys(content for _, content in files))
    names = [[path, contents.index(content)] for path, content in files]
    table = json.dumps({"files": names, "sizes": list(map(len, contents))}).encode()
    payload = struct.pack(">Q", len(table)) + table + b"".join(contents)
    return _HEAD.pack(_MAGIC, len(payload), hashlib.sha256(payload).digest()) + payload


def _entries(segment: bytes) -> Iterator[Files]:
    at = 0
    while len(segment) - at >= _HEAD.size:
        magic, size, digest = _HEAD.unpack_from(segment, at)
        at += _HEAD.size
        payload = segment[at : at + size]
        if magic != _MAGIC or hashlib.sha256(payload).digest() != digest:
            return
        yield _decoded(payload)
        at += size


def _decoded(payload: bytes) -> Files:
    (size,) = struct.unpack_from(">Q", payload)
    table = json.loads(payload[8 : 8 + size])
    contents, at = [], 8 + size
    for each in table["sizes"]:
        contents.append(payload[at : at + each])
        at += each
    return [(path, contents[number]) for path, number in table["files"]]


def _number(segment: Path) -> int:
    return int(segment.stem) if segment.stem.isdigit() else 0
