"""What evaluations below a folder have on an engine, what they leave, and how a person at the machine disturbs it."""

import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import docker

from bitsec_eval.sandbox.docker.engine import DockerSettings, docker_sandbox
from bitsec_eval.sandbox.oci.engine import BUNDLE, OciSettings, oci_sandbox
from bitsec_eval.sandbox.oci.verify import CGROUPS
from bitsec_eval.sandbox.uid_lease import LABEL


class Witness(ABC):
    """A person at the machine, who sees what is on an engine and can disturb it."""

    options = ()
    """Those of an evaluation on this engine."""

    @abstractmethod
    def containers(self, folder: Path) -> list[str]:
        """Return the containers of validators whose locks lie below `folder`."""

    @abstractmethod
    def left(self, folder: Path) -> list[str]:
        """Return everything that validators whose locks lie below `folder` have on this machine but their locks."""

    @abstractmethod
    def kill(self, container: str) -> None:
        """Kill its first process."""

    @abstractmethod
    def remove(self, container: str) -> None:
        """Have it removed by force."""

    @abstractmethod
    def start_next(self, state: Path) -> None:
        """Start an engine with its locks in `state`, as the next validator does, and stop it again."""

    def left_in_the_end(self, folder: Path) -> list[str]:
        """Return what is left once the engine has done all it was asked to do; see `left`."""
        return self.left(folder)

    def wait_for_containers(self, folder: Path, wanted: int = 1, seconds: float = 60) -> list[str]:
        """Wait until there are so many."""
        deadline = time.monotonic() + seconds
        while len(found := self.containers(folder)) < wanted:
            assert time.monotonic() < deadline, f"{len(found)} of {wanted} containers appeared"
            time.sleep(0.05)
        return found


@dataclass
class DockerWitness(Witness):
    """By the engine's own interface."""

    def containers(self, folder: Path) -> list[str]:
        """See `Witness.containers`."""
        with _client() as client:
            found = client.containers(all=True, filters={"label": [LABEL]})
        return [each["Id"] for each in found if f":{folder}" in each["Labels"][LABEL]]

    def left(self, folder: Path) -> list[str]:
        """See `Witness.left`: what else there is of a container is the engine's affair."""
        return self.containers(folder)

    def left_in_the_end(self, folder: Path) -> list[str]:
        """See `Witness.left_in_the_end`: what was asked for by one that was killed may be made behind a sweep."""
        deadline = time.monotonic() + 20
        while (left := self.left(folder)) and time.monotonic() < deadline:
            time.sleep(0.2)
            self.start_next(folder / "state")
        return left

    def kill(self, container: str) -> None:
        """See `Witness.kill`."""
        with _client() as client, suppress(docker.errors.APIError):
            client.kill(container)

    def remove(self, container: str) -> None:
        """See `Witness.remove`."""
        with _client() as client, suppress(docker.errors.APIError):
            client.remove_container(container, force=True)

    def start_next(self, state: Path) -> None:
        """See `Witness.start_next`."""
        with docker_sandbox(DockerSettings(state=state)):
            pass


@dataclass
class OciWitness(Witness):
    """By the runtime's command, the kernel's control groups and the processes; `root` is the image's folder."""

    root: Path

    def __post_init__(self) -> None:
        self.options = ("--bitsec-sandbox=oci", f"--bitsec-image={self.root}")

    def containers(self, folder: Path) -> list[str]:
        """See `Witness.containers`: the paths of their states."""
        return [str(path.parent) for path in folder.glob("**/oci/*/state.json")]

    def left(self, folder: Path) -> list[str]:
        """See `Witness.left`: states, bundles, control groups, mounts and processes."""
        states = [path for path in folder.rglob("oci") if path.is_dir()]
        marks = [f"/bitsec-eval/{_identity(path.parent)}-" for path in states]
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
        return [
            *(str(each) for path in states for each in path.iterdir()),
            *(str(each) for mark in marks for each in _cgroups(mark)),
            *(line for line in mounts if any(f" {path}/" in line for path in states)),
            *(each for each in _processes() if any(mark in each for mark in [*marks, *map(str, states)])),
        ]

    def kill(self, container: str) -> None:
        """See `Witness.kill`."""
        bundle = Path(container).with_name(BUNDLE + Path(container).name)
        with suppress(OSError):
            os.kill(int((bundle / "pid").read_text()), signal.SIGKILL)

    def remove(self, container: str) -> None:
        """See `Witness.remove`."""
        path = Path(container)
        command = ["runc", "--root", str(path.parent), "delete", "--force", path.name]
        subprocess.run(command, capture_output=True, check=False)

    def start_next(self, state: Path) -> None:
        """See `Witness.start_next`."""
        with oci_sandbox(OciSettings(state=state, root=self.root)):
            pass


@contextmanager
def _client() -> Iterator[docker.APIClient]:
    client = docker.APIClient(**docker.utils.kwargs_from_env())
    try:
        yield client
    finally:
        client.close()


def _identity(state: Path) -> str:
    found = state.stat()
    return f"{found.st_dev:x}-{found.st_ino:x}"


def _cgroups(mark: str) -> Iterator[Path]:
    for root in (CGROUPS, *CGROUPS.iterdir()):
        yield from root.glob(f"{mark.lstrip('/')}*")


def _processes() -> Iterator[str]:
    """Yield number, command and control groups of every process but this one and those that have ended."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # gone meanwhile
            told = (process / "cmdline").read_bytes() + (process / "cgroup").read_bytes()
            has_ended = "\nState:\tZ" in (process / "status").read_text("utf-8", "replace")
            if not has_ended and int(process.name) != os.getpid():
                yield f"{process.name} {told.decode('utf-8', 'backslashreplace')}"
