"""The engines of --bitsec-engine and --bitsec-cluster: sandboxes on several machines as if they were on one."""

from collections.abc import Iterator
from contextlib import contextmanager

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.plugin.extension import EngineRequest, SandboxEngine
from bitsec_eval.sandbox.engines import Engine
from bitsec_eval.sandbox.fleet.address import parse_engines
from bitsec_eval.sandbox.fleet.opening import FleetSettings, engine_settings_of, fleet_of
from bitsec_eval.sandbox.preflight import refuse


@contextmanager
def _several(request: EngineRequest) -> Iterator[Engine]:
    settings = FleetSettings(
        state=request.state,
        engines=parse_engines(request.addresses),
        image=request.image,
        task_image=request.task_image,
        runtime=request.runtime,
    )
    with fleet_of(settings) as fleet:
        for address in settings.engines:
            refuse(engine_settings_of(settings, address), request.results, request.accepted)
        yield fleet


@contextmanager
def _cluster(request: EngineRequest) -> Iterator[Engine]:
    if request.task_image:
        raise SettingsError("--bitsec-cluster: nodes hold one image; use --bitsec-engine for tasks with their own")
    try:
        from bitsec_eval.cluster.cluster import cluster_of
        from bitsec_eval.cluster.settings import cluster_settings
    except ModuleNotFoundError as error:
        remedy = "pip install 'bitsec-eval[cluster]'"
        raise SettingsError(f"--bitsec-cluster: {error.name} is not installed; {remedy}") from None
    with cluster_of(cluster_settings(request.cluster, request.cluster_tls)) as cluster:
        yield cluster


SEVERAL_ENGINES = SandboxEngine(name="several", summary="several engines, by --bitsec-engine", open=_several)
CLUSTER = SandboxEngine(name="cluster", summary="the nodes of a Dask cluster, by --bitsec-cluster", open=_cluster)
