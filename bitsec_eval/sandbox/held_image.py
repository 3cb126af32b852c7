"""Keeps every page of an image in memory while its sandboxes run.

All sandboxes of a machine share the pages of their image. A page that is in memory or not, because another sandbox
read it or its memory ran short, would be a note from one to the other; where all pages are always there, none is.
"""

import ctypes
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

_PROT_READ, _MAP_SHARED = 1, 1
_MAP_FAILED = ctypes.c_void_p(-1).value

READ_ALL = b"""
import os
for folder, inside, names in os.walk("/"):
    if folder == "/":
        inside[:] = [name for name in inside if name not in ("dev", "proc", "sys", "tmp", "workspace")]
    for path in (os.path.join(folder, name) for name in names):
        if os.path.isfile(path) and not os.path.islink(path):
            with open(path, "rb") as file:
                while file.read(1 << 20):
                    pass
"""
"""An agent that brings the image into memory from within, where its files cannot be reached from here."""


@contextmanager
def held(folders: Iterable[Path]) -> Iterator[int]:
    """Hold the content of every file under these folders in memory; yield how many bytes that is.

    Raises:
        OSError: a folder cannot be read, or so much memory may not be held.
    """
    mappings: list[tuple[int, int]] = []
    try:
        for path in _files(folders):
            mapping = _locked(path)
            if mapping is not None:
                mappings.append(mapping)
        yield sum(size for _, size in mappings)
    finally:
        for address, size in mappings:
            _libc().munmap(address, size)


def _files(folders: Iterable[Path]) -> Iterator[str]:
    for top in folders:
        for folder, _, names in os.walk(top, onerror=_raise):
            yield from (os.path.join(folder, name) for name in names)  # noqa: PTH118 - thousands of them


def _raise(error: OSError) -> None:
    raise error


def _locked(path: str) -> tuple[int, int] | None:
    """Map one file and lock it; None where there is nothing to hold."""
    found = os.lstat(path)
    if not stat.S_ISREG(found.st_mode) or not found.st_size:
        return None
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        address = _libc().mmap(None, found.st_size, _PROT_READ, _MAP_SHARED, file, 0)
    finally:
        os.close(file)
    if address == _MAP_FAILED:
        raise OSError(ctypes.get_errno(), f"cannot map {path}")
    if _libc().mlock(address, found.st_size):
        error = ctypes.get_errno()
        _libc().munmap(address, found.st_size)
        raise OSError(error, f"cannot hold {path} in memory")
    return address, found.st_size


@cache
def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    size, pointer, number = ctypes.c_size_t, ctypes.c_void_p, ctypes.c_int
    libc.mmap.restype = pointer
    libc.mmap.argtypes = (pointer, size, number, number, number, ctypes.c_long)
    libc.mlock.argtypes = libc.munmap.argtypes = (pointer, size)
    return libc
