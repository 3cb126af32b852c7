"""Process 1 gets its program through its stdin: compiled where it can be used as it is, as text elsewhere."""

import subprocess
import sys

import pytest

from bitsec_eval.core.answers.values import loads
from bitsec_eval.sandbox.guest.runner import code_of
from bitsec_eval.sandbox.protocol.guest_program import MAGIC_NUMBER, START, compiled, program


def first_words(given: bytes) -> bytes:
    command = [sys.executable, "-I", "-S", "-B", "-c", START]
    return subprocess.run(command, input=given, capture_output=True, check=True, timeout=30).stdout


@pytest.mark.parametrize("magic", [MAGIC_NUMBER, b"\0\0\r\n"], ids=["this Python", "another Python"])
def test_it_greets(magic: bytes):
    said = first_words(program(magic))

    assert said[4:5] == b"H"
    assert loads(said[5:])["python"] == list(sys.version_info[:3])


@pytest.mark.parametrize("given", [b"", program()[:6], program()[:-1]], ids=["nothing", "length", "all but one"])
def test_a_host_that_hangs_up_in_the_middle_is_no_error(given: bytes):
    assert first_words(given) == b""


def test_a_part_that_is_loaded_later_is_taken_compiled_or_as_text():
    magic, code, text = compiled("said = 'compiled'", "part.py")

    mine, other = {}, {}
    exec(code_of((magic, code, "said = 'text'"), "part.py"), mine)
    exec(code_of((b"\0\0\r\n", code, "said = 'text'"), "part.py"), other)

    assert (mine["said"], other["said"], text) == ("compiled", "text", "said = 'compiled'")
