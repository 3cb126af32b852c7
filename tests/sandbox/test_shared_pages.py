"""What all sandboxes of a machine share of their image carries nothing from one to another."""

import copy
import ctypes
import json
import mmap
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from sandbox.sessions import answer_of

from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.api import Sandbox
from bitsec_eval.sandbox.hardening.policy import MASKED_PATHS
from bitsec_eval.sandbox.hardening.seccomp import ALLOWED, MADVICE, profile
from bitsec_eval.sandbox.held_image import held
from bitsec_eval.sandbox.oci import engine as oci_module
from bitsec_eval.sandbox.oci.bundle import bundle_config
from bitsec_eval.sandbox.oci.engine import OciSandbox

PROBES = """
import ctypes, fcntl, json, mmap, os
libc = ctypes.CDLL(None, use_errno=True)
NUMBERS = {
    "x86_64": dict(fadvise64=221, mincore=27, cachestat=451, readahead=187, sync_file_range=277, syncfs=306, sync=162,
                   inotify_init1=294, fanotify_init=300, process_madvise=440, madvise=28),
    "aarch64": dict(fadvise64=223, mincore=232, cachestat=451, readahead=213, sync_file_range=84, syncfs=267, sync=81,
                    inotify_init1=26, fanotify_init=262, process_madvise=440, madvise=233),
}[os.uname().machine]
file = os.open(json.__file__, os.O_RDONLY)
pages = mmap.mmap(file, 0, prot=mmap.PROT_READ)

def outcome(step):
    try:
        step()
    except OSError as error:
        return error.errno
    return 0

def call(name, *arguments):
    return 0 if libc.syscall(NUMBERS[name], *arguments) >= 0 else ctypes.get_errno()

print(json.dumps({
    **{name: call(name, file, 0, 0, 0, 0) for name in NUMBERS if name != "madvise"},
    "posix_fadvise": outcome(lambda: os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)),
    **{f"madvise {kind}": outcome(lambda: pages.madvise(kind)) for kind in (3, 12, 20, 21, 22, 25)},
    "madvise, more bits": call("madvise", ctypes.c_void_p(0), ctypes.c_size_t(4096), ctypes.c_long((1 << 32) + 21)),
    "read without waiting": outcome(lambda: os.preadv(file, [bytearray(9)], 0, 8)),
    "read and drop": outcome(lambda: os.preadv(file, [bytearray(9)], 0, 128)),
    "lease": outcome(lambda: fcntl.fcntl(file, 1024, fcntl.F_RDLCK)),
    "look for a lease": outcome(lambda: fcntl.fcntl(file, 1025)),
    "be told of a folder": outcome(lambda: fcntl.fcntl(os.open("/usr", os.O_RDONLY), 1026, 1)),
}))
"""

HONEST = """
import asyncio, fcntl, mmap, multiprocessing, os, sqlite3, tempfile, threading

def square(n):
    return n * n

async def slow():
    process = await asyncio.create_subprocess_exec("python3", "-c", "print(5)", stdout=-1)
    return (await process.communicate())[0]

if __name__ == "__main__":
    for method in ("fork", "spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            assert pool.map(square, range(4)) == [0, 1, 4, 9], method
    with tempfile.NamedTemporaryFile() as file:
        file.write(bytes(10000))
        file.flush()
        os.fsync(file.fileno())
        fcntl.flock(file, fcntl.LOCK_EX)
        fcntl.lockf(file, fcntl.LOCK_EX)
        with mmap.mmap(file.fileno(), 0) as pages:
            for advice in (mmap.MADV_NORMAL, mmap.MADV_RANDOM, mmap.MADV_SEQUENTIAL, mmap.MADV_DONTNEED):
                pages.madvise(advice)
            pages[0] = 65
            pages.flush()
        assert os.preadv(file.fileno(), [bytearray(5)], 0) == 5
        assert os.pwritev(file.fileno(), [b"12345"], 0) == 5
    with sqlite3.connect("/tmp/base.db") as base:
        base.execute("pragma journal_mode=wal")
        base.execute("create table t (n)")
        base.executemany("insert into t values (?)", [(n,) for n in range(1000)])
        assert base.execute("select sum(n) from t").fetchone() == (499500,)
    assert asyncio.run(slow()) == b"5\\n"
    threads = [threading.Thread(target=bytearray, args=(1 << 20,)) for _ in range(8)]
    [thread.start() for thread in threads] and [thread.join() for thread in threads]
    read, write = os.pipe()
    assert fcntl.fcntl(write, 1031, 1 << 17) == 1 << 17
    os.sync()
    print("all well")
"""


def test_calls_that_drop_or_look_at_pages_or_are_told_of_files_are_refused(sandbox: Sandbox):
    seen = json.loads(answer_of(sandbox, PROBES, limits=Limits(wall_seconds=20)).text)

    assert len(seen) > 20
    assert {name: errno for name, errno in seen.items() if errno not in (1, 38)} == {}


