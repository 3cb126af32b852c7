"""Every guard is asked for, read back from the engine, and seen by the guest; take one away and nothing starts."""

import copy
import json
from typing import Any

import pytest
from sandbox.sessions import answer_of

from bitsec_eval.core.errors import SandboxError
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.api import Sandbox
from bitsec_eval.sandbox.docker import engine as docker_engine
from bitsec_eval.sandbox.docker.engine import DockerSandbox
from bitsec_eval.sandbox.hardening.policy import UIDS, Placement, create_body, missing_in_engine, missing_in_guest
from bitsec_eval.sandbox.hardening.seccomp import ALLOWED, architecture, profile

PLACEMENT = Placement(image="sha256:1", machine="x86_64", uid=20001, labels={"a": "b"}, command=("python3",))
BODY = create_body(Limits(), PLACEMENT)


def inspected() -> dict[str, Any]:
    """Return what an engine that did everything it was asked would say."""
    host = copy.deepcopy(BODY["HostConfig"]) | {
        "NetworkMode": "default",
        "MaskedPaths": [*BODY["HostConfig"]["MaskedPaths"], "/proc/more"],
    }
    return {"HostConfig": host, "Config": copy.deepcopy(BODY), "Image": BODY["Image"], "Mounts": []}


def test_an_engine_that_did_as_asked_lacks_nothing():
    assert missing_in_engine(BODY, inspected()) == []


def _mutations() -> dict[str, tuple[str, str, object]]:
    host = {
        "ReadonlyRootfs": False,
        "CapDrop": [],
        "CapAdd": ["SYS_ADMIN"],
        "Privileged": True,
        "Memory": 0,
        "MemorySwap": -1,
        "NanoCpus": 0,
        "PidsLimit": None,
        "ShmSize": 1 << 30,
        "Tmpfs": {},
        "IpcMode": "host",
        "CgroupnsMode": "host",
        "PidMode": "host",
        "UTSMode": "host",
        "UsernsMode": "host",
        "NetworkMode": "host",
        "OomScoreAdj": -1000,
        "AutoRemove": True,
        "SecurityOpt": ["no-new-privileges"],
        "LogConfig": {"Type": "json-file"},
        "Ulimits": [],
        "Binds": ["/:/host"],
        "Mounts": [{"Type": "bind"}],
        "Devices": [{}],
        "RestartPolicy": {"Name": "always"},
        "MaskedPaths": ["/proc/keys"],
        "ReadonlyPaths": None,
    }
    config = {"User": "0:0", "NetworkDisabled": False, "Tty": True, "StdinOnce": False, "Env": ["KEY=1"]}
    changed = {name: ("HostConfig", name, value) for name, value in host.items()}
    return changed | {name: ("Config", name, value) for name, value in config.items()}


@pytest.mark.parametrize("guard", _mutations())
def test_a_guard_that_the_engine_did_not_set_is_named(guard: str):
    part, name, value = _mutations()[guard]
    found = inspected()
    found[part][name] = value

    assert guard in missing_in_engine(BODY, found)


def test_another_image_or_a_mount_of_the_hosts_is_named():
    assert missing_in_engine(BODY, inspected() | {"Image": "sha256:2"}) == ["Image"]
    assert missing_in_engine(BODY, inspected() | {"Mounts": [{"Type": "volume"}]}) == ["Mounts"]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("uid", 0, "uid"),
        ("pid", 7, "process 1"),
        ("interfaces", ["lo", "eth0"], "no interface but loopback"),
        ("capabilities", "00000000a80425fb", "no capabilities"),
        ("bounding", "", "no capabilities"),
        ("no_new_privileges", "0", "no new privileges"),
        ("seccomp", "0", "seccomp filter"),
        ("read_only_root", False, "read-only root"),
        ("private", False, "private process 1"),
    ],
)
def test_a_guard_that_the_guest_does_not_see_on_itself_is_named(field: str, value: object, words: str):
    hello = {
        "uid": 20001,
        "pid": 1,
        "interfaces": ["lo"],
        "capabilities": "0000000000000000",
        "bounding": "0000000000000000",
        "no_new_privileges": "1",
        "seccomp": "2",
        "read_only_root": True,
        "private": True,
    }

    assert missing_in_guest(20001, hello) == []
    assert missing_in_guest(20001, hello | {field: value}) == [words]


WEAKENED = {
    "ReadonlyRootfs": False,
    "CapDrop": [],
    "SecurityOpt": ["no-new-privileges"],
    "PidsLimit": 0,
    "MemorySwap": -1,
    "Ulimits": [],
    "Tmpfs": {},
    "LogConfig": {"Type": "json-file"},
}


