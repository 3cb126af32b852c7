"""A sandbox as an OCI bundle: the same guards as `policy.create_body`, in the runtime specification's words.

Source: Open Container Initiative, Runtime Specification 1.0, config.json.
"""

from typing import Any

from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.hardening.policy import (
    ENVIRONMENT,
    FILE_BYTES,
    MASKED_PATHS,
    OPEN_FILES,
    READ_ONLY_PATHS,
    SHM_BYTES,
    Placement,
    tmpfs_options,
)
from bitsec_eval.sandbox.hardening.seccomp import profile

OOM_SCORE_ADJ = 500
CPU_PERIOD_MICROSECONDS = 100_000
NAMESPACES = ("pid", "ipc", "uts", "mount", "network", "cgroup")


def bundle_config(limits: Limits, placement: Placement, cgroup: str) -> dict[str, Any]:
    """Return config.json of one sandbox; `placement.image` is the folder of its root file system."""
    return {
        "ociVersion": "1.0.2",
        "hostname": "sandbox",
        "root": {"path": placement.image, "readonly": True},
        "process": _process(placement),
        "mounts": _mounts(limits, placement.uid),
        "linux": {
            "namespaces": [{"type": name} for name in NAMESPACES],
            "resources": _resources(limits),
            "cgroupsPath": cgroup,
            "seccomp": profile(placement.machine),
            "maskedPaths": list(MASKED_PATHS),
            "readonlyPaths": list(READ_ONLY_PATHS),
        },
    }


def _process(placement: Placement) -> dict[str, Any]:
    none: list[str] = []
    return {
        "terminal": False,
        "user": {"uid": placement.uid, "gid": placement.uid, "additionalGids": []},
        "args": list(placement.command),
        "env": [f"{name}={value}" for name, value in ENVIRONMENT.items()],
        "cwd": "/",
        "capabilities": dict.fromkeys(("bounding", "effective", "inheritable", "permitted", "ambient"), none),
        "noNewPrivileges": True,
        "oomScoreAdj": OOM_SCORE_ADJ,
        "rlimits": [
            {"type": "RLIMIT_NOFILE", "soft": OPEN_FILES, "hard": OPEN_FILES},
            {"type": "RLIMIT_CORE", "soft": 0, "hard": 0},
            {"type": "RLIMIT_FSIZE", "soft": FILE_BYTES, "hard": FILE_BYTES},
        ],
    }


def _mounts(limits: Limits, uid: int) -> list[dict[str, Any]]:
    shielded = ["nosuid", "nodev", "noexec"]
    return [
        _mount("/proc", "proc", shielded),
        _mount("/dev", "tmpfs", ["nosuid", "noexec", "strictatime", "mode=755", "size=64k"]),
        _mount("/dev/shm", "tmpfs", [*shielded, "mode=1777", f"size={SHM_BYTES}"]),  # noqa: S108 - the guest's
        _mount("/dev/mqueue", "mqueue", shielded),
        _mount("/sys", "sysfs", [*shielded, "ro"]),
        *(_mount(path, "tmpfs", options.split(",")) for path, options in tmpfs_options(limits, uid).items()),
    ]


def _mount(destination: str, kind: str, options: list[str]) -> dict[str, Any]:
    return {"destination": destination, "type": kind, "source": kind, "options": options}


def _resources(limits: Limits) -> dict[str, Any]:
    memory = limits.memory_mib << 20
    return {
        "devices": [{"allow": False, "access": "rwm"}],
        "memory": {"limit": memory, "swap": memory},
        "pids": {"limit": limits.pids},
        "cpu": {"quota": cpu_quota(limits), "period": CPU_PERIOD_MICROSECONDS},
    }


def cpu_quota(limits: Limits) -> int:
    """Return the microseconds of processor time in each period."""
    return round(limits.cpus * CPU_PERIOD_MICROSECONDS)
