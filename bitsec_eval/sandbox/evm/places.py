"""Sandboxes in which answers are compiled and run: an agent's own, kept for its next answer, and one of the tasks'.

A task's sources are compiled where no answer has ever been, once, whoever's answers they are needed for.
An answer that takes a sandbox down which an earlier one was in is tried once more in a new one, which has shown that
it works a moment before: what happens there is that answer's doing.
"""

import hashlib
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from threading import Lock
from typing import Generic, Protocol, TypeVar

from bitsec_eval.core.errors import AnswerFault, SandboxError
from bitsec_eval.core.tasks.task import COMPILERS, Limits
from bitsec_eval.sandbox.api import Sandbox, Session
from bitsec_eval.sandbox.evm.guests import COMPILER_LIMITS, EVM_LIMITS, Compiler, SandboxMachine

MOST_KEPT = 2
"""How many agents' sandboxes wait for another answer, of each kind; a compiler's has 250 MiB."""


class Started(Protocol):
    """A program that has started in its sandbox."""

    @property
    def usable(self) -> bool:
        """Whether it may be asked again."""


class Renewable(Started, Protocol):
    """A program that can be started again in its sandbox, with nothing left of what it did."""

    def renew(self) -> None:
        """Start it again.

        Raises:
            SandboxError: that fails.
        """


Program = TypeVar("Program", bound=Started)
Restarted = TypeVar("Restarted", bound=Renewable)
Result = TypeVar("Result")


class EvmPlace(Generic[Program]):
    """A program in a sandbox of its own; `used` once an answer has been in there."""

    def __init__(self, sandbox: Sandbox, limits: Limits, start: Callable[[Session], Program]) -> None:
        self.used = False
        with ExitStack() as stack:
            self.program = start(stack.enter_context(sandbox.open(limits)))
            self._stack = stack.pop_all()

    def close(self) -> None:
        """Remove the sandbox."""
        self._stack.close()

    def lose(self, lost: SandboxError) -> None:
        """Remove the sandbox, and let whoever opened it know why: its engine may be lost, and others that wait there.

        Raises:
            SandboxError: what is known of the loss; `EngineLostError` where the engine is lost.
        """
        self._stack.__exit__(type(lost), lost, lost.__traceback__)


class Places(Generic[Program]):
    """Places of one kind by agent; some are started ahead for whoever asks first."""

    def __init__(self, start: Callable[[], EvmPlace[Program]], ahead: ThreadPoolExecutor) -> None:
        self._start = start
        self._ahead = ahead
        self._waiting: deque[Future[EvmPlace[Program]]] = deque()
        self._kept: OrderedDict[str, EvmPlace[Program]] = OrderedDict()
        self._lock = Lock()

    def expect(self, count: int = 1) -> None:
        """Have so many started, less those that are waiting."""
        with self._lock:
            while len(self._waiting) < count:
                self._waiting.append(self._ahead.submit(self._start))

    def use(self, agent: str, action: Callable[[Program], Result]) -> Result:
        """Return what `action` returns in a place that no other agent has used.

        Raises:
            AnswerFault: what was done there failed, in a place that was new.
            SandboxError: no place could be had, or it was lost.
        """
        place = self._take(agent)
        try:
            return self._tried(agent, place, action)
        except AnswerFault:
            if place.program.usable or not place.used:
                raise
        return self._tried(agent, self._fresh(), action)

    def use_renewed(self: "Places[Restarted]", agent: str, action: Callable[[Restarted], Result]) -> Result:
        """Do the same with a program that has just been started again."""

        def renewed(program: Restarted) -> Result:
            program.renew()
            return action(program)

        return self.use(agent, renewed)

    @contextmanager
    def lent(self, agent: str) -> Iterator[Program]:
        """Lend a place's program, for as long as the context lasts."""
        place = self._take(agent)
        with self._given_back(agent, place):
            yield place.program

    def _tried(self, agent: str, place: EvmPlace[Program], action: Callable[[Program], Result]) -> Result:
        with self._given_back(agent, place):
            return action(place.program)

    @contextmanager
    def _given_back(self, agent: str, place: EvmPlace[Program]) -> Iterator[None]:
        try:
            yield
        except SandboxError as lost:
            if not place.program.usable:
                place.lose(lost)
            raise
        finally:
            place.used = True
            self._keep(agent, place)

    def prepare(self, agent: str) -> None:
        """Have a place ready for an agent.

        Raises:
            SandboxError: none could be had.
        """
        self._keep(agent, self._take(agent))

    def _keep(self, agent: str, place: EvmPlace[Program]) -> None:
        """Keep a place for an agent's next answer, and remove one that is too much or of no use any more."""
        surplus: EvmPlace[Program] | None = place
        if place.program.usable:
            with self._lock:
                surplus = self._kept.pop(agent, None)  # another of its runs was quicker
                self._kept[agent] = place
                if surplus is None and len(self._kept) > MOST_KEPT:
                    surplus = self._kept.popitem(last=False)[1]
        if surplus is not None:
            surplus.close()

    def _take(self, agent: str) -> EvmPlace[Program]:
        with self._lock:
            kept = self._kept.pop(agent, None)
        return kept or self._fresh()

    def _fresh(self) -> EvmPlace[Program]:
        with self._lock:
            waiting = self._waiting.popleft() if self._waiting else None
        if waiting is not None:
            try:
                return waiting.result()
            except SandboxError:  # that was earlier: now it is tried for somebody
                pass
        return self._start()

    def close(self) -> None:
        """Remove every sandbox that is kept or waits."""
        while self._kept:
            self._kept.popitem()[1].close()
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.cancel() and waiting.exception() is None:
                waiting.result().close()