@pytest.mark.parametrize("guard", WEAKENED)
def test_no_agent_runs_in_a_container_whose_guard_an_engine_dropped(
    engine: DockerSandbox, monkeypatch: pytest.MonkeyPatch, guard: str
):
    """The engine is real; what is sent to it lacks one guard, as if the engine had ignored it."""
    real = docker_engine.missing_in_engine

    def weakened(body: dict[str, Any], found: dict[str, Any]) -> list[str]:
        return real(body, found | {"HostConfig": found["HostConfig"] | {guard: WEAKENED[guard]}})

    monkeypatch.setattr(docker_engine, "missing_in_engine", weakened)

    with pytest.raises(SandboxError, match=f"the engine did not set {guard}; no agent runs without every guard"):
        answer_of(engine, "print(1)")


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        ("NetworkDisabled", "no interface but loopback"),
        ("seccomp", "seccomp filter"),
        ("ReadonlyRootfs", "read-only root"),
    ],
)
def test_the_guests_own_look_is_a_second_lock(
    engine: DockerSandbox, monkeypatch: pytest.MonkeyPatch, lost: str, words: str
):
    """The guard is really gone and the engine's word is believed: the guest's own look still refuses."""

    def without(limits: Limits, placement: Placement) -> dict[str, Any]:
        body = create_body(limits, placement)
        if lost == "NetworkDisabled":  # the host's interfaces, since an engine need not have a bridge network
            body[lost] = False
            body["HostConfig"]["NetworkMode"] = "host"
            del body["Hostname"]
        elif lost == "seccomp":
            body["HostConfig"]["SecurityOpt"] = ["no-new-privileges", "seccomp=unconfined"]
        else:
            body["HostConfig"][lost] = False
        return body

    monkeypatch.setattr(docker_engine, "create_body", without)
    monkeypatch.setattr(docker_engine, "missing_in_engine", lambda body, found: [])

    # An engine that maps user ids (--userns-remap) refuses the host's network by itself.
    refused = f"a sandbox lacks: {words}|cannot share the host's network namespace"
    with pytest.raises(SandboxError, match=refused):
        answer_of(engine, "print(1)")


PROBE = """
import ctypes, json, os, socket
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *args):
    libc.syscall.restype = ctypes.c_long
    result = libc.syscall(number, *args)
    return "ok" if result >= 0 else os.strerror(ctypes.get_errno())
def opens(family, kind=socket.SOCK_STREAM):
    try:
        socket.socket(family, kind).close()
    except OSError as error:
        return error.strerror
    return "ok"
def reaches(address):
    try:
        socket.create_connection(address, timeout=2)
    except OSError as error:
        return error.strerror
    return "ok"
def writes(path):
    try:
        os.write(os.open(path, os.O_WRONLY | os.O_CREAT), b"x")
    except OSError as error:
        return error.strerror
    return "ok"
print(json.dumps({
    "calls": {name: call(number, 0, 0, 0, 0, 0) for name, number in dict(
        io_uring_setup=425, ptrace=101, process_vm_readv=310, keyctl=250, add_key=248, unshare=272, setns=308,
        mount=165, bpf=321, perf_event_open=298, userfaultfd=323, shmget=29, msgget=68, semget=64, syslog=103,
        personality=135, kexec_load=246, init_module=175, acct=163, quotactl=179, reboot=169, swapon=167,
        iopl=172, open_by_handle_at=304, kcmp=312, pivot_root=155, chroot=161).items()},
    "families": {str(family): opens(family) for family in (1, 2, 10, 16, 17, 38, 40)},
    "network": [reaches(a) for a in (("1.1.1.1", 53), ("172.17.0.1", 22), ("169.254.169.254", 80))],
    "files": {path: writes(path) for path in (
        "/x", "/etc/hosts", "/etc/resolv.conf", "/var/tmp/x", "/dev/x", "/proc/sys/kernel/hostname",
        "/proc/sysrq-trigger", "/sys/fs/cgroup/x", "/proc/self/uid_map", "/run/docker.sock")},
    "uid": os.getuid(),
    "thread": (lambda t: (t.start(), t.join(), "ok")[2])(__import__("threading").Thread(target=int)),
}))
"""


def test_from_inside_nothing_dangerous_can_be_reached(sandbox: Sandbox):
    answer = answer_of(sandbox, PROBE, limits=Limits(wall_seconds=20))
    seen = json.loads(answer.text)

    refused = {"Operation not permitted"}
    assert set(seen["calls"].values()) - {"ok"} == refused
    assert [name for name, said in seen["calls"].items() if said == "ok"] == [
        "personality"
    ]  # 0 is what it is already
    assert [family for family, said in seen["families"].items() if said == "ok"] == ["1", "2", "10"]
    assert set(seen["network"]) == {"Network is unreachable"}
    assert "ok" not in seen["files"].values()
    assert seen["uid"] in UIDS
    assert seen["thread"] == "ok"


def test_a_32_bit_system_call_kills(sandbox: Sandbox):
    source = """
import ctypes, mmap
code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
code.write(b"\\xb8\\x14\\x00\\x00\\x00\\xcd\\x80\\xc3")  # mov eax, 20 (getpid); int 0x80; ret
address = ctypes.addressof(ctypes.c_char.from_buffer(code))
print(ctypes.CFUNCTYPE(ctypes.c_int)(address)())
"""
    answer = answer_of(sandbox, source)

    assert answer.status == "signal 31", answer


def test_sandboxes_that_are_open_at_once_have_users_of_their_own(engine: DockerSandbox):
    with engine.open(Limits()) as one, engine.open(Limits()) as other:
        users = {engine.inspect(session._container)["Config"]["User"] for session in (one, other)}

    assert len(users) == 2


def test_no_environment_of_the_host_comes_in(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CANARY_KEY", "sk-canary")

    answer = answer_of(sandbox, "import os\nprint(dict(os.environ), open('/proc/1/environ', 'rb').read())")

    assert b"canary" not in (answer.stdout + answer.stderr).lower()


def test_profiles_exist_for_both_architectures_and_list_no_way_out():
    assert architecture("amd64") == "x86_64"
    assert architecture("arm64") == "aarch64"
    assert architecture("riscv64") is None
    for machine in ("x86_64", "aarch64"):
        assert profile(machine)["defaultAction"] == "SCMP_ACT_ERRNO"
    ways_out = {"io_uring_setup", "ptrace", "mount", "unshare", "setns", "bpf", "keyctl", "clone3", "personality"}
    assert ways_out.isdisjoint(ALLOWED)
