"""Guest text is data: `printable` is the one gate between it and a terminal, junit, JSON or a page."""

import re

SHOWN_CHARACTERS = 4096

# Everything but newline and tab that a terminal, an XML parser or a reader's eye could take for more than text:
# C0, DEL, C1, soft hyphen, zero-width and bidi controls, line/paragraph separators, surrogates, non-characters, tags.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff"
    "\ufdd0-\ufdef\ufeff\ufff0-\ufffb\ufffe\uffff\U000e0000-\U000e0fff"
    + "".join(chr(plane * 0x10000 + last) for plane in range(1, 17) for last in (0xFFFE, 0xFFFF))
    + "]"
)


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def printable(text: str | bytes, limit: int = SHOWN_CHARACTERS) -> str:
    r"""Return `text` with every control, invisible and invalid character spelled out, at most `limit` characters.

    Newlines and tabs stay; bytes are decoded as UTF-8 with backslash escapes for what does not decode.
    What was cut is said at the end.

    >>> printable(b"\x1b[31mPASSED")
    '\\x1b[31mPASSED'
    """
    cut = text[: limit + 1]
    decoded = cut.decode("utf-8", "backslashreplace") if isinstance(cut, bytes) else cut
    shown = _UNPRINTABLE.sub(_escape, decoded)
    if len(text) <= limit and len(shown) <= limit:
        return shown
    return f"{shown[:limit]}... ({len(text)} {'bytes' if isinstance(text, bytes) else 'characters'})"


def one_line(text: str | bytes, limit: int = 300) -> str:
    r"""Return `printable(text)` on one line: newlines and tabs are spelled out too.

    >>> one_line("a\nb")
    'a\\nb'
    """
    if isinstance(text, str) and len(text) <= limit and text.isascii() and text.isprintable():
        return text  # as most are
    return printable(text, limit).replace("\n", "\\n").replace("\t", "\\t")
