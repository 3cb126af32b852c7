"""Write files so that a reader, a crash or a full disk never meets half of one.

Every writer of the package is here. `durable=True` waits until the disk has the content and the folder its name:
for what must survive a power cut, such as an upload or a token.
"""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

_SUFFIX = ".tmp"
_READABLE = 0o644
_numbers = count()
_encoded = json.JSONEncoder(sort_keys=True).encode  # with an indentation it is several times slower


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
            _remove(draft)
    except BaseException:
        _remove(draft)
        raise
    if durable:
        sync_folder(path.parent)


def write_text(path: Path, text: str, *, durable: bool = False, mode: int = _READABLE, replace: bool = True) -> None:
    """Write a text as UTF-8, making its folder; what is no Unicode is escaped. Otherwise as `write_bytes`."""
    content = text.encode("utf-8", "backslashreplace")
    try:
        write_bytes(path, content, durable=durable, mode=mode, replace=replace)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, content, durable=durable, mode=mode, replace=replace)


def write_json(path: Path, content: Mapping[str, object], *, durable: bool = False, mode: int = _READABLE) -> None:
    """Write an object as JSON with sorted keys, each of its members on a line. Otherwise as `write_text`."""
    members = (f"  {_encoded(name)}: {_encoded(content[name])}" for name in sorted(content))
    text = "{\n" + ",\n".join(members) + "\n}\n" if content else "{}\n"
    write_text(path, text, durable=durable, mode=mode)


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the object in a JSON file, or None where there is no such file or no object in it."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def read_or_none(path: Path) -> bytes | None:
    """Return a file's bytes, or None where there is no such file."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - Path.open takes as long again
            return file.read()
    except FileNotFoundError:
        return None


def write_together(
    contents: Iterable[tuple[Path, bytes]], *, durable: bool, mode: Callable[[Path], int] = lambda _: _READABLE
) -> None:
    """Write every file whole, replacing them one by one in the order given.

    Nothing is replaced before all are written under temporary names, so a full disk changes nothing.
    A crash between two replacements leaves the earlier ones done and the later ones undone; after a power cut, where
    `durable`, that holds from one folder to the next.
    """
    drafted(contents, durable=durable, mode=mode).replace()


class Drafts:
    """Files written whole under temporary names; `replace` or `discard` ends them."""

    def __init__(self, *, durable: bool) -> None:
        self._durable = durable
        self._left: list[tuple[str, Path]] = []

    def add(self, path: Path, content: bytes, mode: int) -> None:
        """Write one more file.

        Raises: OSError where it cannot be written.
        """
        self._left.append((_drafted(path, content, self._durable, mode), path))

    def replace(self) -> None:
        """Put every file in its place, in the order they were added.

        Raises: OSError where one cannot be; those after it are discarded.
        """
        try:
            while self._left:
                self._replace_in(self._left[0][1].parent)
        finally:
            self.discard()

    def _replace_in(self, folder: Path) -> None:
        while self._left and self._left[0][1].parent == folder:
            os.replace(*self._left[0])  # noqa: PTH105 - a Path for each takes longer than the call
            del self._left[0]
        if self._durable:
            sync_folder(folder)

    def discard(self) -> None:
        """Remove what is not in its place."""
        for draft, _ in self._left:
            _remove(draft)
        self._left.clear()


def drafted(
    contents: Iterable[tuple[Path, bytes]], *, durable: bool, mode: Callable[[Path], int] = lambda _: _READABLE
) -> Drafts:
    """Write every file under a temporary name in its folder, which must exist.

    Raises: OSError where one cannot be written; none is left then.
    """
    drafts = Drafts(durable=durable)
    try:
        for path, content in contents:
            drafts.add(path, content, mode(path))
    except BaseException:
        drafts.discard()
        raise
    return drafts


def make_folder(path: Path) -> None:
    """Create a folder durably, with its parents."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(exist_ok=True)
        sync_folder(path.parent)


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


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the names in a folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
