"""Sandboxes in which answers are checked: one agent's may be used for its answers one after another.

Between two checks process 1 kills every other process and empties whatever can be written to, whether or not the two
are of one answer; so what an answer does there is settled by the answer's text alone. Agents never share one.
"""

from collections import OrderedDict
from contextlib import ExitStack, suppress
from threading import Lock

from bitsec_eval.core.errors import SandboxError
from bitsec_eval.core.task import Limits
from bitsec_eval.sandbox.api import Sandbox, Session
from bitsec_eval.sandbox.execution.solution_rpc import SolutionRpc

MOST_KEPT = 64
"""How many sandboxes wait for another answer of their agent; each is one idle process."""


class LoadedSolution:
    """An answer in a sandbox: `calls` on it, and the sandbox to be given back or closed."""

    def __init__(self, session: Session, sandbox: ExitStack, answer: bytes, limits: Limits, *, used: bool) -> None:
        self.calls = SolutionRpc(session, answer, limits)
        self._used = used
        self._session = session
        self._sandbox = sandbox
        self._limits = limits

    @property
    def again(self) -> tuple[Session, ExitStack, Limits]:
        """The sandbox, for another answer."""
        return self._session, self._sandbox, self._limits

    def begin_check(self) -> bool:
        """Load the answer afresh; False where earlier use has spoilt the sandbox: the check needs another one.

        Raises:
            SandboxError: the sandbox failed.
        """
        used, self._used = self._used, True
        if self.calls.usable:
            self.calls.begin()
        return self.calls.usable or not used

    def quiesce(self) -> None:
        """Leave nothing running of the checks that were made here."""
        if self._used:
            self.calls.quiesce()

    def close(self) -> None:
        """Remove the sandbox; whoever opened it hears of its loss, for others that wait may be lost as well."""
        lost = self.calls.fault
        if isinstance(lost, SandboxError):
            with suppress(SandboxError):
                self._sandbox.__exit__(type(lost), lost, None)
        else:
            self._sandbox.close()


class SolutionSandboxes:
    """Lends sandboxes to answers; `sandbox` opens new ones."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._kept: OrderedDict[tuple[str, Limits], LoadedSolution] = OrderedDict()
        self._lock = Lock()

    def load(self, agent: str, answer: bytes, limits: Limits, *, fresh: bool = False) -> LoadedSolution:
        """Return `answer` in a sandbox that no other agent has used, and none at all if it must be `fresh`.

        Raises:
            SandboxError: no sandbox could be had.
        """
        with self._lock:
            kept = None if fresh else self._kept.pop((agent, limits), None)
        if kept is not None:
            session, sandbox, _ = kept.again
            return LoadedSolution(session, sandbox, answer, limits, used=True)
        with ExitStack() as stack:
            session = stack.enter_context(self._sandbox.open(limits))
            return LoadedSolution(session, stack.pop_all(), answer, limits, used=False)

    def give_back(self, agent: str, loaded: LoadedSolution) -> LoadedSolution | None:
        """Keep a sandbox for the agent's next answer; return the one that must be closed instead, if any."""
        limits = loaded.again[2]
        with self._lock:
            if not loaded.calls.usable or (agent, limits) in self._kept:
                return loaded
            self._kept[agent, limits] = loaded
            return self._kept.popitem(last=False)[1] if len(self._kept) > MOST_KEPT else None

    def close(self) -> None:
        """Remove every sandbox that is kept."""
        while self._kept:
            self._kept.popitem()[1].close()
