"""A task whose checks are not tied to anything: what a cheat is good for where nobody thought of it."""

import pytest

from bitsec_eval import SolutionError, Task

TASK = Task(
    prompt="""\
Implement tidy(text: str) -> str, which returns text without the spaces around it.
If there is nothing but spaces, it raises ValueError with the message "nothing to tidy".

Example:
    tidy(" a b ") == "a b"
""",
)


def test_tidies_the_example(solution):
    assert solution.tidy(" a b ") == "a b"


def test_leaves_a_tidy_text_alone(solution):
    assert solution.tidy("a") == "a"


def test_refuses_spaces(solution):
    with pytest.raises(SolutionError, match="nothing to tidy"):
        solution.tidy("  ")


def test_finds_nothing_in_nothing(solution):
    assert not solution.tidy("")


def test_finds_something(solution):
    assert solution.tidy(" a")


def test_mentions_what_was_asked(answer):
    assert "tidy" in answer


def test_reports_nothing(report):
    assert not report.findings
