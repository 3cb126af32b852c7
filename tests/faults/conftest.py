"""The same faults on every engine."""

from pathlib import Path

import pytest
from faults.leftovers import DockerWitness, OciWitness, Witness


@pytest.fixture(params=["docker", "oci"])
def witness(request: pytest.FixtureRequest) -> Witness:
    """Who sees and disturbs an engine, for each engine in turn."""
    if request.param == "docker":
        request.getfixturevalue("docker_cli")
        return DockerWitness()
    root: Path = request.getfixturevalue("oci_root")
    return OciWitness(root)
