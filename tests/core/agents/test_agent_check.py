"""The agent check accepts what the sandbox can run and refuses, with a reason, what it cannot: never by its text."""

import pytest

from bitsec_eval.core.agents.agent_check import (
    AGENT_BYTES,
    Examination,
    examine,
    foreign_import,
    parsed,
    refused_bytes,
)
from bitsec_eval.core.agents.stdlib_modules import STDLIB_MODULES
from bitsec_eval.core.agents.syntax_nodes import nodes_by_kind

ENTRY = b'\nif __name__ == "__main__":\n    print("--task")\n'


def examined(source: str | bytes) -> Examination:
    encoded = source.encode() if isinstance(source, str) else source
    return examine(encoded + ENTRY)


def reason(source: str | bytes) -> str | None:
    refusal = examined(source).refusal
    return refusal.reason if refusal else None


@pytest.mark.parametrize(
    "source",
    [
        "",
        "import os.path as p, json",
        "from xml.etree import *",
        "from __future__ import annotations",
        "def f():\n    import re\nclass A:\n    import abc",
        b"\xef\xbb\xbfimport os",
        "# coding: utf-8\nimport os",
        "#!/usr/bin/env python3\n# -*- coding: UTF8 -*-\nimport os",
        "\x0cimport os\n\x0c",
        "import os; import \\\n  sys",
        "import ｏｓ",
        "# import requests\n'import requests'\ndef f():\n    '''import requests'''",
        "x = 'import requests'\n# coding of requests\n",
        "import concurrent.futures, urllib.request, sqlite3, zoneinfo",
        "__import__('os.path')\nimport importlib\nimportlib.import_module(name='json')",
        "import imp, cgi, telnetlib",
        "\u4f60\u597d = 'h\u00e9 \U0001f600'",
        "x = f\"{x['a']!r:>{w}}\\n{{}}\" f'{1}\\'' rf'\\d{x}'",
        "x = f'''{'a'}{\"b\"}\n{\n1\n}\\n'''",
        "x = f'{1:\\t}' '\\n' \\\n f'{2}'  # 'comment'",
        "x = f\"{f'{1}'}{f'''{2}'''}\"",
    ],
)
def test_accepts_the_standard_library_however_it_is_spelled(source):
    assert reason(source) is None


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("import requests", 1),
        ("import os, numpy.linalg", 1),
        ("from yaml import load", 1),
        ("x=1;import requests", 1),
        ("#a\rimport requests", 2),
        ("import \\\n  requests", 1),
        ("\n\nimport ｒｅｑｕｅｓｔｓ", 3),
        ("try:\n    import numpy\nexcept ImportError:\n    numpy = None", 2),
        ("if False:\n    import requests", 2),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import attrs", 3),
        ("def f():\n    class A:\n        import torch", 3),
        ("from . import helper", 1),
        ("from ..a import b", 1),
        ("from .os import path", 1),
        ("import agent", 1),
        ("import solution", 1),
        ("import test.support", 1),
        ("import pip", 1),
        ("import ensurepip", 1),
        ("import setuptools", 1),
        ("import sitecustomize", 1),
        ("import __main__", 1),
        ("import tkinter", 1),
        ("import _pylong", 1),
        ("__import__('requests')", 1),
        ("import importlib\nimportlib.import_module('requests.api')", 2),
        ("from importlib import import_module\nimport_module(name='yaml')", 2),
        ("import importlib\nimportlib.import_module('.x', 'os')", 2),
    ],
)
def test_refuses_every_other_import_wherever_it_stands_with_its_line(source, line):
    refusal = examined(source).refusal

    assert refusal is not None
    assert (refusal.reason, refusal.line) == ("not_stdlib", line)
    assert f"Line {line} imports" in refusal.sentence
    assert "standard library only" in refusal.remedy


def test_names_the_first_foreign_import_of_several():
    sentence = examined("def f():\n    import yaml\nimport requests").refusal.sentence

    assert sentence == "Line 2 imports yaml, which is not in Python 3.11's standard library."


@pytest.mark.parametrize(
    "source",
    [
        b"import os\0",
        b"x = '\xff'",
        "# coding: latin-1\nx = 'é'".encode("latin-1"),
        b"# coding: utf-7\nx = '+AGEA-'",
        b"# coding: unicode_escape\n#\\u000aimport requests",
        b"#\r# coding: utf-7\r+AAo-import requests",
        b"\r# coding: utf-7\r#+AAo-import requests",
        b"# coding: no-such-codec",
        b"# vim: set fileencoding=cp1252 :",
        b"\xef\xbb\xbf# coding: latin-1",
        "import os".encode("utf-16"),
        "import os".encode("utf-32"),
        b"x = '\xed\xa0\x80'",
    ],
)
def test_refuses_everything_but_utf8(source):
    refusal = examined(source).refusal

    assert refusal is not None
    assert refusal.reason == "not_utf8"
    assert "UTF-8" in refusal.remedy


@pytest.mark.parametrize(
    "source",
    [
        "def f(:",
        "type Alias = int",
        "def first[T](x: T) -> T: return x",
        "print 'hello'",
        "if x:\npass",
        "\tif x:\n        y\n\tz",
        "x = " + "(" * 300 + ")" * 300,
        "".join(f"{' ' * depth}if x:\n" for depth in range(120)) + " " * 120 + "pass",
        "x = " + "9" * 5000,
        "'unterminated",
        "\u202ex = 1",
        "x = f'{'a'}'",
        'x = f"{x["a"]}"',
        "x = f'{f'{1}'}'",
        "x = f\"{'\\n'.join([])}\"",
        "x = f\"{f'{1}\\n'}\"",
        "x = f'{1 \\\n}'",
        "x = f'{1\n}'",
        'x = f"""{1 # one\n}"""',
        "x = f'''{'''a'''}'''",
    ],
)
def test_refuses_what_is_not_python_of_the_sandbox(source):
    assert reason(source) in {"syntax_error", "too_complex"}


