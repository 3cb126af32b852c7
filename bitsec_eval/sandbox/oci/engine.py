"""Sandboxes by an OCI runtime alone: `runc` or `crun` start the same image under the same guards, without a daemon.

For validators with thousands of short runs: no engine and no shim stands between us and the runtime, which saves most
of what a container costs. It needs root, and the image's root file system as a folder.
The runtime is started once for a container, to create and start it; what it leaves, a control group and a folder, is
tidied up here, and by the runtime where that fails.
"""

import json
import os
import platform
import secrets
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bitsec_eval.core.answers.answer import Ending
from bitsec_eval.core.errors import KilledError, SandboxError
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.core.text import one_line
from bitsec_eval.sandbox.hardening.policy import Placement
from bitsec_eval.sandbox.hardening.seccomp import architecture
from bitsec_eval.sandbox.held_image import held
from bitsec_eval.sandbox.image_content import folder_content
from bitsec_eval.sandbox.oci.bundle import bundle_config
from bitsec_eval.sandbox.oci.cleanup import remove_cgroups, wait_for_runtimes
from bitsec_eval.sandbox.oci.private_root import MOUNT_POINT, with_private_root
from bitsec_eval.sandbox.oci.stream import PipeStream
from bitsec_eval.sandbox.oci.verify import Cgroup, missing_guards
from bitsec_eval.sandbox.protocol.guest_program import COMMAND
from bitsec_eval.sandbox.protocol.handshake import check_hello
from bitsec_eval.sandbox.protocol.polling import is_readable
from bitsec_eval.sandbox.protocol.session import FramedSession
from bitsec_eval.sandbox.uid_lease import UidLease, lease_uids

ROOT = Path("/var/lib/bitsec-eval/rootfs")
RUNTIME = "runc"
COMMAND_SECONDS = 30
DEATH_SECONDS = 15
BUNDLE = "bundle-"


@dataclass(frozen=True, slots=True, kw_only=True)
class OciSettings:
    """The runtime's name, the folder of the image's root file system, and where locks and containers are kept."""

    state: Path
    root: Path = ROOT
    runtime: str = RUNTIME


@contextmanager
def oci_sandbox(settings: OciSettings) -> Iterator["OciSandbox"]:
    """Check what is needed, sweep what dead validators left, and leave nothing behind at the end.

    Raises:
        SandboxError: not root, no such runtime, no such root file system, or no profile for this machine.
    """
    with lease_uids(settings.state) as lease, ExitStack() as stack:
        engine = OciSandbox(settings, lease)
        try:
            stack.enter_context(held([settings.root]))
        except OSError as error:
            raise SandboxError(f"the image cannot be held in memory: {error.strerror}") from error
        engine.sweep()
        try:
            yield engine
        finally:
            engine.stop()


