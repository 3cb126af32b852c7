"""The result of running an agent once: a value, whatever the agent did."""

from dataclasses import dataclass
from enum import StrEnum

from bitsec_eval.core.text import one_line
from bitsec_eval.core.usage import Usage


class Ending(StrEnum):
    """How a guest ended; all of them are its own doing."""

    EXITED = "exited"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    TOO_LOUD = "too_loud"
    CRASHED = "crashed"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the LLM: when the agent asked and how long it waited, None where it got no reply."""

    at_seconds: float
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an agent printed and how it ended; `seconds` is its wall clock as the host saw it.

    `status` is what its process ended with ("status 1", "signal 9"), empty where it was stopped from outside.
    `usage` is what it used of the LLM, None where none was offered.
    `first_byte_seconds` is when it began to print, None where it printed nothing.
    `calls` are its first calls of the LLM.
    `engine` names the engine its sandbox was on and `engine_number` says which of several it is, from 1; they are
    empty and 0 where there is only one.
    """

    ending: Ending
    stdout: bytes = b""
    stderr: bytes = b""
    seconds: float = 0.0
    status: str = ""
    usage: Usage | None = None
    first_byte_seconds: float | None = None
    calls: tuple[Call, ...] = ()
    engine: str = ""
    engine_number: int = 0

    @property
    def text(self) -> str:
        """The answer as text; what is not UTF-8 is spelled out with backslashes."""
        return self.stdout.decode("utf-8", "backslashreplace")

    @property
    def printed(self) -> str:
        """The answer as readers of reports want it: what is not UTF-8 is a surrogate, so that it can be told."""
        return self.stdout.decode("utf-8", "surrogateescape")

    @property
    def fault(self) -> str:
        """Why nothing of this answer can be checked, in one line; empty for an agent that ended as it should."""
        if self.ending is Ending.EXITED and self.status == "status 0":
            return ""
        return f"the agent {_STORIES[self.ending].format(answer=self)}{self._last_words()}"

    @property
    def public_fault(self) -> str:
        """The same for everybody: how it ended, without a number or a word that the agent chose."""
        return f"the agent {_PUBLIC_STORIES[self.ending]}" if self.fault else ""

    def _last_words(self) -> str:
        lines = self.stderr.strip().splitlines()
        return f"; its last line on stderr: {one_line(lines[-1], 200)}" if lines else ""


_STORIES = {
    Ending.EXITED: "ended with {answer.status}",
    Ending.TIMED_OUT: "was still running after {answer.seconds:.1f} s and was stopped",
    Ending.OUT_OF_MEMORY: "used more memory than the task allows and was killed",
    Ending.TOO_LOUD: "printed more than the task allows and was stopped after {answer.seconds:.1f} s",
    Ending.CRASHED: "crashed ({answer.status})",
    Ending.MALFORMED: "wrote to its sandbox's own channel",
}
_PUBLIC_STORIES = {
    Ending.EXITED: "ended with an error",
    Ending.TIMED_OUT: "was still running at the end of its time and was stopped",
    Ending.OUT_OF_MEMORY: "used more memory than the task allows and was killed",
    Ending.TOO_LOUD: "printed more than the task allows and was stopped",
    Ending.CRASHED: "crashed",
    Ending.MALFORMED: "wrote to its sandbox's own channel",
}
