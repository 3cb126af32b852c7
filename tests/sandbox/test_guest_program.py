"""Process 1 gets its program through its stdin: compiled where it can be used as it is, as text elsewhere."""

import subprocess
import sys

import pytest

from bitsec_eval.core.answers.values import loads
from bitsec_eval.sandbox.protocol.guest_program import MAGIC_NUMBER, START, program


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
