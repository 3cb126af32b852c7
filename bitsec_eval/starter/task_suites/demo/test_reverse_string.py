"""Reverse a string: a code task. The agent prints Python, and each check calls it in a sandbox of its own."""

from bitsec_eval import Solution, Task

TASK = Task(prompt="Implement a function reverse_string(s: str) -> str that returns s reversed.", timeout=10)


def test_reverses_a_word(solution: Solution) -> None:
    assert solution.reverse_string("hello") == "olleh"


def test_keeps_letters_of_other_alphabets(solution: Solution) -> None:
    assert solution.reverse_string("straße") == "eßarts"
