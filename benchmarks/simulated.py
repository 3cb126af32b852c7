"""An engine that starts nothing: guests answer at once, so that what is left is what the harness itself costs.

Loaded as a pytest plugin (`-p simulated`, --bitsec-sandbox=simulated) by growth.py and screening.py.
With SIMULATED_SECONDS, the name of a file, each opened sandbox adds the seconds it might have been held to it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from bitsec_eval.core.answers.answer import Ending
from bitsec_eval.core.answers.values import dumps
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.plugin.extension import SandboxEngine
from bitsec_eval.sandbox.api import Frame


class SimulatedSession:
    """A guest that prints its own source and ends well."""

    where = ""
    engine_number = 0

    def __init__(self) -> None:
        self._replies: list[Frame] = []

    def send(self, kind: str, payload: bytes = b"") -> None:
        """See `Session.send`."""
        if kind == "P" and b"agent.py\0" in payload:
            self._source = payload.partition(b"\0")[2]
        if kind == "A":
            self._replies = [Frame("B", b""), Frame("O", self._source), Frame("X", dumps({"status": 0}))]

    def receive(self, deadline: float) -> Frame | Ending:
        """See `Session.receive`."""
        return self._replies.pop(0)

    def reset_output_quota(self) -> None:
        """See `Session.reset_output_quota`."""

    def wait_exit(self) -> Ending:
        """See `Session.wait_exit`."""
        return Ending.CRASHED

    def check_engine_alive(self) -> None:
        """See `Session.check_engine_alive`."""


class SimulatedEngine:
    """See `Engine`."""

    image = "sha256:simulated"

    @contextmanager
    def open(self, limits: Limits) -> Iterator[SimulatedSession]:
        """See `Sandbox.open`."""
        if "SIMULATED_SECONDS" in os.environ:
            with open(os.environ["SIMULATED_SECONDS"], "a") as file:  # noqa: PTH123 - one short line a sandbox
                file.write(f"{limits.wall_seconds}\n")
        yield SimulatedSession()

    def stop(self) -> None:
        """See `Engine.stop`."""


@contextmanager
def simulated_engine(request: object) -> Iterator[SimulatedEngine]:
    """Open the engine that starts nothing."""
    yield SimulatedEngine()


def pytest_bitsec_engines() -> list[SandboxEngine]:
    """Offer it."""
    return [SandboxEngine(name="simulated", summary="starts nothing", open=simulated_engine)]
