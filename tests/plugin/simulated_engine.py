"""An engine that starts nothing: an agent of the form print('...') prints that, and every start leaves a file."""

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from bitsec_eval.core.answers.answer import Ending
from bitsec_eval.core.answers.values import dumps
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.plugin.extension import EngineRequest, SandboxEngine
from bitsec_eval.sandbox.api import Frame


class PrintingSession:
    """A guest that prints what its source says and ends well."""

    where = ""
    engine_number = 0

    def __init__(self, started: Path) -> None:
        self._started = started
        self._source = b""
        self._replies: list[Frame] = []

    def send(self, kind: str, payload: bytes = b"") -> None:
        if kind == "P" and b"agent.py\0" in payload:
            self._source = payload.partition(b"\0")[2]
            self._started.mkdir(parents=True, exist_ok=True)
            (self._started / uuid4().hex).write_bytes(self._source)
        if kind == "A":
            text = ast.literal_eval(self._source.decode().strip().removeprefix("print(").removesuffix(")"))
            self._replies = [Frame("B", b""), Frame("O", text.encode()), Frame("X", dumps({"status": 0}))]

    def receive(self, deadline: float) -> Frame | Ending:
        return self._replies.pop(0)

    def reset_output_quota(self) -> None: ...

    def wait_exit(self) -> Ending:
        return Ending.CRASHED

    def check_engine_alive(self) -> None: ...


class PrintingEngine:
    image = "sha256:simulated"
    processors = 2

    def __init__(self, started: Path) -> None:
        self._started = started

    @contextmanager
    def open(self, limits: Limits) -> Iterator[PrintingSession]:
        self._started.parent.mkdir(parents=True, exist_ok=True)
        (self._started.parent / "opened").touch()
        yield PrintingSession(self._started)

    def stop(self) -> None: ...


@contextmanager
def printing_engine(request: EngineRequest) -> Iterator[PrintingEngine]:
    yield PrintingEngine(request.results / "started")


def pytest_bitsec_engines() -> list[SandboxEngine]:
    return [SandboxEngine(name="simulated", summary="starts nothing", open=printing_engine)]
