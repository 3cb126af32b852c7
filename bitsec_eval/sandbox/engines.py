"""Which engine stands behind the `Sandbox` seam: Docker, or an OCI runtime without a daemon."""

from contextlib import AbstractContextManager
from typing import Protocol

from bitsec_eval.sandbox.docker_engine import DockerSettings, docker_sandbox
from bitsec_eval.sandbox.oci_engine import OciSettings, oci_sandbox
from bitsec_eval.sandbox.session import Sandbox

EngineSettings = DockerSettings | OciSettings


class Engine(Sandbox, Protocol):
    """A `Sandbox` with an image whose name goes into the results."""

    image: str

    def stop(self) -> None:
        """Open nothing more and remove everything, so that whoever waits for a guest is released."""


def engine_of(settings: EngineSettings) -> AbstractContextManager[Engine]:
    """Return the engine that `settings` are for, to be entered.

    Raises:
        SandboxError: on entering: it cannot be used.
    """
    return docker_sandbox(settings) if isinstance(settings, DockerSettings) else oci_sandbox(settings)
