"""A root file system for each sandbox: an overlay of the image's folder, so that no two sandboxes share an inode.

Locks, leases and notifications are kept by inode; an overlay has inodes of its own for the same files.
The overlay is mounted in a namespace that ends as soon as the container has a copy of it: nobody else on the machine
ever sees it, and nothing is left of it, however this process ends.
A guest can read the mount's options, so they name nothing but the image's folder: not where locks are kept, which
differs between engines, nor the sandbox's own folder.
"""

import ctypes
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from bitsec_eval.core.errors import SandboxError

_CLONE_NEWNS = 0x20000
_MS_RDONLY, _MS_NODEV, _MS_REC, _MS_SLAVE = 1, 4, 1 << 14, 1 << 19
MOUNT_POINT = "rootfs"
NOTHING = "nothing"
"""An overlay is of two folders at least."""


def with_private_root(image: Path, bundle: Path, start: Callable[[], object]) -> None:
    """Call `start`, which starts a container, where the image's folder is mounted at the bundle's `rootfs`.

    Raises:
        SandboxError: the kernel refuses the mount; or what `start` raises.
    """
    for name in (MOUNT_POINT, NOTHING):
        (bundle / name).mkdir()

    def mounted() -> None:
        _mount_for_this_thread(bundle, f"lowerdir={_escaped(image.absolute())}:{NOTHING}")
        start()

    with ThreadPoolExecutor(1, thread_name_prefix="bitsec-root") as thread:  # the namespace is that thread's
        thread.submit(mounted).result()


def _mount_for_this_thread(bundle: Path, folders: str) -> None:
    libc, flags = _libc(), _MS_RDONLY | _MS_NODEV
    failed = libc.unshare(_CLONE_NEWNS) or libc.mount(b"none", b"/", None, _MS_REC | _MS_SLAVE, None)
    if not failed:
        with _in_folder(bundle):  # of this thread alone: who has mounts of its own has a working directory of its own
            failed = libc.mount(b"overlay", MOUNT_POINT.encode(), b"overlay", flags, folders.encode())
    if failed:
        words = os.strerror(ctypes.get_errno())
        raise SandboxError(f"could not give a sandbox a root of its own: {words}; see that the kernel has overlayfs")


@contextmanager
def _in_folder(folder: Path) -> Iterator[None]:
    """Work in a folder, and then where it was before, be that still there or not."""
    before = os.open(".", os.O_PATH | os.O_CLOEXEC)
    try:
        os.chdir(folder)
        yield
    finally:
        os.fchdir(before)
        os.close(before)


def _escaped(path: Path) -> str:
    return re.sub(r"([\\:,])", r"\\\1", str(path))


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
