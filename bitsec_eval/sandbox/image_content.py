"""One digest of an image's content that is the same whichever engine has it.

Docker's id of an image also covers when it was imported, so two engines that made the same image call it by two
names; an OCI root is a folder and has no id at all. This digest covers what a guest finds: every file's path,
permissions and content, and every link. Left out is what an engine makes for each container itself.
"""

import hashlib
import os
import stat
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

MADE_BY_ENGINES = frozenset({".dockerenv", "etc/hosts", "etc/hostname", "etc/resolv.conf", "etc/mtab"})
FOLDERS_OF_ENGINES = ("dev/", "proc/", "sys/", "run/")
CHUNK_BYTES = 1 << 20
Entry = tuple[str, str, str]
"""A path, what it is (permissions, or `link`), and the digest of its content or the link's target."""


def folder_content(root: Path) -> str:
    """Return the digest of an image that lies in a folder.

    Raises:
        OSError: a file cannot be read.
    """
    return _digest(_of_folder(root))


def tar_content(stream: IO[bytes]) -> str:
    """Return the digest of an image that comes as a tar of its whole root.

    Raises:
        tarfile.TarError: that is none.
    """
    with tarfile.open(fileobj=stream, mode="r|") as tar:
        return _digest(_of_tar(tar))


def _digest(entries: Iterable[Entry]) -> str:
    whole = hashlib.sha256()
    for entry in sorted(entries):
        whole.update("\0".join(entry).encode("utf-8", "surrogateescape") + b"\n")
    return whole.hexdigest()


def _is_left_out(name: str) -> bool:
    return name in MADE_BY_ENGINES or name.startswith(FOLDERS_OF_ENGINES)


def _of_folder(root: Path) -> Iterator[Entry]:
    for folder, subfolders, names in os.walk(root):
        for name in (*names, *subfolders):
            path = Path(folder, name)
            inside = str(path.relative_to(root))
            status = path.lstat()
            if _is_left_out(inside):
                continue
            if stat.S_ISLNK(status.st_mode):
                yield inside, "link", os.fsdecode(path.readlink())
            elif stat.S_ISREG(status.st_mode):
                with path.open("rb") as file:
                    yield inside, oct(stat.S_IMODE(status.st_mode)), _file_digest(file)


def _of_tar(tar: tarfile.TarFile) -> Iterator[Entry]:
    known: dict[str, Entry] = {}
    for member in tar:
        inside = member.name.removeprefix("./")
        if _is_left_out(inside):
            continue
        if member.issym():
            yield inside, "link", member.linkname
        elif member.isreg():
            file = tar.extractfile(member)
            assert file is not None  # noqa: S101 - a regular file has content
            known[inside] = (inside, oct(stat.S_IMODE(member.mode)), _file_digest(file))
            yield known[inside]
        elif member.islnk():  # a second name of a file that came before
            yield inside, *known[member.linkname.removeprefix("./")][1:]


def _file_digest(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()
