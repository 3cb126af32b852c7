"""Lets Python evaluate: right where the two languages agree."""

import re


def evaluate(text, names):
    code = re.sub(r"(?<![0-9])0+(?=[0-9])", "", text.replace("^", "**").replace("/", "//"))
    try:
        return eval(code.strip(), {"__builtins__": {}}, dict(names))
    except SyntaxError:
        raise ValueError("unexpected end") from None
