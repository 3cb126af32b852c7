"""A root file system for each sandbox: an overlay of the image's folder, so that no two sandboxes share an inode.

Locks, leases and notifications are kept by inode; an overlay has inodes of its own for the same files.
"""

import ctypes
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from bitsec_eval.core.errors import SandboxError

_MS_RDONLY, _MS_NODEV = 1, 4
_MNT_DETACH = 2
MOUNT_POINT = "rootfs"


@contextmanager
def private_root(image: Path, bundle: Path) -> Iterator[None]:
    """Mount the image's folder at the bundle's `rootfs`; a container that is started meanwhile keeps it, nobody else.

    Raises:
        SandboxError: the kernel refuses.
    """
    place, nothing = bundle / MOUNT_POINT, bundle / "nothing"  # an overlay is of two folders at least
    place.mkdir()
    nothing.mkdir()
    folders = f"lowerdir={_escaped(image)}:{_escaped(nothing)}"
    if _libc().mount(b"overlay", os.fsencode(place), b"overlay", _MS_RDONLY | _MS_NODEV, folders.encode()):
        words = os.strerror(ctypes.get_errno())
        raise SandboxError(f"could not give a sandbox a root of its own: {words}; see that the kernel has overlayfs")
    try:
        yield
    finally:
        unmount(bundle)


def unmount(bundle: Path) -> None:
    """Take the root of a bundle away from this side, if it is still there."""
    _libc().umount2(os.fsencode(bundle / MOUNT_POINT), _MNT_DETACH)


def _escaped(path: Path) -> str:
    return re.sub(r"([\\:,])", r"\\\1", str(path))


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
