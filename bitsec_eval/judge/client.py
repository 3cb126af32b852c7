"""The judge over any OpenAI-compatible endpoint; what cannot be asked makes a run void, never a miss."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import openai

from bitsec_eval.core.errors import InferenceError
from bitsec_eval.core.text import one_line
from bitsec_eval.judge.protocol import SCHEMA

DEFAULT_URL = "https://api.openai.com/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What one call gave and used."""

    text: str
    prompt_tokens: int = 0
    completion_tokens: int = 0


class Client(Protocol):
    """Asks a model."""

    @property
    def model(self) -> str:
        """The model's name."""

    def ask(self, messages: Sequence[dict[str, str]]) -> Reply:
        """Return the model's reply.

        Raises:
            InferenceError: there is none to be had.
        """


class OpenAIClient:
    """A model behind an OpenAI-compatible endpoint; asks again where that helps, with growing pauses."""

    def __init__(
        self,
        *,
        model: str,
        api_key: str,
        url: str = DEFAULT_URL,
        call_seconds: float = 120.0,
        retries: int = 4,
        answer_tokens: int = 4096,
    ) -> None:
        self.model = model
        self._url = url
        self._key = api_key
        self._answer_tokens = answer_tokens
        self._client = openai.OpenAI(api_key=api_key, base_url=url, timeout=call_seconds, max_retries=retries)

    def ask(self, messages: Sequence[dict[str, str]]) -> Reply:
        """Return the model's reply to `messages`, which it is asked to give as JSON of the judge's schema.

        Raises:
            InferenceError: the endpoint cannot be reached, refuses, or answers nothing.
        """
        try:
            said = self._client.chat.completions.create(**self._request(messages))
        except openai.OpenAIError as error:
            raise InferenceError(self._trouble(error)) from None
        choice = said.choices[0].message.content if said.choices else None
        if not choice:
            raise InferenceError(f"the judge {self.model} at {self._url} answered nothing; ask another model")
        usage = said.usage
        return Reply(
            text=choice,
            prompt_tokens=usage.prompt_tokens if usage else 0,
            completion_tokens=usage.completion_tokens if usage else 0,
        )

    def _request(self, messages: Sequence[dict[str, str]]) -> dict[str, Any]:
        schema = {"name": "judgement", "strict": True, "schema": SCHEMA}
        return {
            "model": self.model,
            "messages": list(messages),
            "response_format": {"type": "json_schema", "json_schema": schema},
            "max_completion_tokens": self._answer_tokens,
        }

    def _trouble(self, error: openai.OpenAIError) -> str:
        said = one_line(str(error).replace(self._key, "[key]") if self._key else str(error), 200)
        return (
            f"the judge {self.model} at {self._url} cannot be asked ({type(error).__name__}: {said}); "
            "check its address, key and model, then run again"
        )
