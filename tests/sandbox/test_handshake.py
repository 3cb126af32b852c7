"""A sandbox that does not come up says why, in one line, and no agent is to blame."""

import io
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bitsec_eval.core.errors import SandboxError
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.docker.engine import DockerSandbox, DockerSettings, docker_sandbox
from bitsec_eval.sandbox.hardening.policy import IMAGE

COMPLAINT = "#!/bin/sh\necho 'python3: error while loading shared libraries' >&2\nexit 127\n"


@pytest.fixture
def broken_image(engine: DockerSandbox) -> Iterator[str]:
    """The sandbox image with a Python that does not start."""
    name = "bitsec-eval/broken-python:test"
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        script = tarfile.TarInfo("usr/local/bin/python3")
        script.mode, script.size = 0o755, len(COMPLAINT)
        tar.addfile(script, io.BytesIO(COMPLAINT.encode()))
    container = _docker("create", IMAGE, "true").strip().decode()
    _docker("cp", "-", f"{container}:/", given=content.getvalue())
    _docker("commit", container, name)
    _docker("rm", container)
    yield name
    _docker("image", "rm", name)


def _docker(*arguments: str, given: bytes = b"") -> bytes:
    return subprocess.run(["docker", *arguments], input=given, capture_output=True, check=True).stdout


def test_an_image_whose_python_does_not_start_is_named_in_one_line(broken_image: str, tmp_path: Path):
    with (
        pytest.raises(SandboxError) as caught,  # at the start where an engine keeps images out of reach
        docker_sandbox(DockerSettings(state=tmp_path, image=broken_image)) as sandbox,
        sandbox.open(Limits()),
    ):
        pass

    assert str(caught.value) == (
        "a sandbox did not start: python3: error while loading shared libraries;"
        " make its image again with bitsec-eval image build"
    )
