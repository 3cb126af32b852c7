"""Opens a real sandbox and runs one agent or one solution in it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from bitsec_eval.core.answers.answer import Answer
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.api import Sandbox
from bitsec_eval.sandbox.execution.agent_run import AgentOrder, run_agent
from bitsec_eval.sandbox.execution.solution import RemoteSolution
from bitsec_eval.sandbox.execution.solution_rpc import SolutionRpc

LIMITS = Limits(wall_seconds=5, call_seconds=2)


def answer_of(
    sandbox: Sandbox,
    source: str | bytes,
    *,
    prompt: str = "do it",
    files: Mapping[str, bytes] | None = None,
    limits: Limits = LIMITS,
) -> Answer:
    """Run an agent of this source once."""
    code = source.encode() if isinstance(source, str) else source
    with sandbox.open(limits) as session:
        return run_agent(session, AgentOrder(source=code, prompt=prompt, files=files or {}), limits)


@contextmanager
def calls_on(sandbox: Sandbox, source: str | bytes, limits: Limits = LIMITS) -> Iterator[SolutionRpc]:
    """Load a solution of this source."""
    code = source.encode() if isinstance(source, str) else source
    with sandbox.open(limits) as session:
        calls = SolutionRpc(session, code, limits)
        calls.begin()
        yield calls


@contextmanager
def solution_of(sandbox: Sandbox, source: str | bytes, limits: Limits = LIMITS) -> Iterator[RemoteSolution]:
    """Load a solution of this source, which must load."""
    with calls_on(sandbox, source, limits) as calls:
        assert calls.fault is None, calls.fault
        yield RemoteSolution(calls)