class OciSandbox:
    """Opens one fresh, read-back, single-use container for each session; see `Sandbox`."""

    def __init__(self, settings: OciSettings, lease: UidLease) -> None:
        self._machine = _checked(settings)
        self._settings = settings
        self._lease = lease
        self._living: dict[str, int] = {}  # process descriptors by container
        self._stopped = False
        self.image = f"oci:{settings.root}"

    @property
    def description(self) -> str:
        """What opens sandboxes: the runtime with its version, and the kernel."""
        told = self._settings.runtime
        with suppress(SandboxError):  # a runtime need not know its version to be used
            told = self._call("--version").partition("\n")[0] or told
        return one_line(f"oci, {told}, kernel {platform.release()}", 200)

    @contextmanager
    def open(self, limits: Limits) -> Iterator["OciSession"]:
        """Return a session in a fresh container; see `Sandbox.open`."""
        with ExitStack() as stack:
            uid = stack.enter_context(self._lease.uid())
            name = f"{self._lease.block}-{secrets.token_hex(8)}"  # a guest sees it, so it counts nothing
            bundle = self._bundle(stack, limits, uid, name)
            stream = PipeStream(bundle / "stderr")
            stack.callback(stream.close)
            process = self._run(name, bundle, stream)
            stack.callback(self._bury, name, process)
            self._refuse_if_stopped()  # again: what was being made is not among those that were killed
            session = OciSession(stream, process, limits, self._folder / name)
            stack.callback(session.close)
            check_hello(session, uid, lambda: stream.complaint)
            missing = missing_guards(process.pid, uid, limits, process.cgroup)
            if missing:
                raise SandboxError(f"the runtime did not set {', '.join(missing)}; no agent runs without every guard")
            yield session

    def _bundle(self, stack: ExitStack, limits: Limits, uid: int, name: str) -> Path:
        folder = self._folder / f"{BUNDLE}{name}"  # made before anything else, so a sweep finds all by their names
        folder.mkdir(mode=0o700)
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        placement = Placement(
            image=str(folder / MOUNT_POINT), machine=self._machine, uid=uid, labels={}, command=COMMAND
        )
        config = bundle_config(limits, placement, self._cgroup(name))
        (folder / "config.json").write_text(json.dumps(config))
        return folder

    def _run(self, name: str, bundle: Path, stream: PipeStream) -> "Process":
        self._refuse_if_stopped()
        pid_file = bundle / "pid"
        try:
            with stream.guests_ends() as ends:
                command = ("run", "--detach", "--bundle", str(bundle), "--pid-file", str(pid_file), name)
                with_private_root(self._settings.root, bundle, lambda: self._call(*command, ends=ends))
            process = Process.of(int(pid_file.read_text()))
        except (SandboxError, OSError, ValueError) as error:
            self._delete(name)
            raise SandboxError(f"{error}: {one_line(stream.complaint, 300)}") from None
        except BaseException:  # Ctrl-C too: what is begun has no other end
            self._delete(name)
            raise
        self._living[name] = process.descriptor
        return process

    def _refuse_if_stopped(self) -> None:
        if self._stopped:
            raise SandboxError("the evaluation was stopped")

    def _bury(self, name: str, process: "Process") -> None:
        """Kill a container and take away what its runtime made for it."""
        del self._living[name]
        with suppress(SandboxError):  # what is frozen does not die
            process.cgroup.freeze(False)
        with process.ended(DEATH_SECONDS):
            try:
                process.cgroup.remove(DEATH_SECONDS)
                shutil.rmtree(self._folder / name)
            except OSError:
                self._delete(name)

    def _delete(self, name: str) -> None:
        with suppress(SandboxError):  # gone already, or swept by the next start
            self._call("delete", "--force", name)
        remove_cgroups(self._cgroup(name), DEATH_SECONDS)

    def _cgroup(self, name: str) -> str:
        return f"/bitsec-eval/{self._lease.identity}-{name}"

    def ask(self) -> None:
        """Say that this engine is there: nothing stands between us and the runtime."""

    @property
    def processors(self) -> int:
        """How many processors this process may use."""
        return len(os.sched_getaffinity(0))

    def image_content(self) -> str:
        """Return the digest of what the image holds; see `image.content`.

        Raises:
            SandboxError: a file of it cannot be read.
        """
        try:
            return folder_content(self._settings.root)
        except OSError as error:
            raise SandboxError(f"could not read {self._settings.root}: {one_line(str(error), 200)}") from error

    def sweep(self) -> int:
        """Delete the containers that dead validators left, begun or whole; return how many there were."""
        names = {path.name.removeprefix(BUNDLE) for path in self._folder.iterdir()}
        left = [name for name in names if self._lease.left_by_the_dead(name.partition("-")[0])]
        if left:
            wait_for_runtimes(left, COMMAND_SECONDS)
        for name in left:
            self._delete(name)
            for rest in (name, BUNDLE + name):
                shutil.rmtree(self._folder / rest, ignore_errors=True)
        return len(left)

    def stop(self) -> None:
        """Open no more containers and kill every one of ours, so that whoever waits for one is released."""
        self._stopped = True
        for descriptor in list(self._living.values()):
            with suppress(OSError):
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)

    @property
    def _folder(self) -> Path:
        folder = self._settings.state / "oci"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def _call(self, *arguments: str, ends: tuple[int, int, int] | None = None) -> str:
        """Run the runtime; `ends` become the standard streams of a container that is created.

        Raises:
            SandboxError: it failed or did not end.
        """
        command = [self._settings.runtime, "--root", str(self._folder), *arguments]
        stdin, stdout, stderr = ends or (subprocess.DEVNULL, subprocess.PIPE, subprocess.PIPE)
        try:
            done = subprocess.run(  # noqa: S603 - the runtime the operator named, and arguments of our making
                command,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                timeout=COMMAND_SECONDS,
                check=False,
                env={**os.environ, "GOMAXPROCS": "1"},  # more threads than one cost it more than they gain
                start_new_session=True,  # else Ctrl-C cuts short what makes and what deletes containers
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SandboxError(f"{self._settings.runtime} {arguments[0]}: {one_line(str(error), 200)}") from error
        if done.returncode:
            words = one_line(done.stderr or b"", 300)
            raise SandboxError(f"{self._settings.runtime} {arguments[0]} failed {words}".strip())
        return (done.stdout or b"").decode("utf-8", "backslashreplace")


@dataclass(frozen=True, slots=True)
class Process:
    """The first process of a container: its number here, a descriptor that stays its own, and its control group."""

    pid: int
    descriptor: int
    cgroup: Cgroup

    @classmethod
    def of(cls, pid: int) -> "Process":
        """Return the process with this number.

        Raises:
            SandboxError or OSError: there is none.
        """
        descriptor = os.pidfd_open(pid)
        try:
            return cls(pid, descriptor, Cgroup.of_process(pid))
        except SandboxError:
            os.close(descriptor)
            raise

    @contextmanager
    def ended(self, seconds: float) -> Iterator[None]:
        """Kill it, and with it every process of its container, wait for that and let go of it."""
        try:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.descriptor, signal.SIGKILL)
            is_readable(self.descriptor, seconds)
            yield
        finally:
            os.close(self.descriptor)


