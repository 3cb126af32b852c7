"""Results say what opened sandboxes, with versions, and an engine that does not say is no fault."""

import platform
import subprocess

from bitsec_eval.sandbox.docker.engine import DockerSandbox
from bitsec_eval.sandbox.engines import description_of
from bitsec_eval.sandbox.oci.engine import OciSandbox


def test_docker_tells_of_the_engine_and_its_parts(engine: DockerSandbox):
    asked = ["docker", "version", "--format", "{{.Server.Version}}"]
    version = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()

    told = description_of(engine)
    assert told.startswith("docker, Engine ")
    assert version in told
    assert "\n" not in told


def test_a_runtime_tells_its_version_and_the_kernels(oci_engine: OciSandbox):
    asked = subprocess.run(["runc", "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]

    assert description_of(oci_engine) == f"oci, {asked}, kernel {platform.release()}"


class SilentEngine:
    """An engine of somebody's plugin that has no description."""


def test_an_engine_that_does_not_say_is_no_fault():
    assert description_of(SilentEngine()) == ""
