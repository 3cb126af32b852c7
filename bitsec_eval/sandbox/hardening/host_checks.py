"""Checks of a machine and its engine: every control that sandboxes rest on, well, weak or missing.

`doctor` shows all of them; an evaluation refuses to start where a required one is missing. What is set for a single
container is not judged here: that is read back from each one before it starts.
"""

import re
import shutil
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.text import one_line

FLOOR_MIB = 64
"""Less free room than this and an evaluation could not even write down what it found."""

COMFORT_MIB = 1024
PATCHED_RUNC = (1, 1, 12)
OLDEST_KERNEL = (5, 4)
MEMORY_SHARE = 0.8
WAITING_MIB = 20
"""What an agent that waits for an LLM holds, by measurement, with its sandbox and what an engine runs beside it."""

WAITING_FILES = 16
"""Files that a run keeps open here while it waits, at most."""

OTHER_FILES = 256


class CheckStatus(StrEnum):
    """How a control stands."""

    OK = "ok"
    WEAK = "weak"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostCheck:
    """One thing that sandboxes rest on: what was found, and what to do about it where it is not well."""

    name: str
    status: CheckStatus
    found: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFacts:
    """What was asked and measured, once: the engine's own words, and free room by folder where it can be seen."""

    info: Mapping[str, Any]
    version: Mapping[str, Any]
    image: str
    image_id: str
    jobs: int
    memory_mib: int
    free_mib: Mapping[str, int | None]
    swap_mib: int
    open_files: int
    """How many files an evaluation's process may have open."""


REQUIRED = frozenset({"seccomp", "memory-limit", "process-limit", "processor-limit", "engine-disk", "results-disk"})
"""Controls without which no evaluation starts, unless the operator accepts that by name."""


def host_checks(machine: HostFacts) -> list[HostCheck]:
    """Return every control of a machine, in the order a reader wants them."""
    return [judge(machine) for judge in _JUDGES]


def refuse_missing(found: Iterable[HostCheck], accepted: Collection[str]) -> None:
    """Refuse to go on where a required control is missing and not accepted.

    Raises:
        SettingsError: one line that names each, with its remedy.
    """
    missing = [each for each in found if each.status is CheckStatus.MISSING and each.name in REQUIRED]
    refused = [each for each in missing if each.name not in accepted]
    if refused:
        told = "; ".join(f"{each.name} is missing ({each.found}): {each.remedy}" for each in refused)
        raise SettingsError(f"{told}; or accept that with --bitsec-accept-weaker={refused[0].name}")


def check_accepted(accepted: Collection[str]) -> None:
    """Refuse a name that no control has.

    Raises:
        SettingsError: it lists the names.
    """
    for name in accepted:
        if name not in REQUIRED:
            known = ", ".join(sorted(REQUIRED))
            raise SettingsError(f"--bitsec-accept-weaker {one_line(name, 60)}: no such control; one of {known}")


def free_mib(folder: Path) -> int | None:
    """Return the free room in `folder`, None where this machine does not have it or may not look."""
    try:
        return shutil.disk_usage(folder).free >> 20
    except OSError:
        return None


def swap_mib(meminfo: str) -> int:
    r"""Return how much swap the kernel's own table tells of.

    >>> swap_mib("MemTotal: 5 kB\nSwapTotal:       2048 kB\n")
    2
    """
    found = re.search(r"^SwapTotal:\s+(\d+) kB", meminfo, re.MULTILINE)
    return int(found.group(1)) >> 10 if found else 0


def existing(folder: Path) -> Path:
    """Return `folder`, or the nearest folder above it that exists: where it will be made."""
    return next(place for place in (folder, *folder.parents) if place.is_dir())


# -- one judge for each control


def _engine(machine: HostFacts) -> HostCheck:
    return _ok("engine", f"{machine.version.get('Version')} (API {machine.version.get('ApiVersion')})")


def _runtime(machine: HostFacts) -> HostCheck:
    parts = {each.get("Name"): str(each.get("Version")) for each in machine.version.get("Components") or ()}
    found = parts.get("runc") or parts.get("crun") or ""
    shown = f"{machine.info.get('DefaultRuntime')} {found}".strip()
    if "runc" in parts and _numbers(found) < PATCHED_RUNC:
        remedy = "see that your distribution has mended CVE-2024-21626 in it, or install runc 1.1.12 or newer"
        return _weak("runtime", shown, remedy)
    return _ok("runtime", shown)


def _kernel(machine: HostFacts) -> HostCheck:
    found = str(machine.info.get("KernelVersion"))
    if _numbers(found) < OLDEST_KERNEL:
        return _weak("kernel", found, "run a kernel that still gets security updates")
    return _ok("kernel", found)


def _cgroup(machine: HostFacts) -> HostCheck:
    found = f"version {machine.info.get('CgroupVersion', '1')}, {machine.info.get('CgroupDriver')}"
    if str(machine.info.get("CgroupVersion", "1")) != "2":
        return _weak(
            "cgroup", found, "boot with systemd.unified_cgroup_hierarchy=1; all limits hold on version 1 too"
        )
    return _ok("cgroup", found)


