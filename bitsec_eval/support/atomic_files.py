"""Write files so that a reader, a crash or a full disk never meets half of one.

Every writer of the package is here. `durable=True` waits until the disk has the content and the folder its name:
for what must survive a power cut, such as an upload or a token.
"""

import json
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

_SUFFIX = ".tmp"
_READABLE = 0o644
_numbers = count()


def write_bytes(
    path: Path, content: bytes, *, durable: bool = False, mode: int = _READABLE, replace: bool = True
) -> None:
    """Write a file whole or not at all; its folder must exist.

    Raises:
        FileExistsError: the file exists, and `replace` is False.
        OSError: it cannot be written; what was there before still is.
    """
    draft = _drafted(path, content, durable, mode)
    try:
        if replace:
            os.replace(draft, path)  # noqa: PTH105 - a Path for each takes longer than the call
        else:
            path.hardlink_to(draft)
    finally:
        _remove(draft)
    if durable:
        _sync_folder(path.parent)


def write_text(path: Path, text: str, *, durable: bool = False, mode: int = _READABLE, replace: bool = True) -> None:
    """Write a text as UTF-8, making its folder; what is no Unicode is escaped. Otherwise as `write_bytes`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, text.encode("utf-8", "backslashreplace"), durable=durable, mode=mode, replace=replace)


def write_json(path: Path, content: object, *, durable: bool = False, mode: int = _READABLE) -> None:
    """Write a value as JSON with sorted keys. Otherwise as `write_text`."""
    write_text(path, json.dumps(content, indent=2, sort_keys=True) + "\n", durable=durable, mode=mode)


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the object in a JSON file, or None where there is no such file or no object in it."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def read_or_none(path: Path) -> bytes | None:
    """Return a file's bytes, or None where there is no such file."""
    with suppress(FileNotFoundError):
        return path.read_bytes()
    return None


def write_together(
    contents: Iterable[tuple[Path, bytes]], *, durable: bool, mode: Callable[[Path], int] = lambda _: _READABLE
) -> None:
    """Write every file whole, replacing them one by one in the order given.

    Nothing is replaced before all are written under temporary names, so a full disk changes nothing.
    A crash between two replacements leaves the earlier ones done and the later ones undone; after a power cut, where
    `durable`, that holds from one folder to the next.
    """
    drafts: list[tuple[str, Path]] = []
    try:
        for path, content in contents:
            drafts.append((_drafted(path, content, durable, mode(path)), path))
        while drafts:
            folder = drafts[0][1].parent
            while drafts and drafts[0][1].parent == folder:
                os.replace(*drafts[0])  # noqa: PTH105 - as above
                del drafts[0]
            if durable:
                _sync_folder(folder)
    finally:
        for draft, _ in drafts:
            _remove(draft)


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


def _drafted(path: Path, content: bytes, durable: bool, mode: int) -> str:
    """Write the content under a new name beside `path`, and return that name."""
    descriptor, draft = _opened(path, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(descriptor, mode)  # whatever the umask says
            if durable:
                os.fsync(descriptor)
    except BaseException:
        _remove(draft)
        raise
    return draft


def _opened(path: Path, mode: int) -> tuple[int, str]:
    while True:  # a crashed process of the same number may have left a draft
        draft = f"{path.parent}/.{path.name}.{os.getpid()}-{next(_numbers)}{_SUFFIX}"
        with suppress(FileExistsError):
            return os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode), draft


def _remove(draft: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(draft)  # noqa: PTH108 - as above


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
