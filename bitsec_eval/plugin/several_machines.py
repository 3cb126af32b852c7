"""The engines of --bitsec-engine and --bitsec-cluster: sandboxes on several machines as if they were on one.

What they are made of is loaded when one of them is opened: an evaluation on one machine does without.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.plugin.extension import EngineRequest, SandboxEngine
from bitsec_eval.sandbox.engines import Engine
from bitsec_eval.sandbox.preflight import refuse


@contextmanager
def _several(request: EngineRequest) -> Iterator[Engine]:
    from bitsec_eval.sandbox.fleet.address import parse_engines
    from bitsec_eval.sandbox.fleet.opening import FleetSettings, engine_settings_of, fleet_of

    settings = FleetSettings(
        state=request.state,
        engines=parse_engines(request.addresses),
        image=request.image,
        task_image=request.task_image,
        task_digest=request.task_digest,
        runtime=request.runtime,
    )
    with fleet_of(settings) as fleet:
        for address in settings.engines:
            with _named(address.url):
                refuse(engine_settings_of(settings, address), request.results, request.accepted)
        yield fleet


@contextmanager
def _cluster(request: EngineRequest) -> Iterator[Engine]:
    try:
        from bitsec_eval.cluster.cluster import cluster_of
        from bitsec_eval.cluster.images import NodeImage
        from bitsec_eval.cluster.settings import cluster_settings
    except ModuleNotFoundError as error:
        remedy = "pip install 'bitsec-eval[cluster]'"
        raise SettingsError(f"--bitsec-cluster: {error.name} is not installed; {remedy}") from None
    image = NodeImage(name=request.task_image or request.image or "", digest=request.task_digest)
    with cluster_of(cluster_settings(request.cluster, request.cluster_tls), image) as cluster:
        yield cluster


@contextmanager
def _named(url: str) -> Iterator[None]:
    """Say which engine lacks a control."""
    try:
        yield
    except SettingsError as error:
        raise SettingsError(f"--bitsec-engine {url}: {error}") from error


SEVERAL_ENGINES = SandboxEngine(name="several", summary="several engines, by --bitsec-engine", open=_several)
CLUSTER = SandboxEngine(name="cluster", summary="the nodes of a Dask cluster, by --bitsec-cluster", open=_cluster)
