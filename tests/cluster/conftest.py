"""One scheduler with two nodes, shared by the tests that harm neither."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster.nodes import Node, nodes, scheduler

from bitsec_eval.cluster.cluster import Cluster, cluster_of
from bitsec_eval.cluster.settings import cluster_settings


@pytest.fixture(scope="package")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture(scope="package")
def address(home: Path) -> Iterator[str]:
    with scheduler(home) as (address, _):
        yield address


@pytest.fixture(scope="package")
def two_nodes(address: str, oci_root: Path, home: Path) -> Iterator[list[Node]]:
    with nodes(address, oci_root, home, "left", "right") as both:
        yield both


@pytest.fixture(scope="package")
def cluster(address: str, two_nodes: list[Node]) -> Iterator[Cluster]:
    with cluster_of(cluster_settings(address, None)) as opened:
        yield opened
