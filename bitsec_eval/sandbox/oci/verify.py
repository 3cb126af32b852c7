"""Reads a container's first process back from the kernel, for an engine that has no inspection of its own.

Everything here is read from /proc and the cgroup file systems of the host, after the process has started and before
it is told anything, so what is found is what will hold for the untrusted code.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bitsec_eval.core.errors import SandboxError
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.hardening.policy import (
    FILE_BYTES,
    MASKED_PATHS,
    OPEN_FILES,
    READ_ONLY_PATHS,
    SHM_BYTES,
    TMP_INODES,
    WORKSPACE_MIB,
)
from bitsec_eval.sandbox.oci.bundle import CPU_PERIOD_MICROSECONDS, NAMESPACES, OOM_SCORE_ADJ, cpu_quota

CGROUPS = Path("/sys/fs/cgroup")
_MOMENT = 0.002
_KERNEL_NAMES = {"mount": "mnt", "network": "net"}
_SHIELD = {"nosuid", "nodev", "noexec"}
_SYSTEM_MOUNTS = {"/", "/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys", "/tmp", "/workspace"}  # noqa: S108


@dataclass(frozen=True, slots=True)
class Cgroup:
    """The control group of one container, of version 1 or 2, by the folder of each controller."""

    folders: Mapping[str, Path]
    unified: bool

    @classmethod
    def of_process(cls, pid: int) -> "Cgroup":
        """Return the control group that a process is in.

        Raises:
            SandboxError: the process is gone.
        """
        lines = [line.split(":", 2) for line in _proc(pid, "cgroup").splitlines()]
        split = {
            name: Path(f"{CGROUPS}/{name.removeprefix('name=') or 'unified'}/{path.lstrip('/')}")
            for _, names, path in lines
            for name in names.split(",")
        }
        if "memory" in split:
            return cls(split, unified=False)
        whole = next(CGROUPS / path.lstrip("/") for number, _, path in lines if number == "0")
        return cls(dict.fromkeys(("memory", "pids", "cpu"), whole), unified=True)

    def limits(self) -> dict[str, str]:
        """Return what the kernel enforces, in its own words."""
        if self.unified:
            names = {"memory": "memory.max", "pids": "pids.max", "cpu": "cpu.max"}
            swap = self._read("memory", "memory.swap.max")
        else:
            names = {"memory": "memory.limit_in_bytes", "pids": "pids.max", "cpu": "cpu.cfs_quota_us"}
            swap = self._read("memory", "memory.memsw.limit_in_bytes")
        return {name: self._read(name, file) for name, file in names.items()} | {"swap": swap}

    def out_of_memory(self) -> bool:
        """Whether the kernel has killed a process of this group for its memory."""
        told = self._read("memory", "memory.events" if self.unified else "memory.oom_control")
        return any(line.startswith("oom_kill ") and line != "oom_kill 0" for line in told.splitlines())

    def freeze(self, frozen: bool) -> None:
        """Stop every process of this group where it is, or let them go on.

        Raises:
            SandboxError: the kernel refuses.
        """
        name, words = ("cgroup.freeze", ("0", "1")) if self.unified else ("freezer.state", ("THAWED", "FROZEN"))
        try:
            (self.folders["memory" if self.unified else "freezer"] / name).write_text(words[frozen])
        except (OSError, KeyError) as error:
            raise SandboxError(f"a sandbox cannot be paused: {error}") from error

    def remove(self, seconds: float) -> None:
        """Take the group away, whose processes have ended; the kernel may need a moment to see that.

        Raises:
            OSError: it is in use after `seconds`.
        """
        deadline = time.monotonic() + seconds
        for folder in set(self.folders.values()):
            while _is_busy(folder, time.monotonic() < deadline):
                time.sleep(_MOMENT)

    def _read(self, controller: str, file: str) -> str:
        try:
            return (self.folders[controller] / file).read_text().strip()
        except (OSError, KeyError):
            return ""


def _is_busy(folder: Path, may_be: bool) -> bool:
    """Remove a control group's folder, or return that it `may_be` in use a while longer."""
    try:
        folder.rmdir()
    except FileNotFoundError:
        return False
    except OSError:
        if not may_be:
            raise
        return True
    return False