def _seccomp(machine: HostFacts) -> HostCheck:
    if any("name=seccomp" in option for option in _security(machine)):
        return _ok("seccomp", "system calls are filtered")
    return _missing("seccomp", "no filter", "use an engine and a kernel built with seccomp")


def _user_namespace(machine: HostFacts) -> HostCheck:
    names = {"name=rootless": "the engine is not root", "name=userns": "user ids are mapped"}
    found = [words for name, words in names.items() if any(name in option for option in _security(machine))]
    if found:
        return _ok("user-namespace", ", ".join(found))
    return _weak("user-namespace", "ids are the host's", "run the engine rootless or with --userns-remap")


def _module(machine: HostFacts) -> HostCheck:
    found = [name for name in ("apparmor", "selinux") if any(f"name={name}" in each for each in _security(machine))]
    if found:
        return _ok("security-module", ", ".join(found))
    return _weak("security-module", "none", "enable AppArmor or SELinux, or use a virtual machine")


def _limit(name: str, field: str, what: str) -> Callable[[HostFacts], HostCheck]:
    def judge(machine: HostFacts) -> HostCheck:
        if machine.info.get(field) or machine.info.get(field.replace("Cpu", "CPU", 1)):
            return _ok(name, f"{what} can be limited")
        return _missing(name, f"{what} cannot be limited", "enable the cgroup controller (docker info names it)")

    return judge


def _swap(machine: HostFacts) -> HostCheck:
    if not machine.swap_mib:
        return _ok("swap", "none")
    if machine.info.get("SwapLimit"):
        return _ok("swap", f"{machine.swap_mib} MiB, kept from sandboxes")
    return _weak("swap", f"{machine.swap_mib} MiB that sandboxes may use", "boot with swapaccount=1, or swapoff -a")


def _memory(machine: HostFacts) -> HostCheck:
    total = int(machine.info.get("MemTotal") or 0) >> 20
    needed = 2 * machine.jobs * machine.memory_mib  # a run's own sandbox, and the one its answer is checked in
    found = f"{total} MiB; {machine.jobs} jobs may use {needed} MiB"
    if needed > total * MEMORY_SHARE:
        most = max(1, int(total * MEMORY_SHARE) // (2 * machine.memory_mib))
        return _weak("memory", found, f"use --bitsec-jobs={most}")
    return _ok("memory", found)


def _waiting(machine: HostFacts) -> HostCheck:
    """Say how many agents may wait at once; each holds little, but may take all of its memory when it goes on."""
    share = int((int(machine.info.get("MemTotal") or 0) >> 20) * MEMORY_SHARE)
    most = max(1, min(share // WAITING_MIB, (machine.open_files - OTHER_FILES) // WAITING_FILES))
    at_most = f"{share // machine.memory_mib} if each may come to use its {machine.memory_mib} MiB"
    return _ok("waiting", f"about {most} agents may wait for an LLM at once (--bitsec-jobs={most}); {at_most}")


def _disk(name: str, what: str) -> Callable[[HostFacts], HostCheck]:
    def judge(machine: HostFacts) -> HostCheck:
        free = machine.free_mib.get(name)
        if free is None:
            return _ok(name, f"{what} is not on this machine")
        if free < FLOOR_MIB:
            return _missing(name, f"{free} MiB free for {what}", f"make room: {FLOOR_MIB} MiB at least")
        if free < COMFORT_MIB:
            return _weak(name, f"{free} MiB free for {what}", f"make room: {COMFORT_MIB} MiB are comfortable")
        return _ok(name, f"{free} MiB free for {what}")

    return judge


def _image(machine: HostFacts) -> HostCheck:
    if machine.image_id:
        return _ok("image", f"{machine.image} {machine.image_id}")
    return _missing("image", f"no image {machine.image}", "run bitsec-eval image build to make it")


_JUDGES: tuple[Callable[[HostFacts], HostCheck], ...] = (
    _engine,
    _runtime,
    _kernel,
    _cgroup,
    _limit("memory-limit", "MemoryLimit", "memory"),
    _limit("process-limit", "PidsLimit", "the number of processes"),
    _limit("processor-limit", "CpuCfsQuota", "processor time"),
    _seccomp,
    _user_namespace,
    _module,
    _swap,
    _memory,
    _waiting,
    _disk("engine-disk", "the engine"),
    _disk("results-disk", "results"),
    _image,
)


def _ok(name: str, found: str) -> HostCheck:
    return HostCheck(name=name, status=CheckStatus.OK, found=one_line(found, 200))


def _weak(name: str, found: str, remedy: str) -> HostCheck:
    return HostCheck(name=name, status=CheckStatus.WEAK, found=one_line(found, 200), remedy=remedy)


def _missing(name: str, found: str, remedy: str) -> HostCheck:
    return HostCheck(name=name, status=CheckStatus.MISSING, found=one_line(found, 200), remedy=remedy)


def _security(machine: HostFacts) -> list[str]:
    return [str(option) for option in machine.info.get("SecurityOptions") or ()]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
