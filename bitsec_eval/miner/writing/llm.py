"""An LLM behind the OpenAI API; whatever goes wrong there becomes one line that says who must act."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import openai
from openai.types.chat import ChatCompletion

from bitsec_eval.core.errors import BitsecError, SettingsError
from bitsec_eval.core.text import one_line
from bitsec_eval.miner.writing.prompts import Message

TIMEOUT_SECONDS = 180.0
RETRIES = 2


class LLMError(BitsecError):
    """The LLM gave no answer; the miner must act."""


class WriterLLM:
    """One model of one service."""

    def __init__(self, client: openai.OpenAI, model: str) -> None:
        self._client = client
        self._model = model

    def answer(self, messages: Sequence[Message]) -> str:
        """Return what the model says next; it may be cut short, and hold anything.

        Raises:
            LLMError: it says nothing, or refuses, or cannot be asked.
        """
        try:
            completion = self._client.chat.completions.create(model=self._model, messages=cast("Any", list(messages)))
        except openai.APITimeoutError:
            raise LLMError(
                f"the LLM did not answer in {TIMEOUT_SECONDS:g} s; try again, or another --model"
            ) from None
        except openai.APIConnectionError as error:
            raise LLMError(f"{self._service}: cannot be reached ({self._why(error)}); see OPENAI_BASE_URL") from None
        except openai.APIStatusError as error:
            raise LLMError(self._refused(error)) from None
        except (openai.OpenAIError, ValueError) as error:
            raise LLMError(f"{self._service}: {self._why(error)}; see OPENAI_BASE_URL") from None
        return self._content(completion)

    def _content(self, completion: object) -> str:
        if not isinstance(completion, ChatCompletion) or not completion.choices:
            raise LLMError(f"{self._service}: does not answer as the OpenAI API does; correct OPENAI_BASE_URL")
        choice = completion.choices[0]
        if choice.message is not None and choice.message.refusal:
            raise LLMError(f"{self._model} refuses: {one_line(choice.message.refusal)}; try another --model")
        if choice.finish_reason == "content_filter":
            raise LLMError(f"{self._model} refuses: its content filter stopped the answer; try another --model")
        if choice.message is None or not choice.message.content:
            raise LLMError(f"{self._model} answered nothing; try again, or another --model")
        return choice.message.content

    def _refused(self, error: openai.APIStatusError) -> str:
        why = self._why(error)
        match error.status_code:
            case 401 | 403:
                return f"{self._service}: refuses the key ({why}); correct OPENAI_API_KEY"
            case 404:
                return f"{self._service}: has no model {self._model} ({why}); give another --model"
            case 429:
                return f"{self._service}: answers no more requests now ({why}); wait, or see to the account"
        return f"{self._service}: answers {error.status_code} ({why}); try again later"

    def _why(self, error: Exception) -> str:
        """Return the error and what caused it in one line; services quote keys in their messages."""
        told = " ".join(str(each) for each in (error, error.__cause__) if each is not None and str(each))
        return one_line(told.replace(self._client.api_key, "***"))

    @property
    def _service(self) -> str:
        return f"the LLM at {self._client.base_url}"


@contextmanager
def connected(environ: Mapping[str, str], model: str) -> Iterator[WriterLLM]:
    """Return the LLM that the environment names.

    Raises:
        SettingsError: it names none.
    """
    key = environ.get("OPENAI_API_KEY", "").strip()
    if not key:
        raise SettingsError(
            "OPENAI_API_KEY is not set; --llm needs it, and OPENAI_BASE_URL for a service of your own"
        )
    base_url = environ.get("OPENAI_BASE_URL") or None
    if base_url is not None and not base_url.lower().startswith(("http://", "https://")):
        raise SettingsError(
            f"OPENAI_BASE_URL {one_line(base_url)}: is no address; it begins with https:// or http://"
        )
    with openai.OpenAI(api_key=key, base_url=base_url, timeout=TIMEOUT_SECONDS, max_retries=RETRIES) as client:
        yield WriterLLM(client, model)
