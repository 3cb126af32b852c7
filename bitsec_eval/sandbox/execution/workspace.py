"""A task's folder as the files a guest gets: read whole, checked, and digested, before any sandbox is opened."""

import stat
from collections.abc import Mapping
from pathlib import Path

from bitsec_eval.core.errors import TaskError
from bitsec_eval.sandbox.hardening.policy import TMP_INODES, WORKSPACE_MIB
from bitsec_eval.support.digest import sha256_of_parts

FILE_BYTES = 7 << 20
"""The longest file that travels as one frame."""

_LEFT_OUT = frozenset({"__pycache__", ".DS_Store", ".git"})


def read_workspace(folder: Path) -> dict[str, bytes]:
    """Return the content of every file under `folder` by its relative path with slashes.

    Raises:
        TaskError: the folder is missing, holds a link or a special file, or is more than a sandbox takes.
    """
    if not folder.is_dir():
        raise TaskError(f"workspace {folder} is not a folder; make it or correct its name")
    files = {}
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if _LEFT_OUT.isdisjoint(inside.parts) and not path.is_dir():
            files[inside.as_posix()] = _content(path)
    _check_size(folder, files)
    return files


def _content(path: Path) -> bytes:
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        raise TaskError(f"workspace file {path} is a link or a special file; copy what it stands for")
    if found.st_size > FILE_BYTES:
        raise TaskError(f"workspace file {path} is {found.st_size} bytes, the most is {FILE_BYTES}; leave it out")
    return path.read_bytes()


def _check_size(folder: Path, files: Mapping[str, bytes]) -> None:
    size = sum(map(len, files.values()))
    if size > WORKSPACE_MIB << 19 or len(files) > TMP_INODES // 2:
        most = f"{WORKSPACE_MIB // 2} MiB in {TMP_INODES // 2} files"
        raise TaskError(f"workspace {folder} is {size >> 20} MiB in {len(files)} files, the most is {most}")


def files_digest(files: Mapping[str, bytes]) -> str:
    """Return a SHA-256 that equals another's only when paths and contents do."""
    return sha256_of_parts(part for path, content in sorted(files.items()) for part in (path.encode(), content))
