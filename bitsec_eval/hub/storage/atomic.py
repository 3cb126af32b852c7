"""Write files so that a reader, a crash or a full disk never meets half of one."""

import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from itertools import groupby
from pathlib import Path

_SUFFIX = ".tmp"


def write_together(contents: Iterable[tuple[Path, bytes]]) -> None:
    """Write every file whole and durably, replacing them one by one in the order given.

    Nothing is replaced before all are on the disk under temporary names, so a full disk changes nothing.
    A crash between two replacements leaves the earlier ones done and the later ones undone; after a power cut that
    holds from one folder to the next.
    """
    staged: list[tuple[Path, Path]] = []
    try:
        for target, content in contents:
            staged.append((_staged(target, content), target))
        for folder, together in groupby(staged, lambda pair: pair[1].parent):
            for temporary, target in together:
                temporary.replace(target)
            _sync_folder(folder)
    finally:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)


def make_folder(path: Path) -> None:
    """Create a folder durably, with its parents."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(exist_ok=True)
        _sync_folder(path.parent)


def remove_unfinished(folder: Path) -> None:
    """Remove what a crash left under temporary names."""
    for path in folder.glob(f".*{_SUFFIX}"):
        path.unlink(missing_ok=True)


def read_or_none(path: Path) -> bytes | None:
    """Return a file's bytes, or None where there is no such file."""
    with suppress(FileNotFoundError):
        return path.read_bytes()
    return None


def _staged(target: Path, content: bytes) -> Path:
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=_SUFFIX)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        temporary.chmod(0o600 if target.name.endswith(".token") else 0o644)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
