"""A sandbox that waits for its agent's next answer is idle: nothing that an answer left behind runs on."""

import time

from sandbox.sessions import LIMITS

from bitsec_eval.sandbox.docker.engine import DockerSandbox
from bitsec_eval.sandbox.execution.solution import RemoteSolution
from bitsec_eval.sandbox.execution.solution_rpc import SolutionRpc

BUSY = b"""
import os
if os.fork() == 0:
    os.setsid()
    while True:
        pass
def f():
    return 1
"""
COUNT = b"def f():\n    import os\n    return sum(name.isdigit() for name in os.listdir('/proc'))\n"


def test_what_an_answer_left_running_ends_when_its_checks_are_over(engine: DockerSandbox):
    with engine.open(LIMITS) as session:
        calls = SolutionRpc(session, BUSY, LIMITS)
        calls.begin()
        assert RemoteSolution(calls).f() == 1
        assert _processes(engine, session) == 3

        calls.quiesce()

        assert calls.usable
        assert _processes(engine, session) <= 2  # the next check's process may not have started yet
        again = SolutionRpc(session, COUNT, LIMITS)
        again.begin()
        assert RemoteSolution(again).f() == 2


def test_a_sandbox_that_cannot_be_put_to_rest_is_not_used_again(engine: DockerSandbox):
    source = b"import os\nos.chmod('/tmp', 0)\n"
    with engine.open(LIMITS) as session:
        calls = SolutionRpc(session, source, LIMITS)
        calls.begin()
        started = time.monotonic()

        calls.quiesce()

        assert not calls.usable
        assert time.monotonic() - started < 10


def _processes(engine: DockerSandbox, session: object) -> int:
    container = session._container  # type: ignore[attr-defined]
    return len(engine.api.get("list processes", f"/containers/{container}/top")["Processes"])
