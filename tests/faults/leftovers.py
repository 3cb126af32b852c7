"""What an evaluation whose --bitsec-state lies in a folder has left on the engine."""

import subprocess
import time
from pathlib import Path

import docker

from bitsec_eval.sandbox.ownership import LABEL


def containers(folder: Path) -> list[str]:
    """Return the containers of validators whose locks lie below `folder`."""
    client = docker.APIClient(**docker.utils.kwargs_from_env())
    try:
        found = client.containers(all=True, filters={"label": [LABEL]})
    finally:
        client.close()
    return [each["Id"] for each in found if f":{folder}" in each["Labels"][LABEL]]


def oci_containers(folder: Path) -> list[str]:
    """Return the containers of an OCI runtime whose validators kept their locks in `folder`/state."""
    command = ["runc", "--root", str(folder / "state/oci"), "list", "--quiet"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def wait_for_containers(folder: Path, wanted: int = 1, seconds: float = 60) -> list[str]:
    """Wait until there are so many."""
    deadline = time.monotonic() + seconds
    while len(found := containers(folder)) < wanted:
        assert time.monotonic() < deadline, f"{len(found)} of {wanted} containers appeared"
        time.sleep(0.05)
    return found
