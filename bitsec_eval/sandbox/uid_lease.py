"""UID leases and crash cleanup: a lock that the kernel frees when a validator dies, and a label that names the lock.

A validator holds one block of user ids by an exclusive `flock` on the block's file. Its containers carry the block
in a label, so the next start can sweep what a killed validator left and never touches a living one's.
A path alone would not tell whose lock it is: validators in containers of their own may share an engine, a host's name
and the path of a folder that each has for itself, so the label names the very folder, and the boot it was used in.

The kernel counts some things by user (pages in pipes, watches), so no two sandboxes of a machine may share one,
whatever folders and engines their validators use: a block is also claimed under a name that the whole machine shares,
and one whose users have a process already, such as a guest that outlived its validator, is passed over.
"""

import fcntl
import os
import platform
import random
import socket
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import IO

from bitsec_eval.core.errors import SandboxError
from bitsec_eval.sandbox.hardening.policy import UIDS

LABEL = "bitsec-eval.owner"
LEASE_UIDS = 400
LEASES = len(UIDS) // LEASE_UIDS


class UidLease:
    """One validator's claim: a block of user ids that no other validator of this machine uses, and more as it needs.

    What is swept, and by whom, goes by the first block alone.
    """

    def __init__(self, folder: Path, block: int, held: ExitStack) -> None:
        self._folder = folder
        self._held = held
        self._block = block
        self._place, self._boot, self._identity = f"{platform.node()}:{folder}", _boot(), _identity(folder)
        self._free = list(_users(block))
        self._lock = Lock()
        self._chance = random.SystemRandom()

    @property
    def labels(self) -> dict[str, str]:
        """The labels of every container of this owner."""
        return {LABEL: f"{self._place}:boot={self._boot}:folder={self._identity}:block={self._block}"}

    @property
    def block(self) -> int:
        """The number of the block that is held."""
        return self._block

    @property
    def identity(self) -> str:
        """What tells the folder of the lock from every other one, also from one of the same path elsewhere."""
        return self._identity

    def left_by_the_dead(self, block: str) -> bool:
        """Whether what carries this block's number was left by a validator that is no more."""
        if not block.isdecimal():
            return False
        return int(block) == self._block or _is_free(self._folder, int(block))

    @contextmanager
    def uid(self) -> Iterator[int]:
        """Lend a user id that no other sandbox has at the moment, drawn at random: it tells no guest its place."""
        with self._lock:
            if not self._free:
                self._free += self._another_block()
            lent = self._free.pop(self._chance.randrange(len(self._free)))
        try:
            yield lent
        finally:
            with self._lock:
                self._free.append(lent)

    def _another_block(self) -> range:
        block = _hold_block(self._folder, self._held)
        if block is None:
            raise SandboxError("every user id of this machine's sandboxes is in use; use fewer --bitsec-jobs")
        return _users(block)

    def abandoned(self, labels: Mapping[str, str]) -> bool:
        """Whether the container with these labels was left by a validator that is no more."""
        place, _, rest = labels.get(LABEL, "").rpartition(":boot=")
        boot, _, rest = rest.partition(":folder=")
        folder, _, block = rest.partition(":block=")
        if place != self._place:
            return False
        return boot != self._boot or (folder == self._identity and self.left_by_the_dead(block))


def state_folder(environ: Mapping[str, str]) -> Path:
    """Return where this user's validators keep their locks unless they are told another place."""
    runtime = environ.get("XDG_RUNTIME_DIR")
    return Path(runtime, "bitsec-eval") if runtime else Path(tempfile.gettempdir(), f"bitsec-eval-{os.getuid()}")


@contextmanager
def lease_uids(folder: Path) -> Iterator[UidLease]:
    """Hold the first free block until the context is left.

    Raises:
        SandboxError: the folder cannot be used, or every block is held.
    """
    _private(folder)
    with ExitStack() as held:
        block = _hold_block(folder, held)
        if block is None:
            raise SandboxError(
                f"{LEASES} validators already run on this machine (locks in {folder}); wait for one to end"
            )
        yield UidLease(folder, block, held)


def _hold_block(folder: Path, held: ExitStack) -> int | None:
    """Hold the first free block until `held` is left; None where there is none."""
    busy = _busy_blocks()
    for block in range(LEASES):
        with ExitStack() as one:
            file = one.enter_context(_block_file(folder, block))
            if block not in busy and _lock(file) and _claim(block, one):
                held.push(one.pop_all())
                return block
    return None


def _claim(block: int, held: ExitStack) -> bool:
    """Claim a block on the whole machine, until `held` is left or this process dies."""
    if sys.platform != "linux":  # there the engine, and with it whoever counts by user, is a machine of its own
        return True
    claim = held.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    try:
        claim.bind(f"\0bitsec-eval-users-{block:02}")
    except OSError:
        return False
    return True


def _busy_blocks() -> set[int]:
    """Return the blocks of which a user has a process on this machine."""
    busy = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # ended meanwhile
            uid = process.stat().st_uid
            if uid in UIDS:
                busy.add(UIDS.index(uid) // LEASE_UIDS)
    return busy


def _users(block: int) -> range:
    return UIDS[block * LEASE_UIDS : (block + 1) * LEASE_UIDS]


def _private(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise SandboxError(f"cannot use {folder} for locks: {error.strerror}; set --bitsec-state") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise SandboxError(f"{folder} is not a folder of ours; remove it or set --bitsec-state")


def _block_file(folder: Path, block: int) -> IO[bytes]:
    return (folder / f"block-{block:02}.lock").open("ab")


def _lock(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_free(folder: Path, block: int) -> bool:
    with _block_file(folder, block) as file:
        return _lock(file)


def _identity(folder: Path) -> str:
    found = folder.stat()
    return f"{found.st_dev:x}-{found.st_ino:x}"


def _boot() -> str:
    """Return what is the same until this machine starts anew: no validator outlives that."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:  # not Linux
        return ""
