"""F-strings of Python 3.12 (PEP 701), refused by a check that runs on a newer Python than the sandbox's.

Until then an f-string was read to its closing quotes first and its expressions after that, so within their braces it
could hold no such quotes, no backslash, no comment and, between single quotes, no new line.
`ast.parse(feature_version=...)` minds the newer syntax of statements, but not this.
"""

import io
import tokenize
from collections.abc import Iterator

_START = getattr(tokenize, "FSTRING_START", None)
_END = getattr(tokenize, "FSTRING_END", None)
_MIDDLE = getattr(tokenize, "FSTRING_MIDDLE", None)
_TEXT = {tokenize.STRING, _START, _MIDDLE, _END}


def newer_fstring(source: bytes) -> tuple[int, str] | None:
    """Return the line of the first f-string that Python 3.11 would not read, and why; `source` must parse.

    None where this is Python 3.11: it has refused such a string itself.
    """
    if _START is None:
        return None
    try:
        return next(_found(tokenize.tokenize(io.BytesIO(source).readline)), None)
    except (tokenize.TokenError, SyntaxError):  # whatever is odd about it, the parser took it
        return None


def _found(tokens: Iterator[tokenize.TokenInfo]) -> Iterator[tuple[int, str]]:
    quotes: list[str] = []  # of the f-strings that are open, the outermost first
    last_line = 0
    for token in tokens:
        if token.type == _END:
            quotes.pop()
        inside = _expressions(quotes, token)
        if inside:
            trouble = _trouble(token, inside, continued=token.start[0] > last_line)
            if trouble:
                yield token.start[0], trouble
        if token.type == _START:
            quotes.append(token.string.lstrip("rRfFbBuU"))
        last_line = token.end[0] + (token.type in (tokenize.NL, tokenize.NEWLINE))


def _expressions(quotes: list[str], token: tokenize.TokenInfo) -> list[str]:
    """Return the quotes of the f-strings in whose expressions a token stands; its own text is in none."""
    return quotes[:-1] if token.type == _MIDDLE else quotes


def _trouble(token: tokenize.TokenInfo, quotes: list[str], *, continued: bool) -> str:
    if token.type == tokenize.COMMENT:
        return "an f-string's expression cannot include '#'"
    if continued or (token.type in _TEXT and "\\" in token.string):
        return "an f-string's expression cannot include a backslash"
    if token.type == tokenize.NL and any(len(quote) == 1 for quote in quotes):
        return "an f-string in single quotes ends with its line"
    if token.type in _TEXT and any(quote in token.string for quote in quotes):
        return "an f-string's expression cannot include the quotes around it"
    return ""
