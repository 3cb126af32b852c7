"""The Python in what an LLM answered."""

from bitsec_eval.core.fences import PYTHON, fenced_blocks


def code_in(answer: str) -> str | None:
    r"""Return the longest closed block of Python of an answer, else its longest closed block, else None.

    A fence inside a triple-quoted string of the code is part of the code.
    An answer without any fence that looks like a whole agent is taken as it is.

    >>> code_in("Here:\n```python\nprint(1)\n```\nDone.")
    'print(1)\n'
    >>> code_in("I would rather not.") is None
    True
    """
    blocks = [(language, code) for language, code, closed in fenced_blocks(answer, python_strings=True) if closed]
    python = [code for language, code in blocks if language in PYTHON]
    candidates = python or [code for _, code in blocks]
    if candidates:
        return max(candidates, key=len)
    return f"{answer.strip()}\n" if "__main__" in answer and not _opens_a_block(answer) else None


def _opens_a_block(answer: str) -> bool:
    return bool(fenced_blocks(answer, python_strings=True))
