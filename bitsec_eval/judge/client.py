"""The judge over any OpenAI-compatible endpoint: one question, asked again where that may help."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bitsec_eval.inference.billing import believable_usage
from bitsec_eval.inference.completion import Completion
from bitsec_eval.inference.problems import RequestProblem
from bitsec_eval.inference.provider.settings import Provider
from bitsec_eval.inference.provider.trouble import Trouble
from bitsec_eval.inference.provider.upstream import Upstream
from bitsec_eval.inference.retry import RATE_LIMIT_SECONDS, RetryPolicy
from bitsec_eval.judge.protocol import SCHEMA

DEFAULT_URL = "https://api.openai.com/v1"
RESPONSE_BYTES = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeReply:
    """What one call gave and used."""

    text: str
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeForm:
    """How a judge is asked: the name of the limit of its answer, and whether its JSON is prescribed by a schema."""

    limit_field: str = "max_completion_tokens"
    with_schema: bool = True


FORMS = (
    JudgeForm(),
    JudgeForm(limit_field="max_tokens"),
    JudgeForm(with_schema=False),
    JudgeForm(limit_field="max_tokens", with_schema=False),
)
"""What endpoints take, the most exact first."""


class JudgeClient(Protocol):
    """Asks a model."""

    @property
    def model(self) -> str:
        """The model's name."""

    @property
    def address(self) -> str:
        """Where it is asked."""

    def ask(self, messages: Sequence[dict[str, str]]) -> JudgeReply:
        """Return the model's reply.

        Raises:
            Trouble: there is none; whether that is the judge's or the question's doing is not known.
        """

    def forms(self) -> Iterator[None]:
        """Try each form in which the model can be asked; the one in use when this is left is kept."""


class OpenAIJudge:
    """A model behind an OpenAI-compatible endpoint; usable from any thread."""

    def __init__(
        self,
        *,
        model: str,
        api_key: str,
        url: str = DEFAULT_URL,
        call_seconds: float = 120.0,
        retry: RetryPolicy | None = None,
        answer_tokens: int = 4096,
    ) -> None:
        self.model = model
        self.address = url
        self._answer_tokens = answer_tokens
        self._retry = retry or RetryPolicy(rate_limit_seconds=RATE_LIMIT_SECONDS)
        self._form = FORMS[0]
        self._upstream = Upstream(Provider(base_url=url, key=api_key, try_seconds=call_seconds))

    def ask(self, messages: Sequence[dict[str, str]]) -> JudgeReply:
        """Return the model's reply to `messages`, which it is asked to give as JSON of the judge's schema."""
        pauses, started = self._retry.pauses(), time.monotonic()
        while True:
            try:
                return self._once(messages)
            except Trouble as trouble:
                lost, limited = time.monotonic() - started, trouble.is_rate_limit
                pause = pauses.after(trouble.pause, lost, is_rate_limit=limited) if trouble.may_pass else None
                if pause is None:
                    raise
                time.sleep(pause)

    def forms(self) -> Iterator[None]:
        """See `JudgeClient.forms`."""
        for form in FORMS:
            self._form = form
            yield

    def _once(self, messages: Sequence[dict[str, str]]) -> JudgeReply:
        body = json.dumps(self._request(messages)).encode("ascii")
        try:
            return _reply(self._upstream.ask(body, RESPONSE_BYTES), len(body))
        except RequestProblem as problem:  # the answer is too long
            raise Trouble(str(problem), may_pass=False) from problem

    def _request(self, messages: Sequence[dict[str, str]]) -> dict[str, Any]:
        asked = {"model": self.model, "messages": list(messages), self._form.limit_field: self._answer_tokens}
        schema = {"name": "judgement", "strict": True, "schema": SCHEMA}
        if self._form.with_schema:
            asked["response_format"] = {"type": "json_schema", "json_schema": schema}
        return asked


def _reply(completion: Completion, sent_bytes: int) -> JudgeReply:
    usage = believable_usage(completion, sent_bytes)
    return JudgeReply(
        text=completion.text or "",
        prompt_tokens=usage.prompt if usage else 0,
        completion_tokens=usage.completion if usage else 0,
    )
