"""The engine without a daemon: guards are read back from the kernel, and what is lacking is named."""

import copy
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import pytest
from faults.leftovers import OciWitness
from sandbox.sessions import answer_of

from bitsec_eval.core.errors import KilledError, SandboxError
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.oci import engine as oci_engine
from bitsec_eval.sandbox.oci.bundle import bundle_config
from bitsec_eval.sandbox.oci.engine import OciSandbox, OciSettings, oci_sandbox
from bitsec_eval.sandbox.uid_lease import lease_uids

LOST = {
    "user": lambda config: config["process"]["user"].update(gid=0),
    "no new privileges": lambda config: config["process"].update(noNewPrivileges=False),
    "OOM score": lambda config: config["process"].update(oomScoreAdj=0),
    "Max open files": lambda config: config["process"]["rlimits"].pop(0),
    "Max core file size": lambda config: config["process"]["rlimits"].pop(1),
    "Max file size": lambda config: config["process"]["rlimits"].pop(2),
    "mount /tmp": lambda config: _mount(config, "/tmp")["options"].remove("noexec"),
    "mount /workspace": lambda config: _mount(config, "/workspace")["options"].append("size=512m"),
    "mount /dev/shm": lambda config: _mount(config, "/dev/shm")["options"].append("size=1g"),
    "mount /sys": lambda config: config["linux"]["maskedPaths"].remove("/sys"),
    "mount /host": lambda config: config["mounts"].append(
        {"destination": "/run", "type": "bind", "source": "/etc", "options": ["bind", "ro"]}
    ),
    "mount /proc/sys": lambda config: config["linux"]["readonlyPaths"].remove("/proc/sys"),
    "mount /proc/meminfo": lambda config: config["linux"]["maskedPaths"].remove("/proc/meminfo"),
    "ipc namespace": lambda config: config["linux"]["namespaces"].remove({"type": "ipc"}),
    "cgroup namespace": lambda config: config["linux"]["namespaces"].remove({"type": "cgroup"}),
    "uts namespace": lambda config: (config["linux"]["namespaces"].remove({"type": "uts"}), config.pop("hostname")),
    "memory limit": lambda config: config["linux"]["resources"].pop("memory"),
    "pids limit": lambda config: config["linux"]["resources"].pop("pids"),
    "cpu limit": lambda config: config["linux"]["resources"].pop("cpu"),
}
WORDS = {"user": "group", "mount /host": "mount /run"}


def _mount(config: dict, path: str) -> dict:
    return next(mount for mount in config["mounts"] if mount["destination"] == path)


@pytest.mark.parametrize("guard", LOST)
def test_a_guard_that_the_kernel_does_not_show_stops_everything(
    oci_engine: OciSandbox, monkeypatch: pytest.MonkeyPatch, guard: str
):
    """The container is real and really lacks the guard."""

    def without(*arguments: object) -> dict:
        config = copy.deepcopy(bundle_config(*arguments))
        LOST[guard](config)
        return config

    monkeypatch.setattr("bitsec_eval.sandbox.oci.engine.bundle_config", without)

    with pytest.raises(SandboxError, match=f"the runtime did not set .*{WORDS.get(guard, guard)}|a sandbox lacks: "):
        answer_of(oci_engine, "print(1)")


def test_what_is_missing_on_this_machine_is_said_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(
        SandboxError, match=f"{tmp_path} is no root file system .*; make it with bitsec-eval image build --rootfs"
    ):
        oci_sandbox(OciSettings(state=tmp_path, root=tmp_path)).__enter__()
    with pytest.raises(
        SandboxError, match="no norunc on this machine; install it or name another with --bitsec-runtime"
    ):
        oci_sandbox(OciSettings(state=tmp_path, root=tmp_path, runtime="norunc")).__enter__()
    monkeypatch.setattr(oci_engine.os, "geteuid", lambda: 1000)
    with pytest.raises(SandboxError, match="needs root; use docker instead"):
        oci_sandbox(OciSettings(state=tmp_path, root=tmp_path)).__enter__()


def test_nothing_is_left_of_a_sandbox(oci_engine: OciSandbox):
    witness = OciWitness(oci_engine._settings.root)
    answer_of(oci_engine, "print(1)")
    with oci_engine.open(Limits()):
        assert len(witness.left(oci_engine._settings.state)) > 3

    assert witness.left(oci_engine._settings.state) == []
    assert not oci_engine._living


@pytest.mark.parametrize(("disturb", "told"), [(OciWitness.kill, "killed"), (OciWitness.remove, "removed")])
def test_who_killed_a_sandbox_is_told_from_who_removed_it(
    oci_engine: OciSandbox, disturb: Callable[[OciWitness, str], None], told: str
):
    """A guest may have brought about that this machine killed it; nothing it does removes it."""
    witness = OciWitness(oci_engine._settings.root)
    with oci_engine.open(Limits()) as session:
        (container,) = witness.containers(oci_engine._settings.state)
        disturb(witness, container)
        with pytest.raises(SandboxError, match=f"a sandbox was {told} from outside") as lost:
            session.receive(monotonic() + 60)

    assert isinstance(lost.value, KilledError) == (told == "killed")


def test_a_container_that_was_being_made_when_all_was_stopped_is_not_started(oci_root: Path, tmp_path: Path):
    """Else an agent goes on to the end of its time, and whoever pressed Ctrl-C waits for it."""

    class StoppedWhileMaking(OciSandbox):
        def _run(self, *arguments):
            process = super()._run(*arguments)
            self._living, living = {}, self._living
            self.stop()  # before it was known
            self._living = living
            return process

    with lease_uids(tmp_path) as lease, pytest.raises(SandboxError, match="the evaluation was stopped"):
        StoppedWhileMaking(OciSettings(state=tmp_path, root=oci_root), lease).open(Limits()).__enter__()

    assert OciWitness(oci_root).left(tmp_path) == []