def test_honest_python_misses_nothing_of_it(sandbox: Sandbox):
    answer = answer_of(sandbox, HONEST, limits=Limits(wall_seconds=60))

    assert answer.text == "all well\n", answer


def test_no_architecture_lists_them():
    refused = {
        "fadvise64",
        "fadvise64_64",
        "arm_fadvise64_64",
        "mincore",
        "cachestat",
        "readahead",
        "process_madvise",
    }
    told = {"inotify_init", "inotify_init1", "inotify_add_watch", "fanotify_init", "fanotify_mark"}
    flushing = {"sync", "syncfs", "sync_file_range", "sync_file_range2"}
    asked_first = {"madvise", "preadv2", "pwritev2", "fcntl"}

    assert (refused | told | flushing | asked_first).isdisjoint(ALLOWED)
    assert not {3, 12, 20, 21, 22, 23, 25}.intersection(MADVICE)
    for machine in ("x86_64", "aarch64"):
        conditional = {name for rule in profile(machine)["syscalls"] if "args" in rule for name in rule["names"]}
        assert asked_first <= conditional


def test_the_machines_counters_are_empty(sandbox: Sandbox):
    source = f"""
import os
def told(path):
    try:
        return bool(os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(9))
    except OSError:
        return False
print([path for path in {MASKED_PATHS!r} if told(path)])
"""
    assert answer_of(sandbox, source).text == "[]\n"


LOCK = """
import fcntl, json.decoder, time
file = open(json.decoder.__file__)
try:
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError:
    print("held by somebody")
else:
    print("free", flush=True)
    time.sleep(WAIT)
"""


@contextmanager
def one_root_for_all(monkeypatch: pytest.MonkeyPatch, root: Path) -> Iterator[None]:
    """Start containers in the image's own folder, as they were before; nobody looks."""

    def shared(*arguments: Any) -> dict[str, Any]:
        config = copy.deepcopy(bundle_config(*arguments))
        config["root"]["path"] = str(root)
        return config

    with monkeypatch.context() as patch:
        patch.setattr(oci_module, "bundle_config", shared)
        patch.setattr(oci_module, "missing_guards", lambda *_: [])
        yield


def two_lock_the_same_file(sandbox: Sandbox) -> list[str]:
    with ThreadPoolExecutor() as pool:
        holder = pool.submit(answer_of, sandbox, LOCK.replace("WAIT", "4"), limits=Limits(wall_seconds=20))
        answers = [answer_of(sandbox, LOCK.replace("WAIT", "0")).text.strip() for _ in range(6)]
        return [*answers, holder.result().text.strip()]


def test_a_lock_on_a_file_of_the_image_is_seen_by_nobody_else(sandbox: Sandbox):
    assert set(two_lock_the_same_file(sandbox)) == {"free"}


def test_it_was_seen_where_sandboxes_shared_one_root(
    oci_engine: OciSandbox, oci_root: Path, monkeypatch: pytest.MonkeyPatch
):
    with one_root_for_all(monkeypatch, oci_root):
        assert "held by somebody" in two_lock_the_same_file(oci_engine)


def test_a_root_that_others_share_stops_everything(
    oci_engine: OciSandbox, oci_root: Path, monkeypatch: pytest.MonkeyPatch
):
    def shared(*arguments: Any) -> dict[str, Any]:
        config = copy.deepcopy(bundle_config(*arguments))
        config["root"]["path"] = str(oci_root)
        return config

    monkeypatch.setattr(oci_module, "bundle_config", shared)

    with pytest.raises(Exception, match="did not set mount / of its own"):
        answer_of(oci_engine, "print(1)")


def in_memory(path: Path) -> float:
    """Return the share of a file's pages that are in memory."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, flags=mmap.MAP_PRIVATE) as pages:
        first = ctypes.c_char.from_buffer(pages)
        count = -(-len(pages) // mmap.PAGESIZE)
        found = (ctypes.c_ubyte * count)()
        assert ctypes.CDLL(None).mincore(ctypes.byref(first), ctypes.c_size_t(len(pages)), found) == 0
        del first
        return sum(byte & 1 for byte in found) / count


@pytest.mark.parametrize("is_held", [True, False])
def test_the_pages_of_an_image_stay_where_they_are(tmp_path: Path, is_held: bool):
    (tmp_path / "image/lib").mkdir(parents=True)
    library = tmp_path / "image/lib/library.so"
    library.write_bytes(os.urandom(8 << 20))
    (tmp_path / "image/empty").touch()
    with library.open("rb") as file:
        os.fsync(file.fileno())

    with held([tmp_path / "image"]) if is_held else nullcontext(0) as size, library.open("rb") as file:
        assert size == (8 << 20 if is_held else 0)
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

        assert (in_memory(library) == 1.0) is is_held


def test_an_image_that_is_not_there_is_not_held(tmp_path: Path):
    with pytest.raises(FileNotFoundError), held([tmp_path / "image"]):
        pass
