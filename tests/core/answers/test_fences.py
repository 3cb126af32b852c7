"""A block of code ends where CommonMark says, and never inside a string of Python: host and guest alike."""

import time
import types

import pytest

from bitsec_eval.core.answers.fences import fenced_blocks, is_python, language_of
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


ENDS = ("</think>", " </answer>", "<|im_end|>", "</s>", "<|end|><|return|>", "</think> </output>")


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("name", CODES)
def test_tags_and_tokens_of_a_model_may_follow_a_closing_fence(name, end):
    answer = f"{F}python\n{CODES[name]}{F}{end}\n"

    assert guest_source(answer) == CODES[name]
    assert code_in(answer) == CODES[name]


@pytest.mark.parametrize("after", [" Done.", "<b>", "</think> so", "</", "<|x", "a", "</x>" * 60])
def test_nothing_else_may_follow_a_closing_fence(after):
    assert fenced_blocks(f"{F}c\na\n{F}{after}\n{F}") == [("c", f"a\n{F}{after}\n", True)]


def test_a_fence_before_a_tag_opens_nothing():
    assert fenced_blocks(f"so{F}c\na\n{F}</think>\n{F}c\nb\n{F}") == [("c", "b\n", True)]


DRAFT, FINAL, USE = "def f():\n    return 0\n", "def f():\n    return 1\n", "print(f())\n"
PRINTED = {
    "reasoning with a draft that ends on its fence": f"<think>\n{F}python\n{DRAFT}{F}</think>\n{F}python\n{FINAL}{F}",
    "reasoning before code without a fence": f"<think>Perhaps:\n{F}python\n{DRAFT}{F}\n</think>\n{FINAL}",
    "reasoning in brackets": f"[THINK]{F}python\n{DRAFT}{F}[/THINK]\n{FINAL}",
    "channels": f"<|channel|>analysis<|message|>{DRAFT}<|end|><|channel|>final<|message|>{F}py\n{FINAL}{F}<|return|>",
    "a block inside the reasoning only": f"<think>\n{F}python\n{FINAL}{F}\n</think> Done",
    "a draft before": f"{F}python\n{DRAFT}{F}\nBetter:\n{F}python\n{FINAL}{F}",
    "an example of its use after": f"{F}python\n{FINAL}{F}\nUse it:\n{F}python\n{USE}{F}",
    "a session after": f"{F}python\n{FINAL}{F}\n{F}python\n>>> f()\n1\n{F}",
    "its tests after": f"{F}python\n{FINAL}{F}\n{F}python\ndef test_f():\n    assert f() == 1\n{F}",
    "a cut block after": f"{F}python\n{FINAL}{F}\n{F}python\ndef f(",
    "no language": f"Here:\n{F}\n{FINAL}{F}",
    "no language, and its output": f"{F}\n{FINAL}{F}\nprints\n{F}\nab\n{F}",
    "no closing fence": f"Here:\n{F}python\n{FINAL}",
    "Markdown around it": f"{F}markdown\n# Answer\n{F}python\n{FINAL}{F}\n{F}",
    "Markdown with a longer fence around it": f"{F}`md\n{F}python\n{FINAL}{F}\n{F}`",
    "a version": f"{F}python3.11\n{FINAL}{F}",
    "a byte order mark in it": f"{F}python\n\ufeff{FINAL}{F}",
}


@pytest.mark.parametrize("around", PRINTED)
def test_the_solution_is_found_in_what_was_printed(around):
    assert guest_source(PRINTED[around]).strip() == FINAL.strip()


@pytest.mark.parametrize(
    "printed",
    [
        "I would rather not.",
        f"{F}\n$ ls\n{F}",
        f"{F}\nab\n{F}",
        f"{F}python\ndef f(",
        f"{F}c\nint x;\n{F}",
        "<think>\n</think> No.",
    ],
)
def test_where_there_is_no_solution_it_is_told(printed):
    with pytest.raises(Exception, match="neither Python source nor holds a fenced python block"):
        guest_source(printed)


AGENT = (
    'def main():\n    """Say:\n\n' + f"{F}python\n1\n{F}" + '\n    """\n\n\nif __name__ == "__main__":\n    main()\n'
)


@pytest.mark.parametrize("around", ["{}", "<think>Hm.</think>\n{}", "\ufeff{}"])
def test_a_whole_agent_with_fences_in_its_strings_is_not_cut(around):
    assert code_in(around.format(AGENT)) == AGENT


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
    "info", ["py", "python3", "python3.12", "Python", "{.python}", "python title=x", "py:agent.py", "python,x"]
)
def test_a_language_is_the_first_word(info):
    assert is_python(language_of(info))


HEAVY = ["```c\n```" + "</a>" * 250_000, "```c\n" + "```</a>" * 150_000,
         "```python\n\\\"\"\"\n```\n" * 40_000, '```python\n"\\' + '"\\' * 400_000, "```python\n" + "'\"" * 400_000,
         '```python\n"""' + "\\" * 900_001 + "\n```", "1. " * 300_000]  # fmt: skip


@pytest.mark.parametrize("text", HEAVY, ids=[str(number) for number in range(len(HEAVY))])
def test_malice_takes_a_moment(text):
    start = time.process_time()
    fenced_blocks(text, python_strings=True)

    assert time.process_time() - start < 5
