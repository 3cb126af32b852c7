"""A block of code ends where CommonMark says, and never inside a string of Python: host and guest alike."""

import time
import types

import pytest

from bitsec_eval.core.fences import PYTHON, fenced_blocks, language_of
from bitsec_eval.miner.writing.code_block import code_in
from bitsec_eval.sandbox.protocol.guest_program import program_text

F = "`" * 3
INDENTED = f'def f():\n    """Do it.\n\n    {F}\n    f()\n    {F}\n    """\n    return 1\n'
MODULE = f'"""A module.\n\n{F}python\nf()\n{F}\n"""\n\n\ndef f():\n    return 1\n'
SINGLE = f"TEXT = '''\n{F}\n'''\n\n\ndef f():\n    return len(TEXT)\n"
PROMPT = f'PROMPT = f"""Answer like this:\n{F}json\n{{{{}}}}\n{F}\n"""  # it\'s a prompt\n'
ESCAPED = f'TEXT = """\\"""\n{F}\n"""\nX = "\'\'\'"\n# """ is no string\n'
CODES = {"docstring": INDENTED, "module": MODULE, "single quotes": SINGLE, "prompt": PROMPT, "escaped": ESCAPED}
AROUND = {
    "bare": "{F}python\n{code}{F}",
    "other languages": "{F}bash\nls\n{F}\n{F}c\n{F}\n{F}Python title=a.py\n{code}{F}\nand\n{F}sh\nls\n{F}\n",
    "tildes": "Here:\n\n~~~py\n{code}~~~\nDone.",
    "four backticks": "{F}`python3\n{code}{F}`\n",
}


def guest_source(answer: str) -> str:
    guest = types.ModuleType("guest")
    exec(compile(program_text(), "program", "exec"), guest.__dict__)
    return guest.source_of(answer.encode())


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("name", CODES)
def test_a_fence_inside_a_string_of_the_code_does_not_end_it(name, around):
    code = CODES[name]
    answer = AROUND[around].format(F=F, code=code)
    compile(code, name, "exec")

    assert guest_source(answer) == code
    assert code_in(answer) == code


def test_a_string_that_never_ends_ends_its_block_at_the_first_fence():
    answer = f'{F}python\nX = """\n{F}\nBetter:\n{F}python\nX = 1\n{F}\n'

    assert [content for _, content, _ in fenced_blocks(answer, python_strings=True)] == ['X = """\n', "X = 1\n"]
    assert guest_source(answer) == "X = 1\n"


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        (f"{F}\na\n{F}", [("", "a\n", True)]),
        (f"{F}\na", [("", "a\n", False)]),
        (f"{F}`\n{F}\n{F}`", [("", f"{F}\n", True)]),
        (f"{F}\n~~~\n{F}", [("", "~~~\n", True)]),
        (f"{F}\n{F} not a close\n{F}", [("", f"{F} not a close\n", True)]),
        (f"    {F}\n    a\n    {F}", []),
        (f"{F}\n    {F}\n{F}", [("", f"    {F}\n", True)]),
        (f"  {F}\n    a\n b\n  {F}", [("", "  a\nb\n", True)]),
        (f"{F}a`b\nx\n", []),
        ("~~~a`b\nx\n~~~", [("a`b", "x\n", True)]),
        (f"10. x\n    {F}c\n    a\n    {F}\n", [("c", "a\n", True)]),
        (f"- a\n\nb\n\n    {F}\n    c\n    {F}\n", []),
        (f"> {F}c\n> a\nb\n{F}\nd\n{F}", [("c", "a\n", False), ("", "d\n", True)]),
        (f"* * *\n{F}c\na\n{F}", [("c", "a\n", True)]),
        (f"{F}c\r\na\r\n{F}\r\n", [("c", "a\n", True)]),
        (f"{F}c\na\u2028{F}\u2028b\n{F}", [("c", f"a\u2028{F}\u2028b\n", True)]),
        (f"{F}c\n\ta\n{F}", [("c", "\ta\n", True)]),
        ("``\na\n``", []),
        ("", []),
    ],
)  # fmt: skip
def test_blocks_are_those_of_commonmark(text, blocks):
    assert fenced_blocks(text) == blocks


@pytest.mark.parametrize(
    "info", ["py", "python3", "Python", "{.python}", "python title=x", "py:agent.py", "python,x"]
)
def test_a_language_is_the_first_word(info):
    assert language_of(info) in PYTHON


HEAVY = ["```python\n\\\"\"\"\n```\n" * 40_000, '```python\n"\\' + '"\\' * 400_000, "```python\n" + "'\"" * 400_000,
         '```python\n"""' + "\\" * 900_001 + "\n```", "1. " * 300_000]  # fmt: skip


@pytest.mark.parametrize("text", HEAVY, ids=[str(number) for number in range(len(HEAVY))])
def test_malice_takes_a_moment(text):
    start = time.process_time()
    fenced_blocks(text, python_strings=True)

    assert time.process_time() - start < 5
