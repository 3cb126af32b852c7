"""A root file system for each sandbox: an overlay of the image's folder, so that no two sandboxes share an inode.

Locks, leases and notifications are kept by inode; an overlay has inodes of its own for the same files.
The overlay is mounted in a namespace that ends as soon as the container has a copy of it: nobody else on the machine
ever sees it, and nothing is left of it, however this process ends.
"""

import ctypes
import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from bitsec_eval.core.errors import SandboxError

_CLONE_NEWNS = 0x20000
_MS_RDONLY, _MS_NODEV, _MS_REC, _MS_SLAVE = 1, 4, 1 << 14, 1 << 19
MOUNT_POINT = "rootfs"


def with_private_root(image: Path, bundle: Path, start: Callable[[], object]) -> None:
    """Call `start`, which starts a container, where the image's folder is mounted at the bundle's `rootfs`.

    Raises:
        SandboxError: the kernel refuses the mount; or what `start` raises.
    """
    place, nothing = bundle / MOUNT_POINT, bundle / "nothing"  # an overlay is of two folders at least
    place.mkdir()
    nothing.mkdir()

    def mounted() -> None:
        _mount_for_this_thread(place, f"lowerdir={_escaped(image)}:{_escaped(nothing)}")
        start()

    with ThreadPoolExecutor(1, thread_name_prefix="bitsec-root") as thread:  # the namespace is that thread's
        thread.submit(mounted).result()


def _mount_for_this_thread(place: Path, folders: str) -> None:
    libc, flags = _libc(), _MS_RDONLY | _MS_NODEV
    failed = (
        libc.unshare(_CLONE_NEWNS)
        or libc.mount(b"none", b"/", None, _MS_REC | _MS_SLAVE, None)
        or libc.mount(b"overlay", os.fsencode(place), b"overlay", flags, folders.encode())
    )
    if failed:
        words = os.strerror(ctypes.get_errno())
        raise SandboxError(f"could not give a sandbox a root of its own: {words}; see that the kernel has overlayfs")


def _escaped(path: Path) -> str:
    return re.sub(r"([\\:,])", r"\\\1", str(path))


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
