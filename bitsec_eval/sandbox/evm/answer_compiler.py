"""Lets an agent have its answer compiled while it is still at it: one more address beside the LLM's.

What is asked there never gets to the LLM, and the compiler runs in a sandbox of this agent's, as for its answer.
The agent's clock goes on meanwhile: if it stood still an agent could hold up an evaluation, and at last make its own
run void.
"""

from collections.abc import Callable, Mapping
from threading import Lock, Semaphore, Thread

from bitsec_eval.core.answers.values import dumps
from bitsec_eval.core.errors import AnswerFault, InferenceError, SandboxError
from bitsec_eval.core.llm_request import LLMRequest, LLMResponse
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


class AnswerCompiler:
    """An `LLMTransport` that answers what is asked at `PATH` itself and hands the rest on to `line`."""

    def __init__(self, line: LLMTransport, compile_answer: Compile) -> None:
        self._line = line
        self._compile = compile_answer
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
        return self._line.is_held_up

    @property
    def excluded_seconds(self) -> float:
        """See `LLMTransport`."""
        return self._line.excluded_seconds

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
        with AT_ONCE:
            if self._closed:
                return
            response = _compiled(self._compile, body)
        with self._lock:
            if not self._closed:
                reply(response)


def _compiled(compile_answer: Compile, body: bytes) -> LLMResponse:
    try:
        compile_answer(body.decode("utf-8", "backslashreplace"))
    except AnswerFault as fault:
        return _response(200, {"compiles": False, "message": one_line(str(fault), MESSAGE_CHARACTERS)})
    except SandboxError:  # ours: the agent loses a message and not its run
        return _response(503, {"error": {"message": "the compiler is not to be had at the moment"}})
    return _response(200, {"compiles": True, "message": ""})


def _response(status: int, told: Mapping[str, object]) -> LLMResponse:
    return LLMResponse(status=status, body=dumps(told))
