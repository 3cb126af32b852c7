"""Every guard of a container, as data: what is asked for, and how the engine's and the guest's words are read back.

`create_body` is the one place that says how a sandbox is hardened, and `missing_in_engine` and `missing_in_guest`
refuse one that is not.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.hardening.seccomp import profile

IMAGE = "bitsec-eval/python:3.11"
UIDS = range(20_000, 60_000)
"""Users of sandboxes: none of a host's own, inside what user namespaces commonly map, one for each sandbox."""

OPEN_FILES = 256
FILE_BYTES = 64 << 20
SHM_BYTES = 16 << 20
TMP_INODES = 4096
WORKSPACE_MIB = 64
READ_ONLY_PATHS = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
MASKED_PATHS = (
    # As Docker 28 has it.
    *("/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats"),
    *("/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats"),
    # What counts the doings of the whole machine, and so of every other sandbox: of /sys that is nearly all.
    *("/proc/buddyinfo", "/proc/bus", "/proc/cgroups", "/proc/crypto", "/proc/diskstats", "/proc/driver", "/proc/fs"),
    *("/proc/irq", "/proc/key-users", "/proc/loadavg", "/proc/locks", "/proc/mdstat", "/proc/meminfo"),
    *("/proc/modules", "/proc/pagetypeinfo", "/proc/pressure", "/proc/schedstat", "/proc/slabinfo", "/proc/softirqs"),
    *("/proc/stat", "/proc/swaps", "/proc/sys/fs", "/proc/sys/kernel/pty", "/proc/tty", "/proc/uptime"),
    *("/proc/vmallocinfo", "/proc/vmstat", "/proc/zoneinfo"),
    "/sys",
)
"""Paths that a guest finds empty; an engine's own list is not relied on."""

ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/tmp",  # noqa: S108 - the guest's
    "LANG": "C.UTF-8",
    "TMPDIR": "/tmp",  # noqa: S108
    "TZ": "UTC",
    "PYTHONHASHSEED": "0",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """What differs between containers of equal limits."""

    image: str
    machine: str
    uid: int
    labels: Mapping[str, str]
    command: tuple[str, ...]
    runtime: str | None = None


def create_body(limits: Limits, placement: Placement) -> dict[str, Any]:
    """Return the body of the engine's create request for one sandbox."""
    return {
        "Image": placement.image,
        "Cmd": list(placement.command),
        "Entrypoint": [],
        "User": f"{placement.uid}:{placement.uid}",
        "Env": [f"{name}={value}" for name, value in ENVIRONMENT.items()],
        "WorkingDir": "/",
        "Hostname": "sandbox",
        "Labels": dict(placement.labels),
        "NetworkDisabled": True,
        "OpenStdin": True,
        "StdinOnce": True,
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
        "Tty": False,
        "HostConfig": _host_config(limits, placement),
    }


def _host_config(limits: Limits, placement: Placement) -> dict[str, Any]:
    memory = limits.memory_mib << 20
    config: dict[str, Any] = {
        "ReadonlyRootfs": True,
        "CapDrop": ["ALL"],
        "CapAdd": [],
        "Privileged": False,
        "SecurityOpt": ["no-new-privileges", _seccomp(placement.machine)],
        "Memory": memory,
        "MemorySwap": memory,
        "NanoCpus": round(limits.cpus * 1e9),
        "PidsLimit": limits.pids,
        "ShmSize": SHM_BYTES,
        "Tmpfs": tmpfs_options(limits, placement.uid),
        "IpcMode": "private",
        "CgroupnsMode": "private",
        "PidMode": "",
        "UTSMode": "",
        "LogConfig": {"Type": "none"},
        "OomScoreAdj": 500,
        "Ulimits": [
            {"Name": "nofile", "Soft": OPEN_FILES, "Hard": OPEN_FILES},
            {"Name": "core", "Soft": 0, "Hard": 0},
            {"Name": "fsize", "Soft": FILE_BYTES, "Hard": FILE_BYTES},
        ],
        "MaskedPaths": list(MASKED_PATHS),
        "ReadonlyPaths": list(READ_ONLY_PATHS),
        "AutoRemove": False,
        "RestartPolicy": {"Name": "no"},
    }
    return config | ({"Runtime": placement.runtime} if placement.runtime else {})


