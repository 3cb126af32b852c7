"""The Python in what an agent or an LLM printed: all of it, or what stands in a block of it.

Reasoning before the answer is looked at only if nothing is found after it.
Nothing is run: the source is only parsed, which the sandbox's guest does, or a miner with its own LLM's answer.

The guest runs this file too: standard library only, Python 3.8 or newer.
"""

from bitsec_eval.core.answers.fences import fenced_blocks, is_python
from bitsec_eval.core.answers.reasoning import after_reasoning

ONLY_PARSED = 0x400  # ast.PyCF_ONLY_AST: all that importing `ast` would be for
_DEFINITIONS = ("FunctionDef", "AsyncFunctionDef", "ClassDef")
_MARKDOWN = ("markdown", "md")


def python_in(text: str) -> str | None:
    r"""Return the Python source in `text`: all of it if it parses, else a block of it; None where there is none.

    It is the last closed block of Python that defines something, else the last one that is Python, else the last.
    Where there is none, a block without a language or an end will do, if it is Python that defines something.

    >>> python_in("Here:\n```python\ndef f(): return 1\n```\nUse it:\n```python\nprint(f())\n```")
    'def f(): return 1\n'
    >>> python_in("I would rather not.") is None
    True
    """
    if _body(text) is not None:
        return text
    for answer in (*after_reasoning(text), text):
        if defines(answer):
            return answer
        found = _block(answer)
        if found is not None:
            return found
    return None


def defines(source: str) -> bool:
    """Whether `source` is Python that defines a function or a class at its top level, tests not counted."""
    defined = [str(getattr(node, "name", "")) for node in _body(source) or () if type(node).__name__ in _DEFINITIONS]
    return any(not name.lower().startswith("test") for name in defined)


def _body(source: str) -> list[object] | None:
    """Return the statements of `source`, None where it is no Python."""
    try:
        body: list[object] = compile(source, "solution.py", "exec", ONLY_PARSED).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return body


def _block(text: str) -> str | None:
    blocks = [
        (language, content[1:] if content[:1] == "\ufeff" else content, closed)
        for language, content, closed in fenced_blocks(text, python_strings=True)
    ]
    python = [content for language, content, closed in blocks if closed and is_python(language)]
    if python:
        return _best(python)
    for language, content, _ in blocks:
        inner = _block(content) if language in _MARKDOWN else None
        if inner is not None:
            return inner
    others = [content for language, content, _ in blocks if is_python(language) or not language]
    whole = [content for content in others if defines(content)]
    return whole[-1] if whole else None


def _best(blocks: list[str]) -> str:
    for fits in (defines, lambda source: _body(source) is not None):
        fitting = [source for source in blocks if fits(source)]
        if fitting:
            return fitting[-1]
    return blocks[-1]
