"""Counts agents that wait for an LLM: they use no processor, so others may run meanwhile."""

from collections.abc import Callable, Mapping
from threading import Lock

from bitsec_eval.core.errors import InferenceError
from bitsec_eval.core.llm_request import LLMRequest, LLMResponse
from bitsec_eval.core.usage import Usage
from bitsec_eval.sandbox.execution.llm_bridge import LLMTransport


class WatchedTransport:
    """An `LLMTransport` that calls `changed(+1)` when its agent begins to wait, and `changed(-1)` when it has all.

    However its run ends, the two are called equally often.
    """

    def __init__(self, line: LLMTransport, changed: Callable[[int], None]) -> None:
        self._line = line
        self._changed = changed
        self._under_way = 0
        self._closed = False
        self._lock = Lock()

    @property
    def environment(self) -> Mapping[str, str]:
        """See `LLMTransport.environment`."""
        return self._line.environment

    @property
    def request_bytes(self) -> int:
        """See `LLMTransport.request_bytes`."""
        return self._line.request_bytes

    @property
    def excluded_seconds(self) -> float:
        """See `LLMTransport.excluded_seconds`."""
        return self._line.excluded_seconds

    @property
    def failure(self) -> InferenceError | None:
        """See `LLMTransport.failure`."""
        return self._line.failure

    def usage(self) -> Usage | None:
        """See `LLMTransport.usage`."""
        return self._line.usage()

    def ask(self, question: LLMRequest, reply: Callable[[LLMResponse], None]) -> None:
        """See `LLMTransport.ask`."""

        def replied(answer: LLMResponse) -> None:
            self._count(-1)
            reply(answer)

        self._count(1)
        self._line.ask(question, replied)

    def close(self) -> None:
        """See `LLMTransport.close`."""
        self._line.close()
        with self._lock:
            waits, self._closed = self._under_way > 0 and not self._closed, True
        if waits:
            self._changed(-1)

    def _count(self, step: int) -> None:
        with self._lock:
            self._under_way += step
            turned = not self._closed and self._under_way == max(step, 0)
        if turned:
            self._changed(step)
