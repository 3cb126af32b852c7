"""Fenced code blocks of a Markdown text, by CommonMark (https://spec.commonmark.org/0.31.2/#fenced-code-blocks).

A block of any language opens with at least three backticks or tildes and closes with a line of as many or more of
the same and nothing else, indented by three columns at most within its list item; only a line feed ends a line.
Beyond CommonMark, a line of backticks inside a triple-quoted string of Python does not close a block of Python, and
closing tags and special tokens of language models (`</think>`, `<|im_end|>`) may follow a closing fence.

The sandbox's guest runs this file too: standard library only, Python 3.8 or newer, and `re` is imported where it is
needed, because every container pays for what is imported at the start.
"""

from __future__ import annotations

MOST_COLUMNS = 3  # that a fence may be indented
MOST_NESTED = 16  # list items and quotes in one another
MOST_RETURNS = 4  # to the first closing line of a block whose string never ends

MOST_TAGS = 200  # characters of those that may follow a closing fence


def is_python(language: str) -> bool:
    """Whether the language of a block is Python, of any version.

    >>> [is_python(language) for language in ("py", "python3.11", "pycon", "")]
    [True, True, False, False]
    """
    return language.rstrip("0123456789.") in ("python", "py")


def fenced_blocks(
    text: str, *, python_strings: bool = False, keep_returns: bool = False
) -> list[tuple[str, str, bool]]:
    r"""Return the language, the content and whether it is closed of every fenced block of `text`, in order.

    The language is the info string's first word in lower case, "" without one.
    With `python_strings`, blocks of Python end only outside of triple-quoted strings.
    With `keep_returns`, lines that end in a carriage return and a line feed keep both.

    >>> fenced_blocks("Here:\n```JSON title=report\n[]\n```\n")
    [('json', '[]\n', True)]
    """
    lines = text.split("\n")
    blocks: list[tuple[str, str, bool]] = []
    returns, at, items = 0, 0, []  # type: int, int, list[int]
    while at < len(lines):
        opened = _opening(lines[at], items)
        at += 1
        if opened is None:
            continue
        aware = python_strings and returns < MOST_RETURNS and (is_python(opened[4]) or not opened[4])
        content, after, closed = _content(lines, at, opened, aware, keep_returns)
        if aware and not closed:
            content, after, closed = _content(lines, at, opened, False, keep_returns)
            returns += 1
        blocks.append((opened[4], content, closed))
        at = after
    return blocks


def language_of(info: str) -> str:
    """Return the language an info string names, in lower case.

    >>> [language_of(info) for info in ("JSON", "{.json .wide}", "python title=a.py", "json:report.json", "")]
    ['json', 'json', 'python', 'json', '']
    """
    words = info.lower().replace("{", " ").replace("}", " ").replace(",", " ").replace(":", " ").split()
    return words[0].lstrip(".") if words else ""


def _opening(line: str, items: list[int]) -> tuple[str, int, int, int, str] | None:
    """Return fence, indentation, furthest column of a closing fence, quotes and language if `line` opens a block.

    `items` are the columns at which the content of the list items around the line begins; it is kept up to date.
    """
    rest, column, quotes = line.rstrip("\r"), 0, 0
    blank = not rest.strip()
    for _ in range(MOST_NESTED):
        stripped = rest.lstrip(" \t")
        column += _width(rest[: len(rest) - len(stripped)])
        rest = stripped
        while items and not blank and column < items[-1]:
            items.pop()
        marker = _marker(rest)
        if marker == ">":
            quotes, rest = quotes + 1, rest[1:]
            column = 0
        elif marker:
            column += len(marker) + 1
            items.append(column)
            rest = rest[len(marker) + 1 :]
        else:
            break
    outer = items[-1] if items else 0
    fence = rest[: len(rest) - len(rest.lstrip(rest[:1]))] if rest[:3] in ("```", "~~~") else ""
    info = rest[len(fence) :].strip()
    tagged = info[:2] in ("</", "<|") and _only_tags(info)  # the end of a block that began in no way we know
    if not fence or column - outer > MOST_COLUMNS or (fence[0] == "`" and "`" in info) or tagged:
        return None
    return fence, column, outer + MOST_COLUMNS, quotes, language_of(info)


def _marker(rest: str) -> str:
    """Return the mark of a block quote or a list item with which `rest` begins, "" without one."""
    if rest[:1] == ">":
        return ">"
    digits = rest[:10]
    number = digits[: len(digits) - len(digits.lstrip("0123456789"))]
    mark = number + rest[len(number) : len(number) + 1] if number else rest[:1]
    known = mark[-1:] in (".", ")") if number and len(number) < 10 else mark in ("-", "*", "+")
    return mark if known and rest[len(mark) : len(mark) + 1] in (" ", "\t") and rest[:3] not in ("***", "---") else ""


def _content(
    lines: list[str], start: int, opened: tuple[str, int, int, int, str], aware: bool, keep_returns: bool
) -> tuple[str, int, bool]:
    """Return a block's content, the line after it, and whether it is closed; `aware` of Python's strings."""
    fence, indentation, furthest, quotes, _ = opened
    content: list[str] = []
    string = ""
    for at in range(start, len(lines)):
        line = lines[at].rstrip("\r")
        for _ in range(quotes):
            if line.lstrip(" \t")[:1] != ">":
                return _joined(content), at, False
            line = line.lstrip(" \t")[1:]
            line = line[1:] if line[:1] == " " else line
        if not string and _closes(line, fence, furthest):
            return _joined(content), at + 1, True
        returned = keep_returns and lines[at].endswith("\r")
        content.append(_outdented(line, indentation) + ("\r" if returned else ""))
        if aware:
            string = _open_string(line, string)
    return _joined(content), len(lines), False


def _closes(line: str, fence: str, furthest: int) -> bool:
    stripped = line.strip(" \t")
    rest = stripped.lstrip(fence[0])
    return (
        len(stripped) - len(rest) >= len(fence)
        and _only_tags(rest)
        and _width(line[: len(line) - len(line.lstrip(" \t"))]) <= furthest
    )


def _only_tags(rest: str) -> bool:
    """Whether `rest` of a line is nothing but closing tags and special tokens."""
    if len(rest) > MOST_TAGS:
        return False
    while rest.strip():
        rest = rest.lstrip(" \t")
        end = rest.find(">")
        if rest[:2] not in ("</", "<|") or end < 0:
            return False
        rest = rest[end + 1 :]
    return True


def _open_string(line: str, quote: str) -> str:
    """Return the triple quote inside which a line of Python ends that began inside `quote`; "" for none."""
    import re

    at = 0
    while True:
        if quote:
            ending = re.compile(r"(?:[^\\]|\\.)*?(?:(" + quote + r")|\Z)", re.S).match(line, at)
            if ending is None or not ending.group(1):
                return quote
            at, quote = ending.end(), ""
        token = re.compile(r"#|\"\"\"|'''|\"(?:[^\"\\]|\\.)*\"?|'(?:[^'\\]|\\.)*'?", re.S).search(line, at)
        if token is None or token.group()[0] == "#":
            return ""
        at = token.end()
        quote = token.group() if token.group() in ('"""', "'''") else ""


def _outdented(line: str, columns: int) -> str:
    """Return `line` without up to `columns` columns of its indentation."""
    rest = line.lstrip(" \t")
    left = _width(line[: len(line) - len(rest)]) - columns
    return " " * left + rest if left >= 0 and columns else rest if columns else line


def _width(blanks: str) -> int:
    return len(blanks.expandtabs(4))


def _joined(lines: list[str]) -> str:
    return "".join([line + "\n" for line in lines])
