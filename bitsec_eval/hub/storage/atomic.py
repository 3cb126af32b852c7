"""Write files so that a reader, a crash or a full disk never meets half of one."""

import os
from collections.abc import Iterable
from contextlib import suppress
from itertools import count
from pathlib import Path

_SUFFIX = ".tmp"


def write_together(contents: Iterable[tuple[Path, bytes]]) -> None:
    """Write every file whole and durably, replacing them one by one in the order given.

    Nothing is replaced before all are on the disk under temporary names, so a full disk changes nothing.
    A crash between two replacements leaves the earlier ones done and the later ones undone; after a power cut that
    holds from one folder to the next.
    """
    staged: list[tuple[str, Path]] = []
    try:
        for target, content in contents:
            staged.append((_staged(target, content), target))
        while staged:
            folder = staged[0][1].parent
            while staged and staged[0][1].parent == folder:
                temporary, target = staged[0]
                os.replace(temporary, target)  # noqa: PTH105 - a Path for each takes longer than the call
                del staged[0]
            _sync_folder(folder)
    finally:
        for temporary, _ in staged:
            Path(temporary).unlink(missing_ok=True)


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


_numbers = count()


def _staged(target: Path, content: bytes) -> str:
    """Write a file durably under a name of this process alone, and return that name."""
    mode = 0o600 if target.name.endswith(".token") else 0o644
    temporary = f"{target.parent}/.{target.name}.{os.getpid()}-{next(_numbers)}{_SUFFIX}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(descriptor, mode)  # whatever the umask says
            os.fsync(descriptor)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return temporary


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
