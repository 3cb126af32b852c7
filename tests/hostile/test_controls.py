"""With its guard taken away an attack works: so it is the guard that stops it, and not something else.

Only what is safe to show is shown: never a privileged container, a device or the host's root.
Both the engine's answer and the guest's own look at itself would refuse to start such a container; they are believed
here to be well. `test_guards.py` shows that they do refuse.
"""

import re
import struct
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest
from hostile.corpus import Attack, attack
from sandbox.sessions import answer_of, calls_on

from bitsec_eval.core.answers.answer import Answer, Ending
from bitsec_eval.core.errors import SandboxError
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.api import Sandbox
from bitsec_eval.sandbox.docker import engine as docker_engine
from bitsec_eval.sandbox.docker.engine import DockerSandbox
from bitsec_eval.sandbox.execution.solution import RemoteSolution
from bitsec_eval.sandbox.hardening.policy import create_body
from bitsec_eval.sandbox.protocol import handshake as greeting
from bitsec_eval.sandbox.protocol import session as framed
from bitsec_eval.sandbox.protocol.guest_program import program_text

LIMITS = Limits(wall_seconds=4, call_seconds=3, memory_mib=96, tmp_mib=32)
Body = dict[str, Any]


def host(**fields: object) -> Callable[[Body], None]:
    """Return a change of a create body's HostConfig."""
    return lambda body: body["HostConfig"].update(fields)


def also(*changes: Callable[[Body], None]) -> Callable[[Body], None]:
    """Return several changes as one."""
    return lambda body: [change(body) for change in changes] and None


def as_user(uid: int) -> Callable[[Body], None]:
    """Return a change of whom the guest runs as, with its folders."""

    def change(body: Body) -> None:
        mounts = body["HostConfig"]["Tmpfs"]
        body["User"] = f"{uid}:{uid}"
        body["HostConfig"]["Tmpfs"] = {
            path: re.sub(r"\b([ug]id)=\d+", rf"\1={uid}", words) for path, words in mounts.items()
        }

    return change


def unconfined(body: Body) -> None:
    body["HostConfig"]["SecurityOpt"] = ["no-new-privileges", "seccomp=unconfined"]


def larger_tmp(option: str, instead: str) -> Callable[[Body], None]:
    """Return a change of the options of the guest's tmpfs mounts."""

    def change(body: Body) -> None:
        mounts = body["HostConfig"]["Tmpfs"]
        body["HostConfig"]["Tmpfs"] = {path: words.replace(option, instead) for path, words in mounts.items()}

    return change


def connected(body: Body) -> None:
    """Give it the host's interfaces: an engine need not have a bridge network."""
    body["NetworkDisabled"] = False
    body["HostConfig"]["NetworkMode"] = "host"
    del body["Hostname"]  # the host's


def talkative(body: Body) -> None:
    body["Env"] = [*body["Env"], "VALIDATOR_KEY=a-key-just"]


class Runner(NamedTuple):
    """A change of the program of process 1."""

    line: str
    instead: str

    def program(self) -> bytes:
        """Return what process 1 is sent; with no compiled program of its Python in it, it takes the text."""
        text = program_text().decode()
        assert text.count(self.line) == 1
        changed = text.replace(self.line, self.instead).encode()
        return struct.pack(">II", 4, len(changed)) + bytes(4) + changed


Change = Callable[[Body], None] | Runner
OPEN_PROCESS_1 = Runner("prctl(PR_SET_DUMPABLE, 0)", "None")
UNWIPED = Runner("            wipe(folder)", "            pass")


OF_SHARED_PAGES = (
    *("page_drop", "page_look", "page_fetch", "page_advice", "page_read_once"),
    *("flush_pages", "watch_files", "lease_file", "count_sockets"),
)
"""Calls that this kernel would answer on any file; `page_count` and `watch_everything` it refuses by itself to who
is neither the file's owner nor privileged, and `page_no_wait` on overlays, as others do not."""

OF_RARE_CALLS = (
    *("secret_memory", "old_segments", "answer_for_children", "list_mounts", "place_of_pages", "disk_by_number"),
    *("copy_of_mounts", "modules_of_the_host", "advise_another"),
)
"""Calls that Python programs never make; some are not on every architecture."""

OF_THE_MACHINE = (
    *("count_memory", "count_blocks", "count_events", "count_load", "count_files", "count_groups", "count_disks"),
    *("count_devices", "count_terminals", "count_interrupts", "count_file_systems", "count_by_device"),
    *("count_users_of_code", "count_changes"),
)

