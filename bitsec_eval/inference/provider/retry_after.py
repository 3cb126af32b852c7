"""Parses how long a provider asks to wait: the header Retry-After and its many relatives.

The forms that are read: seconds (`1`, `1.5`), with a unit (`20ms`, `1m30s`, `5 seconds`, `PT5S`), an HTTP date,
milliseconds in `retry-after-ms` or `x-ms-retry-after-ms`, and for resets of rate limits also Unix time in seconds or
milliseconds.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

WAITS = ("retry-after", "x-retry-after", "x-ratelimit-retry-after", "retry_after")
RESETS = (
    "ratelimit-reset",
    "x-ratelimit-reset",
    "x-ratelimit-reset-after",
    "x-ratelimit-reset-requests",
    "x-ratelimit-reset-tokens",
    "anthropic-ratelimit-requests-reset",
    "anthropic-ratelimit-tokens-reset",
)
MILLISECONDS = ("retry-after-ms", "x-ms-retry-after-ms")
LONGEST_SECONDS = 366 * 86400.0
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?) ?(ms|s|m|h|d)(?:ec(?:ond)?s?|in(?:ute)?s?)?(?![a-z]) ?", re.IGNORECASE)
_EPOCH_SECONDS = 1e9
_EPOCH_MILLISECONDS = 1e12


def asked_pause(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that a provider asks to wait, None where it asks nothing that can be read.

    `headers` are looked up by names in lower case.

    >>> asked_pause({"retry-after-ms": "250"}, datetime(2026, 1, 1, tzinfo=UTC))
    0.25
    """
    for name in MILLISECONDS:
        milliseconds = _number(headers.get(name, ""))
        if milliseconds is not None:
            return _bounded(milliseconds / 1000)
    told = (seconds_told(headers.get(name), now) for name in WAITS)
    waits = [seconds for seconds in told if seconds is not None]
    if waits:
        return waits[0]
    resets = [seconds for name in RESETS if (seconds := seconds_told(headers.get(name), now)) is not None]
    return max(resets, default=None)


def seconds_told(told: object, now: datetime) -> float | None:
    """Return the seconds from now that one value asks for, in any of the forms above; None for what is none.

    >>> seconds_told("1m30s", datetime(2026, 1, 1, tzinfo=UTC))
    90.0
    """
    if told is None or isinstance(told, bool):
        return None
    text = str(told).strip().removeprefix("PT")
    number = _number(text)
    if number is not None:
        return _from_number(number, now)
    if text and not _DURATION.sub("", text):
        return _bounded(sum(float(count) * _UNITS[unit.lower()] for count, unit in _DURATION.findall(text)))
    return _until(text, now)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _from_number(number: float, now: datetime) -> float | None:
    if number >= _EPOCH_MILLISECONDS:
        number /= 1000
    return _bounded(number - now.timestamp() if number >= _EPOCH_SECONDS else number)


def _until(text: str, now: datetime) -> float | None:
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(text)
        except (ValueError, TypeError):
            continue
        return _bounded((moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())
    return None


def _bounded(seconds: float) -> float | None:
    return max(0.0, seconds) if seconds <= LONGEST_SECONDS else None
