"""Which engine stands behind the `Sandbox` seam: Docker, or an OCI runtime without a daemon."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from bitsec_eval.core.tasks.image_name import folder_of
from bitsec_eval.sandbox.api import Sandbox
from bitsec_eval.sandbox.docker.engine import DockerSettings, docker_sandbox
from bitsec_eval.sandbox.hardening.policy import IMAGE
from bitsec_eval.sandbox.oci.engine import ROOT, RUNTIME, OciSettings, oci_sandbox

EngineSettings = DockerSettings | OciSettings


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


def engine_settings(name: str, state: Path, image: str | None, runtime: str | None) -> EngineSettings:
    """Return the settings of the engine called `name`, docker or oci, whose image is the folder of its files."""
    if name == "oci":
        return OciSettings(state=state, root=Path(image or ROOT), runtime=runtime or RUNTIME)
    return DockerSettings(state=state, image=image or IMAGE, runtime=runtime)


def task_image(engine: str, image: str | None, name: str) -> str:
    """Return where an engine, docker or oci, has the image called `name` of a task; `image` is that of all others.

    For an OCI runtime it is a folder beside that of the other image.
    """
    return str(Path(image or ROOT).parent / folder_of(name)) if engine == "oci" else name


def engine_of(settings: EngineSettings) -> AbstractContextManager[Engine]:
    """Return the engine that `settings` are for, to be entered.

    Raises:
        SandboxError: on entering: it cannot be used.
    """
    return docker_sandbox(settings) if isinstance(settings, DockerSettings) else oci_sandbox(settings)
