"""The Python in what an LLM answered."""

import re

_FENCE = re.compile(
    r"^[ \t]*(?P<fence>`{3,}|~{3,})[ \t]*(?P<tag>[\w+-]*)[^\n]*\n(?P<code>.*?)^[ \t]*(?P=fence)[ \t]*$", re.M | re.S
)
_PYTHON = {"python", "python3", "py"}


def code_in(answer: str) -> str | None:
    r"""Return the longest fenced Python block of an answer, else its longest block, else None.

    An answer without any fence that looks like a whole agent is taken as it is.

    >>> code_in("Here:\n```python\nprint(1)\n```\nDone.")
    'print(1)\n'
    >>> code_in("I would rather not.") is None
    True
    """
    blocks = [(match["tag"].lower() in _PYTHON, match["code"]) for match in _FENCE.finditer(f"{answer}\n")]
    python = [code for is_python, code in blocks if is_python]
    candidates = python or [code for _, code in blocks]
    if candidates:
        return max(candidates, key=len)
    return f"{answer.strip()}\n" if "__main__" in answer and "```" not in answer else None
