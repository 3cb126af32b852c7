"""Lets an agent have its answer compiled while it is still at it: one more address beside the LLM's.

What is asked there never gets to the LLM, and the compiler runs in a sandbox of this agent's, as for its answer.
The agent's clock stands still until a compiler is there for it, and goes on while that compiles.
If it stood still then, an agent could hold up an evaluation, and at last make its own run void; so it also goes on
where the agent waits for a compile of its own, or for a new compiler because it has taken one down.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock, Semaphore, Thread

from bitsec_eval.core.answers.values import dumps
from bitsec_eval.core.errors import AnswerFault, InferenceError, SandboxError
from bitsec_eval.core.llm_request import LLMRequest, LLMResponse
from bitsec_eval.core.proof.public import Public
from bitsec_eval.core.text import one_line
from bitsec_eval.core.usage import Usage
from bitsec_eval.sandbox.execution.llm_bridge import PORT, LLMTransport

PATH = "/compile"
MOST_ASKED = 4
"""How often an agent may have its answer compiled in one run."""

MESSAGE_CHARACTERS = 4000

AT_ONCE = Semaphore(2)
"""Compilers that work for agents at a time, in one process; each has 250 MiB."""

Compile = Callable[[str], None]
"""Compiles an answer; raises `AnswerFault` where it does not compile."""

Prepare = Callable[[], None]
"""Returns once a compiler is there for this agent; raises `SandboxError` where none is to be had."""


class StartWait:
    """How long an agent has waited for a compiler; times that overlap, and those of its own making, do not count."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._waiting = self._compiling = 0
        self._since = 0.0
        self._seconds = 0.0
        self._is_own_doing = False

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Wait for a compiler inside."""
        self._change(waiting=1)
        try:
            yield
        finally:
            self._change(waiting=-1)

    @contextmanager
    def compiling(self) -> Iterator[None]:
        """Compile inside."""
        self._change(compiling=1)
        try:
            yield
        except AnswerFault as fault:
            with self._lock:
                self._is_own_doing = self._is_own_doing or fault.public == Public.COMPILER
            raise
        finally:
            self._change(compiling=-1)

    def _change(self, waiting: int = 0, compiling: int = 0) -> None:
        with self._lock:
            now = self._clock()
            if self._counts():
                self._seconds += now - self._since
            self._since = now
            self._waiting += waiting
            self._compiling += compiling

    def _counts(self) -> bool:
        return bool(self._waiting and not self._compiling and not self._is_own_doing)

    @property
    def is_running(self) -> bool:
        """Whether such time passes at the moment."""
        with self._lock:
            return self._counts()

    @property
    def seconds(self) -> float:
        """All such time until now."""
        with self._lock:
            return self._seconds + (self._clock() - self._since if self._counts() else 0.0)


class AnswerCompiler:
    """An `LLMTransport` that answers what is asked at `PATH` itself and hands the rest on to `line`."""

    def __init__(self, line: LLMTransport, compile_answer: Compile, prepare: Prepare = lambda: None) -> None:
        self._line = line
        self._compile = compile_answer
        self._prepare = prepare
        self._wait = StartWait()
        self._asked = 0
        self._closed = False
        self._lock = Lock()

    @property
    def environment(self) -> Mapping[str, str]:
        """What the agent finds in its environment: the address to send an answer to, besides the LLM's."""
        return {**self._line.environment, "COMPILER_URL": f"http://127.0.0.1:{PORT}{PATH}"}

    @property
    def request_bytes(self) -> int:
        """See `LLMTransport`."""
        return self._line.request_bytes

    @property
    def is_held_up(self) -> bool:
        """See `LLMTransport`."""
        return self._line.is_held_up or self._wait.is_running

    @property
    def excluded_seconds(self) -> float:
        """See `LLMTransport`."""
        return self._line.excluded_seconds + self._wait.seconds

    @property
    def failure(self) -> InferenceError | None:
        """See `LLMTransport`."""
        return self._line.failure

    def usage(self) -> Usage | None:
        """See `LLMTransport`."""
        return self._line.usage()

    def close(self) -> None:
        """Give no reply any more."""
        with self._lock:
            self._closed = True
        self._line.close()

    def ask(self, question: LLMRequest, reply: Callable[[LLMResponse], None]) -> None:
        """Compile the answer that a request to `PATH` holds, or hand the request on."""
        if question.path != PATH:
            self._line.ask(question, reply)
            return
        self._asked += 1
        if question.method != "POST" or self._asked > MOST_ASKED:
            words = f"POST an answer, as it would be printed, at most {MOST_ASKED} times a run"
            reply(_response(429 if self._asked > MOST_ASKED else 400, {"error": {"message": words}}))
            return
        Thread(target=self._answer, args=(question.body, reply), name="bitsec-compile", daemon=True).start()

    def _answer(self, body: bytes, reply: Callable[[LLMResponse], None]) -> None:
        with self._turn():
            if self._closed:
                return
            response = self._compiled(body)
        with self._lock:
            if not self._closed:
                reply(response)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with self._wait.waiting():
            AT_ONCE.acquire()
        try:
            yield
        finally:
            AT_ONCE.release()

    def _compiled(self, body: bytes) -> LLMResponse:
        try:
            with self._wait.waiting():
                self._prepare()
            with self._wait.compiling():
                self._compile(body.decode("utf-8", "backslashreplace"))
            return _response(200, {"compiles": True, "message": ""})
        except AnswerFault as fault:
            return _response(200, {"compiles": False, "message": one_line(str(fault), MESSAGE_CHARACTERS)})
        except SandboxError:  # ours: the agent loses a message and not its run
            return _response(503, {"error": {"message": "the compiler is not to be had at the moment"}})


def _response(status: int, told: Mapping[str, object]) -> LLMResponse:
    return LLMResponse(status=status, body=dumps(told))