class EvmSandboxes:
    """Compilers and EVMs over a sandbox engine of the EVM's image."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._ahead = ThreadPoolExecutor(2, thread_name_prefix="bitsec-evm-start")
        self._compilers = Places(
            lambda: EvmPlace(sandbox, COMPILER_LIMITS, lambda session: Compiler(session, COMPILERS[-1:])), self._ahead
        )
        self._machines = Places(lambda: EvmPlace(sandbox, EVM_LIMITS, SandboxMachine), self._ahead)
        self._outputs: dict[str, str] = {}
        self._lock = Lock()

    def expect(self) -> None:
        """Have an EVM and two compilers started: one for the tasks' own sources, one for the first agent's."""
        self._compilers.expect(2)
        self._machines.expect()

    def compile_task(self, version: str, text: str) -> str:
        """Return the output for a task's own input; the same input is compiled once.

        Raises:
            SandboxError: the compiler or its sandbox failed.
        """
        digest = hashlib.sha256(f"{version}\0{text}".encode()).hexdigest()
        with self._lock:  # the tasks' own place is used by one check at a time
            if digest not in self._outputs:
                try:
                    self._outputs[digest] = self._compilers.use("", lambda compiler: compiler.compile(version, text))
                except AnswerFault as fault:
                    raise SandboxError(f"a task's own sources take the compiler down: {fault}") from fault
            return self._outputs[digest]

    def compile_answer(self, agent: str, version: str, text: str) -> str:
        """Return the output for an input that holds an agent's answer.

        Raises:
            AnswerFault: the answer took the compiler down, or more time or memory than it may.
            SandboxError: the sandbox failed.
        """
        return self._compilers.use(agent, lambda compiler: compiler.compile(version, text))

    def prepare_compiler(self, agent: str) -> None:
        """Have a compiler ready for an agent's answer, however long that takes.

        Raises:
            SandboxError: there is none to be had.
        """
        self._compilers.prepare(agent)

    def run(self, agent: str, action: Callable[[SandboxMachine], Result]) -> Result:
        """Return what `action` returns on a machine that has just been started, in a sandbox of this agent's.

        Raises:
            AnswerFault: what was run there took it down.
            SandboxError: the sandbox failed.
        """
        return self._machines.use_renewed(agent, action)

    @contextmanager
    def lent(self, agent: str) -> Iterator[SandboxMachine]:
        """Lend a machine that has just been started, in a sandbox of this agent's."""
        with self._machines.lent(agent) as machine:
            machine.renew()
            yield machine

    def close(self) -> None:
        """Remove every sandbox."""
        self._compilers.close()
        self._machines.close()
        self._ahead.shutdown(cancel_futures=True)