WITHOUT: dict[str, tuple[str, Change]] = {
    "PidsLimit": ("agents/fork_bomb", host(PidsLimit=512, Memory=1 << 30, MemorySwap=1 << 30)),
    "PidsLimit, zombies": ("agents/zombie_flood", host(PidsLimit=600)),
    "PidsLimit, threads": ("agents/thread_flood", host(PidsLimit=600)),
    "Memory": ("agents/memory_bomb", host(Memory=1 << 29, MemorySwap=1 << 29)),
    "ReadonlyRootfs and User": ("agents/root_filesystem", also(host(ReadonlyRootfs=False), as_user(0))),
    "Tmpfs size": ("agents/tmp_fill", also(larger_tmp("size=32m", "size=256m"), host(Memory=1 << 29, MemorySwap=-1))),
    "Tmpfs nr_inodes": ("agents/inode_fill", larger_tmp("nr_inodes=4096", "nr_inodes=40000")),
    "Tmpfs noexec": ("agents/run_from_tmp", larger_tmp("noexec", "exec")),
    "ShmSize": ("agents/shm_fill", host(ShmSize=128 << 20)),
    "Ulimits nofile": ("agents/open_files", host(Ulimits=[{"Name": "nofile", "Soft": 4096, "Hard": 4096}])),
    "Ulimits core": ("agents/core_dump", host(Ulimits=[{"Name": "core", "Soft": -1, "Hard": -1}])),
    "NetworkDisabled": ("agents/network", connected),
    "NetworkDisabled, abstract sockets": ("agents/host_sockets", connected),
    "Binds": ("agents/engine_socket", host(Binds=["/dev/null:/var/run/docker.sock"])),
    "seccomp, calls": ("agents/system_calls", unconfined),
    "seccomp, families": ("agents/odd_sockets", unconfined),
    "seccomp, namespaces": ("agents/namespaces", unconfined),
    "Ulimits nofile, messages": (
        "agents/descriptors_in_flight",
        host(Ulimits=[{"Name": "nofile", "Soft": 4096, "Hard": 4096}]),
    ),
    "CapDrop, priorities": ("agents/outrank_neighbours", also(host(CapDrop=[], CapAdd=["SYS_NICE"]), as_user(0))),
    "seccomp, ptrace": ("agents/trace_process_1", unconfined),
    "seccomp, limits of others": ("agents/limit_process_1", unconfined),
    "seccomp, one entry": ("agents/old_entry", unconfined),
    "no-new-privileges": ("agents/privileges", host(SecurityOpt=[])),
    "CapDrop": ("agents/capabilities", host(CapDrop=[])),
    "User": ("agents/root_user", as_user(0)),
    "Env": ("agents/environment", talkative),
    "PidMode": ("agents/other_processes", host(PidMode="host")),
    "CgroupnsMode": ("agents/control_group", host(CgroupnsMode="host")),
    "MaskedPaths": ("agents/masked_paths", host(MaskedPaths=[])),
    **{f"seccomp, {name}": (f"agents/{name}", unconfined) for name in (*OF_SHARED_PAGES, *OF_RARE_CALLS)},
    **{f"MaskedPaths, {name}": (f"agents/{name}", host(MaskedPaths=[])) for name in OF_THE_MACHINE},
    "OomScoreAdj": ("agents/out_of_memory_order", host(OomScoreAdj=0)),
    "process 1 is private, memory": ("agents/write_into_process_1", OPEN_PROCESS_1),
    "process 1 is private, channel": ("agents/speak_for_process_1", OPEN_PROCESS_1),
    "process 1 is private, folders": ("agents/through_process_1", OPEN_PROCESS_1),
}


@pytest.fixture
def weakened(engine: DockerSandbox, monkeypatch: pytest.MonkeyPatch) -> Callable[..., DockerSandbox]:
    """Return what makes the engine's containers lack a guard, and nobody notice."""

    def weaken(change: Change) -> DockerSandbox:
        if isinstance(change, Runner):
            monkeypatch.setattr(framed, "program", change.program)
            monkeypatch.setattr(greeting, "missing_in_guest", lambda *_: [])
            return engine

        def body(limits: Limits, placement: Any) -> Body:
            made = create_body(limits, placement)
            change(made)
            return made

        monkeypatch.setattr(docker_engine, "create_body", body)
        monkeypatch.setattr(docker_engine, "missing_in_engine", lambda *_: [])
        monkeypatch.setattr(greeting, "missing_in_guest", lambda *_: [])
        return engine

    return weaken


@pytest.mark.parametrize("guard", WITHOUT)
def test_without_its_guard_the_attack_works(weakened: Callable[..., DockerSandbox], guard: str):
    name, change = WITHOUT[guard]

    answer = answer_of(weakened(change), attack(name).agent_source, limits=LIMITS)

    assert "PWNED" in answer.text, answer


@pytest.mark.long  # test_corpus.py shows the same among others
@pytest.mark.parametrize("guard", WITHOUT)
def test_with_it_the_attack_does_not(engine: DockerSandbox, guard: str):
    tried: Attack = attack(WITHOUT[guard][0])

    answer = answer_of(engine, tried.agent_source, limits=LIMITS)

    assert "PWNED" not in answer.text, answer
    assert answer.ending in tried.ending.split(" or ")


def reversed_by(sandbox: Sandbox, source: str, limits: Limits) -> str:
    """Return what a solution of this source makes of "abc"."""
    with calls_on(sandbox, source, limits) as calls:
        return str(RemoteSolution(calls).reverse_string("abc"))


