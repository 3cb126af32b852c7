"""What several test folders share: a real engine, and an evaluation in a folder of its own."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from exported import export
from hypothesis import HealthCheck, settings
from long import LONG

from bitsec_eval.core.errors import SandboxError
from bitsec_eval.sandbox.api import Sandbox
from bitsec_eval.sandbox.docker.engine import DockerSandbox, DockerSettings, docker_sandbox
from bitsec_eval.sandbox.evm.image import EVM_IMAGE, build_evm_image
from bitsec_eval.sandbox.fleet.address import parse_engines
from bitsec_eval.sandbox.fleet.opening import FleetSettings, fleet_of
from bitsec_eval.sandbox.hardening.policy import IMAGE
from bitsec_eval.sandbox.oci.engine import RUNTIME, OciSandbox, OciSettings, oci_sandbox

ROOT = Path(__file__).parents[1]

# How long an example takes says more about what else the machine does than about us.
settings.register_profile("ours", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ours")

# Evaluations in processes of their own do without the plugins of these tests' own tools: they take seconds to load.
os.environ["PYTEST_ADDOPTS"] = "-p no:schemathesis -p no:hypothesispytest -p no:anyio"
# Evaluations of these tests keep no secrets from those of others that test on this machine, in another worker say.
os.environ["BITSEC_TURN_GROUP"] = f"tests-{os.getpid()}"


def pytest_sessionstart(session: pytest.Session) -> None:
    """Compile once what hundreds of processes load, where they are told not to keep what they compile.

    A task file that a test writes twice within a second is still never read from a stale one.
    """
    if not sys.dont_write_bytecode or hasattr(session.config, "workerinput"):
        return
    keeping = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    collecting = ("pytest", "--bitsec-agents=agents", "--collect-only", "-q", "task_suites/coding")
    for module in (("compileall", "-q", "bitsec_eval", "hub"), collecting):
        subprocess.run([sys.executable, "-m", *module], cwd=ROOT, env=keeping, capture_output=True, check=False)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave long tests out of the short form, and tests of what one engine does on fleets.

    They are not skipped: that is for a test that could not do its work.
    """
    left_out = [] if LONG else [item for item in items if item.get_closest_marker("long")]
    left_out += [item for item in items if _is_of_a_fleet(item) and item.path.stem not in CONFORMANCE]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


CONFORMANCE = {"test_agent", "test_late_guest"} | ({"test_pause", "test_solution"} if LONG else set())
"""Modules that say what a session does, wherever it is."""
FLEETS = {"engines": "engine_fleet", "cluster": "node_fleet"}
SANDBOXES = {"docker": "engine", "oci": "oci_engine", **FLEETS}


def _is_of_a_fleet(item: pytest.Item) -> bool:
    return (
        isinstance(item, pytest.Function)
        and getattr(item, "callspec", None) is not None
        and (item.callspec.params.get("sandbox") in FLEETS)
    )


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
def oci_root(engine: DockerSandbox) -> Iterator[Path]:
    """The sandbox image as a folder, for an OCI runtime; what starts that needs root.

    A guest can read where its root lies on the host, so nothing of the tests is in that name.
    """
    if os.geteuid() != 0 or shutil.which(RUNTIME) is None:
        pytest.skip(f"needs root and {RUNTIME}")
    with tempfile.TemporaryDirectory(prefix="rootfs-") as folder:
        export(IMAGE, Path(folder))
        yield Path(folder)


@pytest.fixture(scope="session")
def oci_engine(oci_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OciSandbox]:
    """The same image, started by an OCI runtime alone."""
    with oci_sandbox(OciSettings(state=tmp_path_factory.mktemp("state"), root=oci_root)) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def evm_engine(engine: DockerSandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerSandbox]:
    """The image of patch and exploit tasks, on a real Docker engine; it is made if need be."""
    build_evm_image()
    with docker_sandbox(DockerSettings(state=tmp_path_factory.mktemp("state"), image=EVM_IMAGE)) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def evm_root(evm_engine: DockerSandbox, oci_root: Path) -> Iterator[Path]:
    """The same image as a folder, for an OCI runtime."""
    with tempfile.TemporaryDirectory(prefix="rootfs-") as folder:
        export(EVM_IMAGE, Path(folder))
        yield Path(folder)


@pytest.fixture(scope="session")
def evm_oci_engine(evm_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OciSandbox]:
    """The same image, started by an OCI runtime alone."""
    with oci_sandbox(OciSettings(state=tmp_path_factory.mktemp("state"), root=evm_root)) as sandbox:
        yield sandbox


@pytest.fixture(params=["docker", "oci"], scope="module")
def evm_sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """The image of patch and exploit tasks on every engine, one after the other."""
    return request.getfixturevalue("evm_engine" if request.param == "docker" else "evm_oci_engine")


@pytest.fixture(scope="session")
def engine_fleet(
    oci_root: Path, engine: DockerSandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sandbox]:
    """Docker and an OCI runtime as one."""
    engines = parse_engines(("docker:,jobs=1", f"oci:{oci_root},jobs=1"))
    with fleet_of(FleetSettings(state=tmp_path_factory.mktemp("state"), engines=engines)) as fleet:
        yield fleet


@pytest.fixture(scope="session")
def node_fleet(oci_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The two nodes of a cluster."""
    from cluster.nodes import nodes, scheduler  # loads Dask, as few tests do

    from bitsec_eval.cluster.cluster import cluster_of
    from bitsec_eval.cluster.settings import cluster_settings

    home = tmp_path_factory.mktemp("cluster")
    with (
        scheduler(home) as (address, _),
        nodes(address, oci_root, home, "one", "other"),
        cluster_of(cluster_settings(address, None)) as cluster,
    ):
        yield cluster


@pytest.fixture(params=list(SANDBOXES))
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """Every engine behind the seam, one after the other, and fleets in the modules of the conformance suite."""
    return request.getfixturevalue(SANDBOXES[request.param])


@pytest.fixture(scope="session")
def docker_cli(engine: DockerSandbox) -> DockerSandbox:
    """Marks a test that starts evaluations in processes of their own: they need the engine, not this object."""
    return engine


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as it is published."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(command, capture_output=True, check=True)
    return next(folder.glob("*.whl"))
