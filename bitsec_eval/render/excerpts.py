"""Long texts of others in two parts: what a page shows at once, and what it unfolds."""

import re

from bitsec_eval.core.text import printable

OPENING_CHARACTERS = 420
SHOWN_CHARACTERS = 20_000

_EMPTY_LINES = re.compile(r"\n[ \t]*\n\s*")
_WRAPPED = re.compile(
    r"(?<!\n)[ \t]*\n[ \t]*(?!\n|[-*•#>|] |\d+[.)] )"
)  # but for lists, headings, quotations, tables


def opening(text: str) -> str:
    """Return the beginning of a long text, up to the end of a word, or all of a short one."""
    whole = _tidy(text)
    return whole if len(whole) <= OPENING_CHARACTERS else whole[: len(whole) - len(rest(text))]


def rest(text: str) -> str:
    """Return what `opening` leaves of a text."""
    whole = _tidy(text)
    if len(whole) <= OPENING_CHARACTERS:
        return ""
    cut = whole.rfind(" ", OPENING_CHARACTERS // 2, OPENING_CHARACTERS)
    return whole[cut if cut > 0 else OPENING_CHARACTERS :]


def _tidy(text: str) -> str:
    """Return a text with unprintable characters spelled out, one line for each paragraph and item of a list."""
    return _WRAPPED.sub(" ", _EMPTY_LINES.sub("\n\n", printable(text, SHOWN_CHARACTERS).strip()))
