"""Reverse a string: the smallest task that still has a wrong answer."""

from bitsec_eval import Task

TASK = Task(prompt="Implement a function reverse_string(s: str) -> str that returns s reversed.", timeout=10)


def test_reverses_a_word(solution):
    assert solution.reverse_string("hello") == "olleh"


def test_keeps_case_and_spaces(solution):
    assert solution.reverse_string(" Ab\tc  ") == "  c\tbA "


def test_reverses_characters_outside_ascii(solution):
    assert solution.reverse_string("naïve → 日本") == "本日 → evïan"


def test_keeps_the_empty_string_and_palindromes(solution):
    assert [solution.reverse_string(s) for s in ("", "x", "level", "no")] == ["", "x", "level", "on"]


def test_reverses_a_long_text(solution):
    assert solution.reverse_string("ab" * 5000 + "c") == "c" + "ba" * 5000
