"""One try at the provider: a completion, the agent's refusal, or trouble that may pass.

Nothing the provider says leaves this module before the key is struck from it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType

import httpx

from bitsec_eval.core.errors import InferenceError, SettingsError
from bitsec_eval.core.text import one_line
from bitsec_eval.inference.chat import Chat
from bitsec_eval.inference.completion import Completion, read_completion
from bitsec_eval.inference.problems import Problem

AGENTS_FAULT = frozenset({400, 413, 415, 422})
"""What a provider answers to a request that is wrong in itself."""

MAY_PASS = frozenset({408, 409, 425, 429, *range(500, 600)})
NOT_BILLED = frozenset({408, 409, 425, 429, 503})
STRUCK = b"[key]"
SHOWN_CHARACTERS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """Where the LLM is; the key shows in nothing that is printed."""

    base_url: str
    key: str = field(repr=False)
    try_seconds: float = 120.0
    concurrency: int = 32

    def __post_init__(self) -> None:
        try:
            url = httpx.URL(self.base_url)
        except httpx.InvalidURL as error:
            raise SettingsError(f"LLM base URL: {error}; give one like https://api.openai.com/v1") from None
        if url.scheme not in ("http", "https") or not url.host or url.userinfo or url.query or url.fragment:
            raise SettingsError(
                "LLM base URL: give one like https://api.openai.com/v1, with no user, key or query in it"
            )


class Trouble(Exception):  # noqa: N818 - may pass; what comes of it is decided where tries are counted
    """A try that failed and may succeed after the `pause` the provider asks for; `billed` if it may charge for it."""

    def __init__(self, reason: str, *, pause: float | None = None, billed: bool = False) -> None:
        super().__init__(reason)
        self.pause = pause
        self.billed = billed


class Upstream:
    """The provider's API over pooled connections; usable from any thread."""

    def __init__(self, provider: Provider, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._provider = provider
        self._now = now
        self._key_has_worked = False
        self._client = httpx.Client(
            base_url=provider.base_url.rstrip("/") + "/",
            headers={"Authorization": f"Bearer {provider.key}"} if provider.key else {},
            timeout=provider.try_seconds,
            limits=httpx.Limits(max_connections=provider.concurrency, max_keepalive_connections=provider.concurrency),
        )

    def __enter__(self) -> "Upstream":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def ask(self, chat: Chat, most_bytes: int) -> Completion:
        """Try once.

        Raises:
            Problem: the request is to blame, and its agent.
            Trouble: it may go better another time.
            InferenceError: it never will, and the agent is not to blame.
        """
        try:
            status, headers, body = self._post(chat.outgoing, most_bytes)
        except httpx.HTTPError as error:
            raise _trouble(error) from error
        if status == 200:
            self._key_has_worked = True
            return _completion(body)
        self._refuse(status, headers, body)
        raise InferenceError(f"the LLM's provider answered {status}: {_words(body)}; check the base URL and the key")

    def _post(self, outgoing: bytes, most_bytes: int) -> tuple[int, httpx.Headers, bytes]:
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        deadline = time.monotonic() + self._provider.try_seconds
        with self._client.stream("POST", "chat/completions", content=outgoing, headers=headers) as response:
            if response.headers.get("content-encoding", "identity") != "identity":
                raise Trouble("the provider compressed what nobody asked it to", billed=True)
            body = bytearray()
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > most_bytes:
                    message = f"the answer is longer than {most_bytes} bytes; ask with a smaller max_tokens"
                    raise Problem(400, "response_too_large", message, billed=True)
                if time.monotonic() > deadline:
                    raise Trouble(f"no whole answer in {self._provider.try_seconds:g} s", billed=True)
        return response.status_code, response.headers, self._struck(bytes(body))

    def _struck(self, body: bytes) -> bytes:
        return body.replace(self._provider.key.encode(), STRUCK) if self._provider.key else body

    def _refuse(self, status: int, headers: httpx.Headers, body: bytes) -> None:
        moderated = status == 403 and self._key_has_worked  # so it is not the key that is refused
        if status in AGENTS_FAULT or moderated:
            raise Problem(status, "refused_by_provider", f"the LLM's provider refused the request: {_words(body)}")
        if status in MAY_PASS:
            pause = retry_after(headers.get("retry-after"), self._now())
            raise Trouble(f"status {status}", pause=pause, billed=status not in NOT_BILLED)


def _completion(body: bytes) -> Completion:
    completion = read_completion(body)
    if completion is None:
        raise Trouble("an answer that is no chat completion", billed=True)
    return completion


def _trouble(error: httpx.HTTPError) -> Trouble:
    unsent = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout))
    return Trouble(type(error).__name__, billed=not unsent)


def retry_after(told: str | None, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header asks for, in either of its forms; None for what is neither.

    >>> retry_after("3", datetime(2026, 1, 1, tzinfo=UTC))
    3.0
    """
    if told is None:
        return None
    if told.strip().isdecimal():
        return float(told)
    try:
        moment = parsedate_to_datetime(told)
    except ValueError:
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())


def _words(body: bytes) -> str:
    return one_line(body, SHOWN_CHARACTERS) or "nothing more"
