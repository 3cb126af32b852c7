"""Let an LLM write an agent, and have it mended until a rehearsal finds nothing wrong."""

from collections.abc import Callable, Sequence
from typing import Protocol

from bitsec_eval.core.errors import BitsecError
from bitsec_eval.core.text import one_line
from bitsec_eval.miner.hub import HubTask
from bitsec_eval.miner.writing.code_block import code_in
from bitsec_eval.miner.writing.prompts import Message, first_messages, repair_messages

NO_CODE = "the answer holds no Python file in a block fenced with ```python"


class Writer(Protocol):
    """Whoever answers messages with text."""

    def answer(self, messages: Sequence[Message]) -> str:
        """Return the next answer."""


class NoAgentError(BitsecError):
    """No attempt gave an agent that works; `draft` is the last file that was written, "" where there was none."""

    def __init__(self, message: str, draft: str) -> None:
        super().__init__(message)
        self.draft = draft


def write_with_llm(
    task: HubTask, writer: Writer, rehearse: Callable[[str], str], *, attempts: int, log: Callable[[str], None]
) -> str:
    """Return an agent for `task` that its rehearsal found nothing wrong with.

    Raises:
        NoAgentError: there was none in `attempts` attempts, or the writer or the rehearsal failed.
    """
    draft, problem = "", ""
    messages = first_messages(task)
    for attempt in range(1, attempts + 1):
        try:
            answer = writer.answer(messages)
            source = code_in(answer)
            draft = source or draft
            problem = rehearse(source) if source else NO_CODE
        except BitsecError as error:
            raise NoAgentError(str(error), draft) from error
        if source and not problem:
            return source
        log(f"attempt {attempt} of {attempts}: {one_line(problem.splitlines()[0])}")
        messages = repair_messages(task, answer, problem)
    raise NoAgentError(
        f"no agent in {attempts} attempts: {one_line(problem.splitlines()[0])}; try --attempts or another --model",
        draft,
    )
