"""Nothing that a guest can read tells whether it sees a project or its mended twin.

Agents print every sign that has told them apart: user id, numbers of devices, mounts, namespaces, inodes, and time.
A guesser by such a sign is right when the project always has the even, the odd, the lower or the higher number.
"""

import json
import random
from collections.abc import Callable
from typing import Any

from bitsec_eval.core.task import Limits
from bitsec_eval.sandbox.api import Sandbox
from bitsec_eval.sandbox.execution.agent_run import AgentOrder
from bitsec_eval.sandbox.pool import pooled
from bitsec_eval.schedule.runs import RunKey, RunSpec
from bitsec_eval.schedule.schedule import Schedule

PAIRS = 14
"""A sign that tells nothing agrees with the role in all of them once in 8,192 times."""

LOOK = b"""
import json, os, time
mounts = [line.split() for line in open("/proc/self/mountinfo")]
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
    """Return the signs by which a guesser is right about every pair."""
    return [
        f"{sign}: {name}"
        for sign in seen[0][0]
        for name, is_right in GUESSES.items()
        if all(is_right(project[sign], twin[sign]) for project, twin in seen)
    ]


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
