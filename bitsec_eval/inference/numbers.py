"""Numbers as providers write them: whole, with a fraction, or as text."""

import math

MOST_TOKENS = 10**9


def finite(told: object) -> float | None:
    """Return a number that may stand as text, None for what is none.

    >>> finite("1.5")
    1.5
    """
    if isinstance(told, bool) or not isinstance(told, (int, float, str)):
        return None
    try:
        number = float(told)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def token_count(told: object) -> int | None:
    """Return a number of tokens, a fraction of one counted in full; None for what cannot be one.

    >>> token_count(10.0), token_count("7"), token_count(-1), token_count(True)
    (10, 7, None, None)
    """
    number = finite(told)
    return math.ceil(number) if number is not None and 0 <= number <= MOST_TOKENS else None
