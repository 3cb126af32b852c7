"""A plugin that adds a sandbox engine; `--bitsec-sandbox=audited` writes down every sandbox that Docker opens for it.

The whole of it: a factory that is given what the operator said, and a hook that offers it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.plugin.extension import EngineRequest, SandboxEngine
from bitsec_eval.sandbox.api import Session
from bitsec_eval.sandbox.docker.engine import DockerSettings, docker_sandbox
from bitsec_eval.sandbox.engines import Engine


class AuditedEngine:
    """An `Engine`: opens sessions, names its image and what it holds, and can be asked and stopped."""

    def __init__(self, inner: Engine, request: EngineRequest) -> None:
        self.image = f"audited {inner.image}"
        self.stop, self.ask, self.image_content = inner.stop, inner.ask, inner.image_content
        self.processors = inner.processors
        self._inner = inner
        self._log = request.results / "sandboxes.log"

    @contextmanager
    def open(self, limits: Limits) -> Iterator[Session]:
        self._log.parent.mkdir(exist_ok=True)
        with self._log.open("a") as log, self._inner.open(limits) as session:
            log.write(f"{limits.memory_mib} MiB\n")
            yield session


@contextmanager
def audited(request: EngineRequest) -> Iterator[AuditedEngine]:
    with docker_sandbox(DockerSettings(state=request.state)) as inner:
        yield AuditedEngine(inner, request)


def pytest_bitsec_engines():
    return [SandboxEngine(name="audited", summary="Docker, with a log of sandboxes", open=audited)]
