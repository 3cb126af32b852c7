"""A question of our own that any judge can answer: it tells a judge that is out from a report that cannot be judged.

A report can make a judge refuse, trip its content filter or be too long for its context. Were that void, it would be
void at will; so a run is void only if this question, asked after the one that failed, gets no judgement either.
"""

import threading
import time
from collections.abc import Callable

from bitsec_eval.core.errors import InferenceError
from bitsec_eval.core.reports.finding import Finding
from bitsec_eval.inference.provider.trouble import Trouble
from bitsec_eval.judge.client import JudgeClient
from bitsec_eval.judge.protocol import UnusableAnswerError, judge_prompt, vote

FINDING = Finding(
    title="withdraw pays before it lowers the balance",
    description="A receiver that calls withdraw again is paid again, until the contract is empty.",
    severity="high",
    file="Bank.sol",
    location="withdraw",
)
TRIES = 2


class Unanswered(Exception):  # noqa: N818 - not yet an error: it is decided by the known-good question
    """A question got no judgement; the message is in our own words."""


class KnownGoodQuestion:
    """Asks the question, and remembers when it last began to be answered; usable from any thread."""

    def __init__(self, client: JudgeClient, nonce: Callable[[], str]) -> None:
        self._client = client
        self._nonce = nonce
        self._prompt = judge_prompt(FINDING, [FINDING])
        self._lock = threading.Lock()
        self._answered = self._changed = -1.0
        self._settled = False

    def changes_form(self, *, since: float, reason: str) -> bool:
        """Make sure that the judge judges; True where it had to be asked in another form than before.

        Raises:
            InferenceError: it judges nothing; `reason` is what the question before met.
        """
        with self._lock:
            if self._answered < since:
                self._ask() if self._settled else self._find_form(reason)
            return self._changed >= since

    def _ask(self) -> None:
        trouble = self._trouble()
        if trouble is not None:
            raise self._out(trouble)

    def _find_form(self, reason: str) -> None:
        first: Exception | None = None
        for number, _ in enumerate(self._client.forms()):
            trouble = self._trouble()
            if trouble is None:
                self._settled = True
                self._changed = self._answered if number else self._changed
                return
            first = first or trouble
            if isinstance(trouble, Trouble) and trouble.status not in (400, 413, 422):
                break
        raise self._out(first or Unanswered(reason))

    def _trouble(self) -> Exception | None:
        """Ask, and return what came of it where that is no judgement."""
        trouble: Exception | None = None
        for _ in range(TRIES):
            started = time.monotonic()
            try:
                vote(self._client.ask(self._prompt.messages(self._nonce())).text, self._prompt.findings)
            except Trouble as error:
                return error
            except UnusableAnswerError as error:
                trouble = error
            else:
                self._answered = started
                return None
        return trouble

    def _out(self, trouble: Exception) -> InferenceError:
        where = f"the judge {self._client.model} at {self._client.address}"
        if isinstance(trouble, UnusableAnswerError):
            met, remedy = f"gave unusable answers ({trouble})", "choose a model that can answer in JSON"
        else:
            met, remedy = f"cannot be asked ({trouble})", "check its address, key and model, then run again"
        return InferenceError(f"{where} {met}; {remedy}")
