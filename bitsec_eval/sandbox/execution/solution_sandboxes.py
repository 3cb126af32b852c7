"""Sandboxes in which answers are checked: one agent's may be used for its answers one after another.

Between two checks process 1 kills every other process and empties whatever can be written to, whether or not the two
are of one answer; so what an answer does there is settled by the answer's text alone. Agents never share one.
"""

from collections import OrderedDict
from contextlib import ExitStack, suppress
from threading import Lock
from typing import NamedTuple

from bitsec_eval.core.errors import SandboxError
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.api import Sandbox, Session
from bitsec_eval.sandbox.execution.solution_rpc import SolutionRpc

MOST_KEPT = 64
"""How many sandboxes wait for another answer of their agent; each is one idle process."""


class SandboxKind(NamedTuple):
    """What opens a sandbox, the image that its task asks for (empty: the evaluation's), and what it may use."""

    sandbox: Sandbox
    image: str
    limits: Limits


class LoadedSolution:
    """An answer in a sandbox: `calls` on it, and the sandbox to be given back or closed."""

    def __init__(self, session: Session, sandbox: ExitStack, answer: bytes, kind: SandboxKind, *, used: bool) -> None:
        self.calls = SolutionRpc(session, answer, kind.limits)
        self._used = used
        self._session = session
        self._sandbox = sandbox
        self._kind = kind

    @property
    def again(self) -> tuple[Session, ExitStack, SandboxKind]:
        """The sandbox, for another answer."""
        return self._session, self._sandbox, self._kind

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
    """Lends sandboxes to answers."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str, Limits], LoadedSolution] = OrderedDict()
        self._lock = Lock()

    def load(self, agent: str, answer: bytes, kind: SandboxKind, *, fresh: bool = False) -> LoadedSolution:
        """Return `answer` in a sandbox that no other agent has used, and none at all if it must be `fresh`.

        Raises:
            SandboxError: no sandbox could be had.
        """
        with self._lock:
            kept = None if fresh else self._kept.pop((agent, kind.image, kind.limits), None)
        if kept is not None:
            session, sandbox, _ = kept.again
            return LoadedSolution(session, sandbox, answer, kind, used=True)
        with ExitStack() as stack:
            session = stack.enter_context(kind.sandbox.open(kind.limits))
            return LoadedSolution(session, stack.pop_all(), answer, kind, used=False)

    def give_back(self, agent: str, loaded: LoadedSolution) -> LoadedSolution | None:
        """Keep a sandbox for the agent's next answer; return the one that must be closed instead, if any."""
        kind = loaded.again[2]
        place = (agent, kind.image, kind.limits)
        with self._lock:
            if not loaded.calls.usable or place in self._kept:
                return loaded
            self._kept[place] = loaded
            return self._kept.popitem(last=False)[1] if len(self._kept) > MOST_KEPT else None

    def close(self) -> None:
        """Remove every sandbox that is kept."""
        while self._kept:
            self._kept.popitem()[1].close()
