"""Which engine stands behind the `Sandbox` seam: Docker, or an OCI runtime without a daemon."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from bitsec_eval.core.tasks.image_name import folder_of
from bitsec_eval.sandbox.api import Sandbox
from bitsec_eval.sandbox.docker.engine import DockerSettings, docker_sandbox
from bitsec_eval.sandbox.hardening.policy import IMAGE
from bitsec_eval.sandbox.image_names import EVM_IMAGE, EVM_ROOT, FOUNDRY_IMAGE, FOUNDRY_ROOT
from bitsec_eval.sandbox.oci.engine import ROOT, RUNTIME, OciSettings, oci_sandbox

EngineSettings = DockerSettings | OciSettings
BUILD = "bitsec-eval image build"
OWN_OPTIONS = {EVM_IMAGE: "--evm", FOUNDRY_IMAGE: "--foundry"}
OWN_FOLDERS = {EVM_IMAGE: EVM_ROOT, FOUNDRY_IMAGE: FOUNDRY_ROOT}
"""Folders of our own images whose names are not made of the image's."""


class Engine(Sandbox, Protocol):
    """A `Sandbox` with an image whose name goes into the results.

    It may say in `description`, a text, what it is and in which version; see `description_of`.
    """

    image: str

    def ask(self) -> None:
        """Ask the engine whether it is there.

        Raises:
            SandboxError: it is not.
        """

    def image_content(self) -> str:
        """Return the digest of what the image holds; see `image.content`."""

    @property
    def processors(self) -> int:
        """How many processors its machine has."""

    def stop(self) -> None:
        """Open nothing more and remove everything, so that whoever waits for a guest is released."""


def description_of(engine: Engine) -> str:
    """Return what opens sandboxes, with versions, for the results; "" where it does not say.

    Raises:
        SandboxError: it does not answer.
    """
    return str(getattr(engine, "description", ""))


def refused_of(engine: Engine) -> dict[str, str]:
    """Return why some of its machines serve nobody, by their names; an engine on one machine has none."""
    return dict(getattr(engine, "refused", {}))


def engine_settings(name: str, state: Path, image: str | None, runtime: str | None) -> EngineSettings:
    """Return the settings of the engine called `name`, docker or oci, whose image is the folder of its files."""
    if name == "oci":
        return OciSettings(state=state, root=Path(image or ROOT), runtime=runtime or RUNTIME)
    return DockerSettings(state=state, image=image or IMAGE, runtime=runtime)


def task_image(engine: str, image: str | None, name: str) -> str:
    """Return where an engine, docker or oci, has the image called `name`; `image` is that of the agents.

    For an OCI runtime it is a folder beside that of the other image.
    """
    folder = OWN_FOLDERS.get(name) or folder_of(name)
    return str(Path(image or ROOT).parent / folder) if engine == "oci" else name


def build_command(name: str, *, root: bool = False) -> str:
    """Return the command that makes the image called `name`, or its `root` file system; empty: the agents' image.

    >>> build_command("bitsec-eval/evm:1")
    'bitsec-eval image build --evm'
    """
    options = OWN_OPTIONS.get(name) or (f"--with REQUIREMENTS --name {name}" if name else "")
    return " ".join(filter(None, (BUILD, "--rootfs" if root else "", options)))


def with_remedy(told: str, name: str) -> str:
    """Return an engine's words with the command that makes this image in place of the one for the agents' image."""
    fact, _, remedy = told.partition("; ")
    if not name or BUILD not in remedy or OWN_OPTIONS.get(name, name) in remedy:
        return told
    return f"{fact}; make it with {build_command(name, root='--rootfs' in remedy)}"


def other_image(name: str, held: str, asked: str) -> str:
    """Return what is said of an image that is not the one its tasks ask for."""
    return (
        f"image {name} holds {held} here, and TASK asks for {asked};"
        f" make the one it was written for ({build_command(name)}), or correct TASK"
    )


def engine_of(settings: EngineSettings) -> AbstractContextManager[Engine]:
    """Return the engine that `settings` are for, to be entered.

    Raises:
        SandboxError: on entering: it cannot be used.
    """
    return docker_sandbox(settings) if isinstance(settings, DockerSettings) else oci_sandbox(settings)
