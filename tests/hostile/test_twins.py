"""Nothing that a guest can read tells whether it sees a project or its mended twin.

Agents print every sign that has told them apart: user id, numbers of devices, mounts, namespaces, inodes, and time.
A guesser by such a sign is right when the project has the even, the odd, the lower or the higher number. What only
grows tells which sandbox is the later one; as the two come in random order, whoever goes by it is right no more often
than a coin, whatever it knows of the numbers that a machine hands out.
"""

import json
import random
from collections.abc import Callable
from statistics import median
from typing import Any

from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.api import Sandbox
from bitsec_eval.sandbox.execution.agent_run import AgentOrder
from bitsec_eval.sandbox.pool import pooled
from bitsec_eval.schedule.runs import RunKey, RunSpec
from bitsec_eval.schedule.schedule import Schedule

PAIRS = 24
MOST_RIGHT = 21
"""A sign that tells nothing agrees with the role in more of the pairs once in 50,000 times."""

LOOK = b"""
import ctypes, json, mmap, os, socket, time
libc = ctypes.CDLL(None)
mounts = [line.split() for line in open("/proc/self/mountinfo")]
machine = (ctypes.c_ulong * 32)()
libc.sysinfo(machine)
event = libc.eventfd(0, 0)
told = dict(line.split(":", 1) for line in open("/proc/self/fdinfo/%d" % event))
disk = os.statvfs("/")
shared = mmap.mmap(-1, 4096)
end = socket.socket(1)
maps = [line.split() for line in open("/proc/self/maps")]
print(json.dumps({
    "uid": os.getuid(),
    "device of the root": os.stat("/").st_dev,
    "device of /tmp": os.stat("/tmp").st_dev,
    "device of /proc": os.stat("/proc").st_dev,
    "first mount": int(mounts[0][0]),
    "last mount": int(mounts[-1][0]),
    "parent mount": int(mounts[0][1]),
    **{f"namespace {name}": os.stat(f"/proc/self/ns/{name}").st_ino for name in ("mnt", "pid", "ipc", "uts", "net")},
    "inode of a pipe": os.fstat(os.pipe()[0]).st_ino,
    "inode of a socket": os.fstat(end.fileno()).st_ino,
    "inode of memory": os.fstat(os.memfd_create("x")).st_ino,
    "inode of shared memory": next(int(line[4]) for line in maps if line[-1] == "(deleted)"),
    "inode of a process": os.fstat(os.pidfd_open(os.getpid())).st_ino,
    "event": int(told.get("eventfd-id", 0)),
    "free memory": machine[5],
    "processes of the machine": machine[10] & 0xFFFF,
    "free blocks": disk.f_bfree,
    "free inodes": disk.f_ffree,
    "start": int(open("/proc/self/stat").read().rpartition(")")[2].split()[19]),
    "time": time.monotonic_ns(),
    "process": os.getpid(),
}))
"""
SAME = b"""
import json, os, resource, socket
print(json.dumps({
    "hostname": socket.gethostname(),
    "environment": sorted(os.environ.items()),
    "processes": sum(name.isdigit() for name in os.listdir("/proc")),
    "mounts": sorted({line.split()[4] for line in open("/proc/self/mountinfo")}),
    "peers": [line for line in open("/proc/self/mountinfo") if " shared:" in line],
    "limits": [resource.getrlimit(number) for number in range(16)],
    "cgroup": sorted(line.split(":", 2)[2] for line in open("/proc/self/cgroup")),
}))
"""


def looks(sandbox: Sandbox, source: bytes, pairs: int, chance: random.Random | None) -> list[tuple[Any, Any]]:
    """Return what an agent sees on each project and on its twin, one run after another."""
    limits = Limits(wall_seconds=30)
    orders = (AgentOrder(source=source, prompt="x", files={}),) * 2
    with pooled(sandbox, 1) as pool:
        schedule = Schedule(pool, 1, chance=chance)
        works = [RunSpec(key=RunKey("a", f"t{n}"), orders=lambda: orders, limits=limits) for n in range(pairs)]
        for each in works:
            pool.expect(limits, 2)
            schedule.want(each)
        seen = [tuple(json.loads(answer.text) for answer in schedule.done(each.key).answers) for each in works]
        schedule.stop()
    return seen  # type: ignore[return-value]


GUESSES: dict[str, Callable[[int, int], bool]] = {
    "even": lambda project, twin: project % 2 == 0 and twin % 2 == 1,
    "odd": lambda project, twin: project % 2 == 1 and twin % 2 == 0,
    "lower": lambda project, twin: project < twin,
    "higher": lambda project, twin: project > twin,
}


def telling(seen: list[tuple[Any, Any]]) -> list[str]:
    """Return the signs by which a guesser is right about nearly every pair."""
    most = len(seen) * MOST_RIGHT // PAIRS
    return [name for name, right in rights(seen).items() if right > most]


def rights(seen: list[tuple[Any, Any]]) -> dict[str, int]:
    """Return in how many pairs a guesser by each sign is right; some know which numbers are usual on the machine."""
    found = {}
    for sign in seen[0][0]:
        pairs = [(project[sign], twin[sign]) for project, twin in seen]
        middle = median(number for pair in pairs for number in pair)
        guesses = {
            **GUESSES,
            "below the usual": lambda project, twin, middle=middle: project < middle <= twin,
            "above the usual": lambda project, twin, middle=middle: twin < middle <= project,
        }
        found |= {
            f"{sign}: {name}": sum(map(is_right, *zip(*pairs, strict=True))) for name, is_right in guesses.items()
        }
    return found


class InOrder(random.Random):
    """No chance at all: the project comes first."""

    def shuffle(self, x: Any) -> None:
        """Leave everything where it is."""


def test_no_sign_tells_which_is_which(sandbox: Sandbox):
    assert telling(looks(sandbox, LOOK, PAIRS, chance=None)) == []


def test_where_the_project_comes_first_signs_do_tell(sandbox: Sandbox):
    assert "time: lower" in telling(looks(sandbox, LOOK, 4, chance=InOrder()))


def test_what_is_no_number_is_equal_in_all(sandbox: Sandbox):
    seen = [each for pair in looks(sandbox, SAME, 3, chance=None) for each in pair]

    assert all(each == seen[0] for each in seen)
    assert seen[0]["peers"] == []
