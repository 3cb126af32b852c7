"""Parses a provider's errors: status, code and words, in the forms that are in use.

The words are cut to a line that may be shown; the key is to be struck from a body before it is read.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bitsec_eval.core.text import one_line
from bitsec_eval.inference.provider.body import parsed
from bitsec_eval.inference.provider.retry_after import asked_pause, seconds_told
from bitsec_eval.inference.provider.trouble import Trouble

MAY_PASS = frozenset({408, 409, 425, 429, *range(500, 600)})
NOT_BILLED = frozenset({*range(300, 500), 503})
NO_CREDIT = ("insufficient_quota", "insufficient_balance", "insufficient_credits", "billing", "account_deactivated")
SHORTEST_SECRET = 12
STRUCK = b"[key]"
SHOWN_CHARACTERS = 300
_STATUS = re.compile("[345][0-9][0-9]")
_LENGTHS = ("token", "context", "length", "too large", "too long", "max_")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderError:
    """An error as the provider put it; `status` None where it named none."""

    status: int | None
    code: str
    words: str
    pause: float | None = None


def error_in(content: Any) -> Mapping[str, Any] | None:
    """Return the error object of a body, or of the first choice in it; None where there is none.

    Google puts the object into a list; vLLM, SGLang, Azure and Anthropic's proxies have no field `error` around it.
    """
    if isinstance(content, list) and len(content) == 1:
        content = content[0]
    if not isinstance(content, dict):
        return None
    error = content.get("error")
    if error:
        return error if isinstance(error, dict) else {"message": str(error)}
    choices = content.get("choices")
    if not choices and ("error" in (content.get("object"), content.get("type")) or "statusCode" in content):
        return content
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    if isinstance(choice.get("error"), dict):
        return {"message": "no more is said", **choice["error"]}
    return {"message": "finish_reason is error"} if choice.get("finish_reason") == "error" else None


def read_error(body: bytes, now: datetime) -> ProviderError:
    """Return what an error's body says; where it is no JSON, its first characters are the words."""
    content = parsed(body)
    error = error_in(content) or (content if isinstance(content, dict) else {})
    words = error.get("message") or error.get("detail") or error.get("error_description") or error.get("msg")
    told = words if isinstance(words, str) and words else body
    return ProviderError(
        status=_status(error.get("code"), error.get("status"), error.get("statusCode")) or _meant(error),
        code=" ".join(str(error.get(name) or "") for name in ("code", "type")).lower(),
        words=one_line(told, SHOWN_CHARACTERS) or "nothing more is said",
        pause=_pause(error, now),
    )


_MEANT = (
    (401, ("invalid_api_key", "authentication", "unauthorized", "auth_error", "unauthenticated")),
    (403, ("permission", "forbidden")),
    (402, NO_CREDIT),
    (429, ("rate_limit", "too_many_requests", "resource_exhausted")),
    (404, ("model_not_found", "notfound", "not_found")),
    (503, ("overloaded", "unavailable")),
)
"""What the codes and types of errors come to, where no number tells it."""


def _meant(error: Mapping[str, Any]) -> int | None:
    said = " ".join(str(error.get(name) or "") for name in ("code", "type", "status")).lower()
    return next((status for status, words in _MEANT if any(word in said for word in words)), None)


def _status(*told: object) -> int | None:
    """Return the first of the numbers told that can be the status of an error."""
    texts = [str(each) for each in told]
    return next((int(text) for text in texts if _STATUS.fullmatch(text)), None)


def _pause(error: Mapping[str, Any], now: datetime) -> float | None:
    """Return the pause that the body of an error asks for, as Google and OpenRouter put it there."""
    details = error.get("details")
    listed = [each for each in details if isinstance(each, dict)] if isinstance(details, list) else []
    for each in (*listed, error):
        told = each.get("retryDelay") or each.get("retry_after")
        if told is not None:
            return seconds_told(told, now)
    metadata = error.get("metadata")
    headers = metadata.get("headers") if isinstance(metadata, dict) else None
    return (
        asked_pause({str(k).lower(): str(v) for k, v in headers.items()}, now) if isinstance(headers, dict) else None
    )


def without_key(body: bytes, key: str) -> bytes:
    """Return a body in which the key does not occur, if the key is long enough to be a secret.

    Keys of local servers are words such as `EMPTY` or `ollama`: they hide nothing, and occur in honest texts.
    """
    return body.replace(key.encode(), STRUCK) if len(key) >= SHORTEST_SECRET else body


def trouble_of(status: int, headers: Mapping[str, str], error: ProviderError, now: datetime) -> Trouble:
    """Return what a refusal amounts to; one in the body of a success counts by the status it names there."""
    meant = error.status or status if status < 300 else status
    if status >= 300:
        shown = f"status {status}"
    else:
        shown = f"status {meant} in the body of a {status}" if error.status else f"an error in the body of a {status}"
    no_credit = meant in (402, 429) and any(word in error.code for word in NO_CREDIT)
    final = no_credit or headers.get("x-should-retry", "").lower() == "false"
    asked = asked_pause(headers, now)
    return Trouble(
        shown,
        error.words,
        status=meant if meant >= 300 else None,
        may_pass=not final and (meant in MAY_PASS or meant < 300),
        pause=error.pause if asked is None else asked,
        billed=meant >= 300 and meant not in NOT_BILLED,
        too_large=meant in (400, 413, 422)
        and "auth" not in error.code
        and any(word in error.words.lower() for word in _LENGTHS),
    )
