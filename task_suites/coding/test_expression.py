"""Evaluate arithmetic: the hard one, a grammar with precedence, names and errors that say where."""

import re

import pytest

from bitsec_eval import SolutionError, Task

TASK = Task(
    prompt="""\
Implement evaluate(text: str, names: dict[str, int]) -> int, which computes an expression of whole numbers.

From what binds loosest to what binds tightest:
    a + b   a - b           from left to right
    a * b   a / b   a % b   from left to right; / drops the fraction (-7 / 2 is -3),
                            a % b is a - (a / b) * b
    -a                      may be repeated
    a ^ b                   a to the power b, from right to left; b may begin with minus signs, which are b's
    12   name   (a)         digits 0-9; names of ASCII letters, digits and _ that do not begin with a digit

So -2 ^ 2 is -4, and 2 ^ -1 has an exponent of -1. Spaces may stand between all of these and mean nothing.

Exceptions:
    division by zero, by / or %    ZeroDivisionError("division by zero")
    a negative exponent            ValueError("negative exponent")
    a name that names lacks        NameError("unknown name: x")
    a character that is wrong      ValueError("unexpected ')' at 4"), the first that cannot follow what
                                   stands before it, and its place, counted from 0
    text that stops too soon       ValueError("unexpected end")

A text that is wrong as a whole is refused for that, whatever would happen while computing it.

Examples:
    evaluate("1 + 2 * 3", {}) == 7
    evaluate("-x ^ 2", {"x": 3}) == -9
    evaluate("(1 + )", {})  # raises ValueError: unexpected ')' at 5
""",
    timeout=10,
)


def _values(solution, *texts):
    return [solution.evaluate(text, {"a": 4, "b_2": -3, "Long": 10**20}) for text in texts]


def _refuses(solution, complaints):
    """Check that every text is refused in its own words, and that refusing is not all that happens."""
    assert _values(solution, "6*(a-1)") == [18]
    for text, complaint in complaints.items():
        with pytest.raises(SolutionError, match=f"^{re.escape(complaint)}$"):
            solution.evaluate(text, {"a": 4})


def test_adds_and_subtracts_from_left_to_right(solution):
    assert _values(solution, "10 - 4 - 3", "2+3-4+50", " 007 ") == [3, 51, 7]


def test_multiplies_before_it_adds(solution):
    assert _values(solution, "2+3*4-5*2", "20-2*3*3", "(2+3)*a", "((8))-(1-(2-3))") == [4, 2, 20, 6]


def test_division_drops_the_fraction(solution):
    assert _values(solution, "7/2", "-7/2", "7/-2", "100/7/3", "2*7/4", "Long/3*3") == [
        3, -3, -3, 4, 3, 99999999999999999999,
    ]  # fmt: skip


def test_remainders_have_the_sign_of_what_is_divided(solution):
    assert _values(solution, "7%3", "-7%3", "7%-3", "17%10%4") == [1, -1, 1, 3]


def test_minus_signs_may_be_repeated(solution):
    assert _values(solution, "--5", "3---2", "2*-3", "-(-a)", "- - -1") == [5, 1, -6, 4, -1]


@pytest.mark.weight(2)
def test_powers_bind_tightest_and_from_right_to_left(solution):
    assert _values(solution, "2^3^2", "-3^2", "(-3)^2", "2*5^2", "2^--2", "-2^-0", "a^2^0*3") == [
        512, -9, 9, 50, 4, -1, 12,
    ]  # fmt: skip


def test_looks_names_up(solution):
    assert _values(solution, "a*b_2", "Long+1", "a-b_2^a") == [-12, 10**20 + 1, -77]


def test_refuses_unknown_names(solution):
    _refuses(solution, {"a+c": "NameError: unknown name: c", "A": "NameError: unknown name: A"})


def test_refuses_what_cannot_be_computed(solution):
    _refuses(
        solution,
        {
            "1/(a-4)": "ZeroDivisionError: division by zero",
            "5%0": "ZeroDivisionError: division by zero",
            "2^(1-a)": "ValueError: negative exponent",
        },
    )


def test_says_where_a_character_is_wrong(solution):
    _refuses(
        solution,
        {
            "1 + * 2": "ValueError: unexpected '*' at 4",
            "3 4": "ValueError: unexpected '4' at 2",
            "a)": "ValueError: unexpected ')' at 1",
            "2a": "ValueError: unexpected 'a' at 1",
            "1.5": "ValueError: unexpected '.' at 1",
            "2**3": "ValueError: unexpected '*' at 2",
            "+1": "ValueError: unexpected '+' at 0",
        },
    )


def test_says_that_a_text_stops_too_soon(solution):
    _refuses(solution, dict.fromkeys(["", "  ", "2*", "(1+2", "-"], "ValueError: unexpected end"))


def test_refuses_a_wrong_text_before_it_computes(solution):
    _refuses(solution, {"1/0+)": "ValueError: unexpected ')' at 4", "zzz*(": "ValueError: unexpected end"})
