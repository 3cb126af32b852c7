"""One try at the provider: a completion, or the trouble there was.

Who is to blame for trouble is not decided here: see `bitsec_eval.inference.provider.known_good`.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType

import httpx

from bitsec_eval.core.text import one_line
from bitsec_eval.inference.completion import Completion, read_completion
from bitsec_eval.inference.problems import RequestProblem
from bitsec_eval.inference.provider.body import TooLargeError, parsed, read_body
from bitsec_eval.inference.provider.connection_pool import ConnectionPool
from bitsec_eval.inference.provider.errors import error_in, read_error, trouble_of, without_key
from bitsec_eval.inference.provider.settings import Provider
from bitsec_eval.inference.provider.trouble import Trouble

_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class Upstream:
    """The provider's chat completions; usable from any thread."""

    def __init__(self, provider: Provider, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._provider = provider
        self._now = now
        self._connections = ConnectionPool(provider)

    def __enter__(self) -> "Upstream":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connections.close()

    @property
    def address(self) -> str:
        """The provider's base URL."""
        return self._provider.base_url

    def ask(self, body: bytes, most_bytes: int) -> Completion:
        """Send the body of a request once, and return the completion; its answer may have `most_bytes`.

        Raises:
            RequestProblem: the answer is longer, which is the request's doing.
            Trouble: there is no completion.
        """
        try:
            status, headers, answer = self._post(body, most_bytes)
        except TooLargeError:
            message = f"the answer is longer than {most_bytes} bytes; ask with a smaller max_tokens"
            raise RequestProblem(400, "response_too_large", message, billed=True) from None
        except httpx.TimeoutException as error:
            raise self._late(error) from error
        except httpx.HTTPError as error:
            raise Trouble(type(error).__name__, billed=not isinstance(error, _UNSENT)) from error
        except RuntimeError as error:  # what httpx raises where the client has been closed meanwhile
            raise Trouble("the end of the evaluation", may_pass=False, billed=True) from error
        if not 200 <= status < 300 or error_in(parsed(answer)) is not None:
            answer = without_key(answer, self._provider.key)  # before a traceback can show it
            raise trouble_of(status, headers, read_error(answer, self._now()), self._now())
        return self._completion(answer, status, headers)

    def _post(self, body: bytes, most_bytes: int) -> tuple[int, httpx.Headers, bytes]:
        headers = {"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "identity"}
        deadline = time.monotonic() + self._provider.try_seconds
        with (
            self._connections.client() as client,
            client.stream("POST", "chat/completions", content=body, headers=headers) as response,
        ):
            return response.status_code, response.headers, read_body(response, most_bytes, deadline)

    def _late(self, error: httpx.TimeoutException) -> Trouble:
        unsent = isinstance(error, _UNSENT)
        reason = f"{type(error).__name__} after {self._provider.try_seconds:g} s"
        return Trouble(reason, billed=not unsent, is_timeout=not unsent)

    def _completion(self, answer: bytes, status: int, headers: httpx.Headers) -> Completion:
        completion = read_completion(parsed(answer))
        if completion is None:
            answer = without_key(answer, self._provider.key)
            kind = one_line(headers.get("content-type", "no Content-Type").partition(";")[0], 40)
            words = read_error(answer[:400], self._now()).words
            raise Trouble(f"an answer that is no chat completion (status {status}, {kind})", words, billed=True)
        return completion
