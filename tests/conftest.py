"""What several test folders share: a real engine, and an evaluation in a folder of its own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bitsec_eval.core.errors import SandboxError
from bitsec_eval.sandbox.docker_engine import DockerSandbox, DockerSettings, docker_sandbox

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerSandbox]:
    """A real Docker engine; without one the test is skipped, or fails where BITSEC_REQUIRE_DOCKER is set."""
    try:
        opened = docker_sandbox(DockerSettings(state=tmp_path_factory.mktemp("state")))
        sandbox = opened.__enter__()
    except SandboxError as error:
        if os.environ.get("BITSEC_REQUIRE_DOCKER"):
            raise
        pytest.skip(f"no Docker engine: {error}")
    yield sandbox
    opened.__exit__(None, None, None)


@pytest.fixture(scope="session")
def docker_cli(engine: DockerSandbox) -> DockerSandbox:
    """Marks a test that starts evaluations in processes of their own: they need the engine, not this object."""
    return engine
