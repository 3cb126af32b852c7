"""The look at an engine before anything runs: `doctor` shows it whole, an evaluation refuses what it must.

An OCI runtime has nobody to ask: what it can enforce is read back from the kernel for each sandbox, so a look at one
that opens says it all. What is left is this machine.
"""

import os
from collections.abc import Collection
from pathlib import Path

from bitsec_eval.core.errors import BitsecError, SettingsError
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.api import Sandbox
from bitsec_eval.sandbox.docker.engine import DockerSettings, described
from bitsec_eval.sandbox.engines import EngineSettings, engine_of
from bitsec_eval.sandbox.hardening.host_checks import (
    CheckStatus,
    HostCheck,
    HostFacts,
    check_accepted,
    existing,
    free_mib,
    host_checks,
    refuse_missing,
    swap_mib,
)
from bitsec_eval.support.open_files import most_open_files

MEMINFO = Path("/proc/meminfo")
OF_THE_MACHINE = ("kernel", "swap", "memory", "waiting", "results-disk")


def look(
    settings: EngineSettings, results: Path, jobs: int, memory_mib: int = Limits().memory_mib
) -> list[HostCheck]:
    """Return every control of the engine and of this machine.

    Raises:
        SandboxError: the engine does not answer.
    """
    if not isinstance(settings, DockerSettings):
        return _look_at_machine(results, jobs, memory_mib)
    info, version, image_id = described(settings)
    root = info.get("DockerRootDir")
    return host_checks(
        HostFacts(
            info=info,
            version=version,
            image=settings.image,
            image_id=image_id,
            jobs=jobs,
            memory_mib=memory_mib,
            free_mib={
                "engine-disk": free_mib(Path(root)) if isinstance(root, str) and root else None,
                "results-disk": free_mib(existing(results)),
            },
            swap_mib=swap_mib(MEMINFO.read_text()) if MEMINFO.exists() else 0,
            open_files=most_open_files(),
        )
    )


def _look_at_machine(results: Path, jobs: int, memory_mib: int) -> list[HostCheck]:
    meminfo = MEMINFO.read_text()
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    machine = HostFacts(
        info={"KernelVersion": os.uname().release, "MemTotal": total},
        version={},
        image="",
        image_id="",
        jobs=jobs,
        memory_mib=memory_mib,
        free_mib={"results-disk": free_mib(existing(results))},
        swap_mib=swap_mib(meminfo),
        open_files=most_open_files(),
    )
    return [each for each in host_checks(machine) if each.name in OF_THE_MACHINE]


def refuse(settings: EngineSettings, results: Path, accepted: Collection[str]) -> None:
    """Refuse to evaluate where a required control is missing, unless the operator accepts that by name.

    Raises:
        SettingsError: it says what is missing, and the remedy.
        SandboxError: the engine does not answer.
    """
    check_accepted(accepted)
    refuse_missing(look(settings, results, jobs=1), accepted)


def tried(settings: EngineSettings) -> HostCheck:
    """Open an engine and one sandbox as an evaluation would, with every guard read back, and say how that went."""
    try:
        with engine_of(settings) as sandbox:
            return opened(sandbox)
    except (BitsecError, SettingsError) as error:
        return missing("sandbox", error)


def opened(sandbox: Sandbox) -> HostCheck:
    """Open one sandbox of an engine that is open, and say how that went."""
    try:
        with sandbox.open(Limits()):
            found = "opens, every guard is set and seen from inside"
            return HostCheck(name="sandbox", status=CheckStatus.OK, found=found)
    except BitsecError as error:
        return missing("sandbox", error)


def missing(name: str, error: BitsecError) -> HostCheck:
    """Return the check that an error stands for: what was found, and behind a semicolon what to do."""
    found, _, remedy = str(error).partition("; ")
    return HostCheck(name=name, status=CheckStatus.MISSING, found=found, remedy=remedy)