def missing_guards(pid: int, uid: int, limits: Limits, cgroup: Cgroup) -> list[str]:
    """Return which guards the kernel does not show on a container's first process, which is in `cgroup`.

    Raises:
        SandboxError: the process is gone.
    """
    return [
        *_missing_of_status(pid, uid),
        *_missing_of_limits(pid),
        *_missing_of_mounts(pid, limits),
        *(f"{name} namespace" for name in NAMESPACES if _shared(pid, _KERNEL_NAMES.get(name, name))),
        *_missing_of_cgroup(cgroup, limits),
    ]


def _missing_of_status(pid: int, uid: int) -> list[str]:
    lines = dict(line.split(":\t", 1) for line in _proc(pid, "status").splitlines() if ":\t" in line)
    seen = {
        "user": lines.get("Uid", "").split() == [str(uid)] * 4,
        "group": lines.get("Gid", "").split() == [str(uid)] * 4
        and lines.get("Groups", "").split() in ([], [str(uid)]),
        "capabilities": all(
            int(lines.get(f"Cap{kind}", "1"), 16) == 0 for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")
        ),
        "no new privileges": lines.get("NoNewPrivs") == "1",
        "seccomp": lines.get("Seccomp") == "2",
        "OOM score": _proc(pid, "oom_score_adj").strip() == str(OOM_SCORE_ADJ),
    }
    return [name for name, is_seen in seen.items() if not is_seen]


def _missing_of_limits(pid: int) -> list[str]:
    wanted = {"Max open files": OPEN_FILES, "Max core file size": 0, "Max file size": FILE_BYTES}
    told = {line[:26].strip(): line[26:].split()[:2] for line in _proc(pid, "limits").splitlines()}
    return [name for name, most in wanted.items() if told.get(name) != [str(most)] * 2]


def _missing_of_mounts(pid: int, limits: Limits) -> list[str]:
    mounts = _mounts(pid)
    writable = {
        "/tmp": {*_SHIELD, "rw", f"size={limits.tmp_mib << 10}k", f"nr_inodes={TMP_INODES}"},  # noqa: S108
        "/workspace": {*_SHIELD, "rw", f"size={WORKSPACE_MIB << 10}k", f"nr_inodes={TMP_INODES}"},
        "/dev/shm": {*_SHIELD, "rw", f"size={SHM_BYTES >> 10}k"},  # noqa: S108
        "/": {"ro"},
        "/sys": {"ro", "type=tmpfs"},  # masked: what lies upon it is empty
        "/proc/sys": {"ro"},
    }
    wrong = [path for path, options in writable.items() if not options <= mounts.get(path, set())]
    strange = [path for path in mounts if path not in _SYSTEM_MOUNTS and not path.startswith(("/proc/", "/sys/"))]
    open_to_all = [path for path in READ_ONLY_PATHS if "rw" in mounts.get(path, {"ro"})]
    unmasked = [path for path in MASKED_PATHS if path not in mounts and Path(path).exists()]
    if not any(option.startswith("lowerdir=") for option in mounts.get("/", ())):
        wrong.append("/ of its own")
    return [f"mount {path}" for path in [*wrong, *strange, *open_to_all, *unmasked]]


def _mounts(pid: int) -> dict[str, set[str]]:
    """Return the options of the uppermost mount at each place, its own and its file system's, with the type."""
    found = {}
    for line in _proc(pid, "mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split()
        own, super_options = set(fields[5].split(",")), set(after.split()[-1].split(","))
        found[fields[4]] = own | (super_options - {"ro", "rw"}) | {f"type={after.split()[0]}"}
    return found


def _shared(pid: int, namespace: str) -> bool:
    try:
        return os.readlink(f"/proc/{pid}/ns/{namespace}") == os.readlink(f"/proc/self/ns/{namespace}")  # noqa: PTH115 - once for each namespace of each start
    except OSError:
        return True


def _missing_of_cgroup(cgroup: Cgroup, limits: Limits) -> list[str]:
    memory, quota = str(limits.memory_mib << 20), str(cpu_quota(limits))
    wanted = {
        "memory": {memory},
        "swap": {"0", ""} if cgroup.unified else {memory, ""},  # "" where the kernel counts no swap
        "pids": {str(limits.pids)},
        "cpu": {f"{quota} {CPU_PERIOD_MICROSECONDS}" if cgroup.unified else quota},
    }
    told = cgroup.limits()
    return [f"{name} limit" for name, allowed in wanted.items() if told[name] not in allowed]


def _proc(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except OSError as error:
        raise SandboxError(
            f"a sandbox's first process is gone ({error.strerror}); is this machine overloaded?"
        ) from error