@cache
def _seccomp(machine: str) -> str:
    return f"seccomp={json.dumps(profile(machine))}"


def tmpfs_options(limits: Limits, uid: int) -> dict[str, str]:
    """Return the mount options of each folder a guest may write to, by its path."""
    owner = f"nosuid,nodev,mode=0700,uid={uid},gid={uid},nr_inodes={TMP_INODES}"
    return {
        "/tmp": f"{owner},noexec,size={limits.tmp_mib}m",  # noqa: S108 - the guest's, not the host's
        "/workspace": f"{owner},noexec,size={WORKSPACE_MIB}m",
    }


_SAME_AS_ASKED = (
    "ReadonlyRootfs",
    "CapDrop",
    "Privileged",
    "Memory",
    "MemorySwap",
    "NanoCpus",
    "PidsLimit",
    "ShmSize",
    "Tmpfs",
    "IpcMode",
    "OomScoreAdj",
    "AutoRemove",
)
_EMPTY = (
    "CapAdd",
    "Binds",
    "Mounts",
    "Devices",
    "DeviceRequests",
    "VolumesFrom",
    "PortBindings",
    "PidMode",
    "Links",
)


def missing_in_engine(body: Mapping[str, Any], inspected: Mapping[str, Any]) -> list[str]:
    """Return what an engine's inspection of a container lacks of the guards its create body asked for."""
    asked, got, config = body["HostConfig"], inspected["HostConfig"], inspected["Config"]
    missing = [name for name in _SAME_AS_ASKED if got.get(name) != asked[name]]
    missing += [name for name in _EMPTY if got.get(name)]
    wrong = {
        "User": config.get("User") != body["User"],
        "NetworkDisabled": config.get("NetworkDisabled") is not True,
        "NetworkMode": got.get("NetworkMode") == "host",
        "Tty": config.get("Tty") is not False,
        "StdinOnce": config.get("StdinOnce") is not True,
        "Env": sorted(config.get("Env") or ()) != sorted(body["Env"]),
        "SecurityOpt": sorted(got.get("SecurityOpt") or ()) != sorted(asked["SecurityOpt"]),
        "LogConfig": (got.get("LogConfig") or {}).get("Type") != "none",
        "Ulimits": _ulimits(got) != _ulimits(asked),
        "CgroupnsMode": got.get("CgroupnsMode") not in ("private", ""),  # "" on cgroup v1 engines without them
        "UTSMode": got.get("UTSMode") == "host",
        "UsernsMode": got.get("UsernsMode") == "host",
        "RestartPolicy": (got.get("RestartPolicy") or {}).get("Name") not in ("no", ""),
        "Mounts": any(mount.get("Type") != "tmpfs" for mount in inspected.get("Mounts") or ()),
        "Image": inspected.get("Image") != body["Image"],
        "MaskedPaths": not set(asked["MaskedPaths"]) <= set(got.get("MaskedPaths") or ()),
        "ReadonlyPaths": not set(asked["ReadonlyPaths"]) <= set(got.get("ReadonlyPaths") or ()),
    }
    return missing + [name for name, is_wrong in wrong.items() if is_wrong]


def _ulimits(config: Mapping[str, Any]) -> set[tuple[str, int, int]]:
    return {(limit["Name"], limit["Soft"], limit["Hard"]) for limit in config.get("Ulimits") or ()}


def missing_in_guest(uid: int, hello: Mapping[str, Any]) -> list[str]:
    """Return which guards the guest's own process, before any untrusted code, does not see on itself."""
    seen = {
        "uid": hello.get("uid") == uid,
        "process 1": hello.get("pid") == 1,
        "no interface but loopback": hello.get("interfaces") == ["lo"],
        "no capabilities": _zero(hello.get("capabilities")) and _zero(hello.get("bounding")),
        "no new privileges": hello.get("no_new_privileges") == "1",
        "seccomp filter": hello.get("seccomp") == "2",
        "read-only root": hello.get("read_only_root") is True,
        "private process 1": hello.get("private") is True,
    }
    return [name for name, is_seen in seen.items() if not is_seen]


def _zero(mask: object) -> bool:
    return isinstance(mask, str) and mask != "" and set(mask) == {"0"}