OF_CALLS: dict[str, Change] = {
    "page_note": unconfined,
    "watch_neighbours": unconfined,
    "limit_from_call": unconfined,
    "memory_signal": host(MaskedPaths=[]),
    "channel_from_call": OPEN_PROCESS_1,
}
"""Solutions that answer rightly where their attack works, by what has to be taken away for that."""


@pytest.mark.parametrize("name", OF_CALLS)
def test_without_its_guard_a_solutions_attack_works_too(
    engine: DockerSandbox, weakened: Callable[..., DockerSandbox], name: str
):
    source = attack(f"solutions/{name}").source

    assert reversed_by(engine, source, LIMITS) == "held"
    assert reversed_by(weakened(OF_CALLS[name]), source, LIMITS) == "cba"


KEEP_PROCESS_1_BUSY = """
import os
while True:
    os.write(1, b"x")
    for _ in range(20):
        os.kill(1, 17)
"""


def test_without_the_filter_an_agent_could_end_process_1_and_void_its_run(
    weakened: Callable[..., DockerSandbox],
):
    """The whole chain of `limit_process_1`: the kernel kills process 1, and it looks like somebody outside did."""
    source = attack("agents/limit_process_1").source + KEEP_PROCESS_1_BUSY

    with pytest.raises(SandboxError, match="a sandbox was killed from outside"):
        answer_of(weakened(unconfined), source, limits=Limits(wall_seconds=120))


def test_a_guest_that_tells_of_its_end_and_lives_on_is_found_out(
    weakened: Callable[..., DockerSandbox], monkeypatch: pytest.MonkeyPatch
):
    """The second lock behind the privacy of process 1: what it says is checked with the engine."""
    monkeypatch.setattr(docker_engine, "DEATH_SECONDS", 1)
    told = "import os, struct, time\np = b'{\"signal\":9}'\nf = os.open('/proc/1/fd/1', os.O_WRONLY)\n"
    told += "os.write(f, struct.pack('>IB', len(p), ord('X')) + p)\ntime.sleep(1000)\n"

    answer = answer_of(weakened(OPEN_PROCESS_1), told, limits=LIMITS)

    assert answer.ending is Ending.MALFORMED


def test_output_is_bounded_by_the_hosts_limit_alone(engine: DockerSandbox):
    source = "import os\nfor _ in range(48): os.write(1, b'x' * 65536)\n"

    def ending(output_bytes: int) -> Answer:
        return answer_of(engine, source, limits=Limits(wall_seconds=10, output_bytes=output_bytes))

    assert ending(1 << 20).ending is Ending.TOO_LOUD
    assert ending(4 << 20).ending is Ending.EXITED


def test_a_process_limit_for_processors_is_kept(engine: DockerSandbox, weakened: Callable[..., DockerSandbox]):
    """A machine that is busy with other things leaves little to a free one as well: that is asked a few times."""
    source = """
import os, time
if os.fork() == 0:
    while True: pass
started = time.monotonic()
while time.monotonic() - started < 1.5: pass
print(os.times().user / (time.monotonic() - started))
"""
    limits = Limits(wall_seconds=20, cpus=0.05)

    def share(sandbox: DockerSandbox) -> float:
        return float(answer_of(sandbox, source, limits=limits).text)

    assert share(engine) < 0.08
    free = weakened(host(NanoCpus=2_000_000_000))
    assert any(share(free) > 0.1 for _ in range(8))


def test_notes_survive_between_checks_where_they_are_not_wiped(
    engine: DockerSandbox, weakened: Callable[..., DockerSandbox]
):
    source = attack("solutions/notes_between_checks").source

    def second_check(sandbox: DockerSandbox) -> str:
        with calls_on(sandbox, source, LIMITS) as calls:
            calls.begin()
            return str(RemoteSolution(calls).reverse_string("abc"))

    assert second_check(engine) == "held"
    assert second_check(weakened(UNWIPED)) == "cba"


STARVE = """
import fcntl, os, time
ends = []
try:
    while True:
        ends += os.pipe()
        fcntl.fcntl(ends[-1], 1031, 1 << 20)
except OSError:
    while fcntl.fcntl(os.pipe()[1], 1032) == 65536:
        pass
time.sleep(20)
"""


@pytest.mark.parametrize("shared", [False, True])
def test_a_neighbour_of_another_user_is_not_starved(weakened: Callable[..., DockerSandbox], shared: bool):
    """The kernel counts pages in pipes by user; the control gives both sandboxes one user."""
    sandbox = weakened(as_user(59_999) if shared else lambda _: None)
    look = "import fcntl, os\nprint(fcntl.fcntl(os.pipe()[1], 1032))\n"
    with ThreadPoolExecutor() as pool:
        starving = pool.submit(answer_of, sandbox, STARVE, limits=Limits(wall_seconds=4))
        time.sleep(2)
        seen = int(answer_of(sandbox, look, limits=LIMITS).text)
        starving.result()

    assert (seen < 65536) is shared
