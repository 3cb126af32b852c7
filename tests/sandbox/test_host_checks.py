"""Every control of an engine is told as ok, weak or missing, with a remedy wherever it is not ok."""

from typing import Any

import pytest

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.sandbox.hardening.host_checks import (
    CheckStatus,
    HostFacts,
    check_accepted,
    host_checks,
    refuse_missing,
)

INFO: dict[str, Any] = {
    "DefaultRuntime": "runc",
    "KernelVersion": "6.1.0-28-amd64",
    "CgroupVersion": "2",
    "CgroupDriver": "systemd",
    "MemoryLimit": True,
    "PidsLimit": True,
    "CpuCfsQuota": True,
    "SwapLimit": True,
    "MemTotal": 16 << 30,
    "SecurityOptions": ["name=seccomp,profile=builtin", "name=apparmor", "name=rootless"],
}


def machine(
    *,
    runc: str = "1.2.4",
    jobs: int = 4,
    swap: int = 0,
    free: int | None = 5000,
    image_id: str = "sha256:1",
    open_files: int = 65_536,
    **info: Any,
) -> HostFacts:
    """Return a machine on which all is well but for what is given."""
    version = {"Version": "27.0", "ApiVersion": "1.46", "Components": [{"Name": "runc", "Version": runc}]}
    return HostFacts(
        info=INFO | info,
        version=version,
        image="bitsec-eval/python:3.11",
        image_id=image_id,
        jobs=jobs,
        memory_mib=256,
        free_mib={"engine-disk": free, "results-disk": free},
        swap_mib=swap,
        open_files=open_files,
    )


def not_ok(found: HostFacts) -> dict[str, tuple[CheckStatus, str]]:
    """Return what is not well, by name."""
    return {each.name: (each.status, each.remedy) for each in host_checks(found) if each.status is not CheckStatus.OK}


def test_a_good_machine_has_nothing_to_be_told():
    assert not_ok(machine()) == {}
    assert [each.name for each in host_checks(machine())][:4] == ["engine", "runtime", "kernel", "cgroup"]


@pytest.mark.parametrize(
    ("change", "name", "status", "remedy"),
    [
        ({"runc": "1.1.5+ds1"}, "runtime", CheckStatus.WEAK, "CVE-2024-21626"),
        ({"KernelVersion": "4.19.0"}, "kernel", CheckStatus.WEAK, "security updates"),
        ({"CgroupVersion": "1"}, "cgroup", CheckStatus.WEAK, "unified_cgroup_hierarchy=1"),
        ({"MemoryLimit": False}, "memory-limit", CheckStatus.MISSING, "cgroup controller"),
        ({"PidsLimit": False}, "process-limit", CheckStatus.MISSING, "cgroup controller"),
        ({"CpuCfsQuota": False}, "processor-limit", CheckStatus.MISSING, "cgroup controller"),
        ({"SecurityOptions": ["name=apparmor", "name=userns"]}, "seccomp", CheckStatus.MISSING, "built with seccomp"),
        ({"SecurityOptions": ["name=seccomp", "name=apparmor"]}, "user-namespace", CheckStatus.WEAK, "userns-remap"),
        ({"SecurityOptions": ["name=seccomp", "name=rootless"]}, "security-module", CheckStatus.WEAK, "AppArmor"),
        ({"swap": 2048, "SwapLimit": False}, "swap", CheckStatus.WEAK, "swapaccount=1"),
        ({"jobs": 64}, "memory", CheckStatus.WEAK, "use --bitsec-jobs=25"),
        ({"image_id": ""}, "image", CheckStatus.MISSING, "bitsec-eval image build"),
    ],
)
def test_what_is_not_well_is_named_with_its_remedy(
    change: dict[str, Any], name: str, status: CheckStatus, remedy: str
):
    found = not_ok(machine(**change))

    assert list(found) == [name]
    assert found[name][0] is status
    assert remedy in found[name][1]


def test_too_little_room_is_missing_and_an_engine_elsewhere_is_not_judged():
    assert not_ok(machine(free=10))["engine-disk"][0] is CheckStatus.MISSING
    assert not_ok(machine(free=500))["results-disk"][0] is CheckStatus.WEAK
    assert not_ok(machine(free=None)) == {}


def test_a_missing_control_refuses_unless_it_is_accepted_by_name():
    found = host_checks(machine(SecurityOptions=["name=apparmor", "name=userns"]))

    with pytest.raises(SettingsError, match=r"seccomp is missing \(no filter\): .*--bitsec-accept-weaker=seccomp"):
        refuse_missing(found, ())
    refuse_missing(found, ("seccomp",))
    with pytest.raises(SettingsError, match="everything: no such control; one of engine-disk"):
        check_accepted(("everything",))


def test_what_is_weak_refuses_nothing():
    refuse_missing(host_checks(machine(CgroupVersion="1", runc="1.0.0", free=500)), ())


@pytest.mark.parametrize(
    ("total_mib", "open_files", "most", "at_most"),
    [
        (16_384, 65_536, 655, "51 if each may come to use its 256 MiB"),
        (262_144, 65_536, 4080, "819 if"),
        (16_384, 1024, 48, "51 if"),
        (8, 1024, 1, "0 if"),
    ],
)
def test_it_is_told_how_many_agents_may_wait(total_mib: int, open_files: int, most: int, at_most: str):
    found = host_checks(machine(MemTotal=total_mib << 20, open_files=open_files, jobs=1))
    (waiting,) = (each for each in found if each.name == "waiting")

    assert waiting.status is CheckStatus.OK
    assert waiting.found.startswith(
        f"about {most} agents may wait for an LLM at once (--bitsec-jobs={most}); {at_most}"
    )