def test_a_syntax_error_names_its_line_and_the_version_to_try():
    refusal = examine(b"x = 1\ny = = 2\n").refusal

    assert (refusal.reason, refusal.line) == ("syntax_error", 2)
    assert "Line 2 is not Python 3.11" in refusal.sentence


@pytest.mark.parametrize(
    "source",
    [
        "x = " + "-" * 10_000 + "1",
        "x = " + "not " * 50_000 + "1",
        "x = " + "2**" * 20_000 + "2",
        "x = " + "lambda:" * 20_000 + "1",
        "x = 1" + "+1" * 100_000,
        "a" + ".b" * 100_000,
        "a" + "()" * 100_000,
        "a" + "[0]" * 70_000,
        "x = " + "1 if 1 else " * 15_000 + "1",
        "if x:\n    pass\n" + "elif x:\n    pass\n" * 12_000,
    ],
)
def test_survives_deep_nesting(source):
    assert reason(source) in {None, "syntax_error", "too_complex"}


def test_refuses_a_file_over_256_kib_before_anything_else():
    refusal = refused_bytes(b"\0" * (AGENT_BYTES + 1))

    assert refusal.reason == "too_large"
    assert refusal.sentence == "The agent has 262,145 bytes; at most 262,144 are accepted."
    assert refused_bytes(b"#" * AGENT_BYTES) is None


@pytest.mark.parametrize(
    "source",
    [
        'import argparse\nif __name__ == "__main__":\n    argparse.ArgumentParser().add_argument("--task")',
        "import sys\nif '__main__' == __name__:\n    print(sys.argv.index('--task'))",
        'import getopt, sys\nif __name__ == "__main__":\n    getopt.getopt(sys.argv[1:], "", ["task="])',
        'import sys\nif __name__ == "__main__" and True:\n    print(sys.argv[1].removeprefix("--task="))',
    ],
)
def test_accepts_an_agent_that_reads_task_when_it_is_run(source):
    assert examine(source.encode()).refusal is None


@pytest.mark.parametrize("source", ["", "def main(): print('--task')"])
def test_refuses_a_file_that_only_defines_things(source):
    refusal = examine(source.encode()).refusal

    assert refusal.reason == "no_entry_point"
    assert refusal.sentence == "Starting the file does nothing: it only defines functions, classes and values."
    assert "`--task`" in refusal.remedy


@pytest.mark.parametrize(
    "source",
    [
        "print('the same for every task')",
        "if __name__ == '__main__': print('hello')",
        "'''Takes --task.'''\nif __name__ == '__main__': print('hello')",
        "# --task\nprint('--tasks')",
    ],
)
def test_warns_of_an_agent_that_never_names_the_task(source):
    [caution] = examine(source.encode()).cautions

    assert (caution.reason, caution.line) == ("task_not_read", None)
    assert "neither --task nor sys.argv" in caution.sentence


@pytest.mark.parametrize("source", ["import sys\nprint(sys.argv[-1])", "from sys import argv\nprint(argv[2])"])
def test_does_not_warn_of_an_agent_that_reads_its_arguments_by_place(source):
    assert examine(source.encode()).cautions == ()


def test_an_empty_file_has_no_foreign_import():
    assert foreign_import(nodes_by_kind(parsed(b""))) is None


def test_warns_of_what_is_accepted_but_will_hardly_work():
    source = """exec('1', {'--task': 0})
import importlib
importlib.import_module(input())
import ctypes.util
from socket import *
re.compile('')
"""
    told = [(caution.line, caution.reason) for caution in examined(source).cautions]

    assert told == [(1, "dynamic_code"), (3, "dynamic_import"), (4, "unusual_import"), (5, "unusual_import")]


def test_shows_the_first_twenty_warnings_only():
    assert len(examined("eval('--task')\n" * 500).cautions) == 20


def test_names_from_the_source_are_shown_escaped():
    sentence = examined("__import__('\\u202eevil\\x1b')").refusal.sentence

    assert sentence.isascii()
    assert sentence.isprintable()


def test_the_frozen_list_is_that_of_python_3_11_without_what_the_image_lacks():
    assert {"os", "json", "asyncio", "cgi", "imp", "tomllib"} <= STDLIB_MODULES
    assert not {"tkinter", "ensurepip", "idlelib", "pip", "test", "sitecustomize"} & STDLIB_MODULES


@pytest.mark.parametrize(
    ("source", "accepted"),
    [
        (b"def agent_main():\n    return {}\n", True),
        (b"def agent_main(input):\n    return ''\n", True),
        (b"class A:\n    def agent_main(self):\n        return {}\n", False),
        (b"def main():\n    return {}\n", False),
    ],
)
def test_a_file_with_an_agent_main_has_something_to_start(source: bytes, accepted: bool):
    refusal = examine(source).refusal

    assert (refusal is None) is accepted


def test_an_agent_main_that_nobody_calls_does_not_read_the_task():
    method = b"class A:\n    def agent_main(self):\n        return {}\n\n\nprint(A().agent_main())\n"

    assert [caution.reason for caution in examine(method).cautions] == ["task_not_read"]
    assert examine(b"def agent_main(task):\n    return {}\n").cautions == ()
