"""Nothing but plain text passes `printable`."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from bitsec_eval.core.text import one_line, printable


@given(st.text() | st.binary())
def test_only_newline_and_tab_are_left_of_the_characters_that_control(text: str | bytes):
    shown = printable(text)

    assert not [c for c in shown if c not in "\n\t" and unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
    shown.encode("utf-8")


def test_escapes_are_spelled_out():
    assert printable(b"\x1b[31mPASSED\xff") == r"\x1b[31mPASSED\xff"
    assert printable("a\u202eb\u2028\x9b\x00\ud800") == r"a\u202eb\u2028\x9b\x00\ud800"
    assert printable("caf\u00e9\n\tok") == "caf\u00e9\n\tok"
    assert printable("\U0001fffe\ufeff") == r"\U0001fffe\ufeff"


def test_what_was_cut_is_said():
    assert printable("abcdef", 3) == "abc... (6 characters)"
    assert printable(b"abcdef", 3) == "abc... (6 bytes)"
    assert len(printable("\x00" * 100, 100)) < 130


def test_one_line_is_one_line():
    assert one_line("a\nb\tc\r") == r"a\nb\tc\x0d"