class OciSession(FramedSession):
    """One container's stream of frames; see `Session`."""

    def __init__(self, stream: PipeStream, process: Process, limits: Limits, state: Path) -> None:
        super().__init__(stream, limits)
        self._process = process
        self._state = state
        self._opened = time.monotonic()

    def wait_exit(self) -> Ending:
        """See `Session.wait_exit`."""
        ended = is_readable(self._process.descriptor, DEATH_SECONDS)
        if self._process.cgroup.out_of_memory():
            return Ending.OUT_OF_MEMORY
        if not ended:  # it told of an end, and lives on
            return Ending.MALFORMED
        if self.told_of_an_end:
            return Ending.CRASHED
        wait_for_runtimes((self._state.name,), COMMAND_SECONDS)  # one that removes it by force kills it first
        if not self._state.exists():
            raise SandboxError("a sandbox was removed from outside")
        raise KilledError("a sandbox was killed from outside; is this machine short of memory?")

    def pause(self) -> None:
        """See `Session.pause`."""
        self._process.cgroup.freeze(True)

    def resume(self) -> None:
        """See `Session.resume`."""
        self._process.cgroup.freeze(False)

    def ended_at(self) -> float | None:
        """See `Session.ended_at`: of a guest that has ended before it was asked for, nobody knows since when."""
        return self._opened if is_readable(self._process.descriptor) else None


def _checked(settings: OciSettings) -> str:
    """Return this machine's architecture, if it has everything that is needed."""
    if os.geteuid() != 0:
        raise SandboxError("--bitsec-sandbox=oci starts containers itself and needs root; use docker instead")
    if shutil.which(settings.runtime) is None:
        raise SandboxError(f"no {settings.runtime} on this machine; install it or name another with --bitsec-runtime")
    if not (settings.root / "usr").is_dir() or not settings.root.stat().st_mode & stat.S_IXOTH:
        raise SandboxError(
            f"{settings.root} is no root file system that others may enter;"
            " make it with bitsec-eval image build --rootfs"
        )
    machine = architecture(os.uname().machine)
    if machine is None:
        raise SandboxError(f"no seccomp profile for {os.uname().machine!r}; use an x86_64 or aarch64 machine")
    return machine
