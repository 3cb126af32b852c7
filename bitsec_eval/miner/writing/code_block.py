"""The agent's file in what an LLM answered."""

from bitsec_eval.core.answers.fences import fenced_blocks, is_python
from bitsec_eval.core.answers.printed_code import defines
from bitsec_eval.core.answers.reasoning import after_reasoning


def code_in(answer: str) -> str | None:
    r"""Return the longest closed block of Python of an answer, else its longest closed block, else None.

    A fence inside a triple-quoted string of the code is part of the code, and reasoning before the answer is not the
    answer. What is Python as a whole, or has no fence and looks like a whole agent, is taken as it is.

    >>> code_in("Here:\n```python\nprint(1)\n```\nDone.")
    'print(1)\n'
    >>> code_in("I would rather not.") is None
    True
    """
    for text in (*after_reasoning(answer), answer):
        whole = text.strip().removeprefix("\ufeff")
        fenced = fenced_blocks(text, python_strings=True)
        if "__main__" in whole and (defines(whole) or not fenced):
            return f"{whole}\n"
        found = _longest([(language, code) for language, code, closed in fenced if closed])
        if found is not None:
            return found
    return None


def _longest(blocks: list[tuple[str, str]]) -> str | None:
    python = [code for language, code in blocks if is_python(language)]
    longest = max(python or [code for _, code in blocks], key=len, default=None)
    within = code_in(longest) if longest and not python and longest.lstrip().startswith(("```", "~~~")) else None
    return within or longest
