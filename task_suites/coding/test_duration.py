"""Read durations such as 1h30m: a small grammar, where refusing counts as much as reading."""

import re

import pytest

from bitsec_eval import SolutionError, Task

TASK = Task(
    prompt="""\
Implement parse_duration(text: str) -> int, which reads a duration and returns it in seconds.

- A duration is one or more parts. A part is one or more digits 0-9 directly followed by its unit:
  w (weeks of 7 days), d (days), h (hours), m (minutes) or s (seconds), in lower case.
- Units go from the largest to the smallest, and no unit comes twice; any of them may be missing.
- Spaces may stand between parts and around the whole, but not inside a part.
- One "-" directly before the first part makes the whole duration negative.
- Any other text raises ValueError with the message "invalid duration: " followed by repr(text).

Examples:
    parse_duration("1h30m") == 5400
    parse_duration(" -2m 5s") == -125
    parse_duration("5x")  # raises ValueError: invalid duration: '5x'
""",
    timeout=10,
)


def _refuses(solution, *texts):
    """Check that every text is refused in its own words, and that refusing is not all that happens."""
    assert solution.parse_duration("3h7s") == 3 * 3600 + 7
    for text in texts:
        with pytest.raises(SolutionError, match=re.escape(f"ValueError: invalid duration: {text!r}")):
            solution.parse_duration(text)


def test_knows_every_unit(solution):
    seconds = [solution.parse_duration(text) for text in ("2w", "3d", "4h", "5m", "6s")]

    assert seconds == [1_209_600, 259_200, 14_400, 300, 6]


def test_adds_the_parts(solution):
    assert solution.parse_duration("1w2d3h4m5s") == 788_645


def test_reads_zero_and_leading_zeros(solution):
    assert [solution.parse_duration(text) for text in ("0s", "007m", "0d90s")] == [0, 420, 90]


def test_allows_spaces_between_and_around_parts(solution):
    assert solution.parse_duration("  1d  2h3m ") == 93_780


def test_a_minus_negates_the_whole(solution):
    assert [solution.parse_duration(text) for text in ("-1h30m", " -2d 1s ")] == [-5400, -172_801]


@pytest.mark.weight(2)
def test_refuses_units_out_of_order_or_twice(solution):
    _refuses(solution, "30m1h", "1h2h", "1s 1w")


def test_refuses_missing_numbers_and_units(solution):
    _refuses(solution, "", "   ", "h", "15", "1h30", "-")


def test_refuses_spaces_inside_a_part_and_signs_inside_a_duration(solution):
    _refuses(solution, "1 h", "--1h", "1h-30m", "- 1h", "+1h")


def test_refuses_what_only_looks_like_a_number_or_unit(solution):
    _refuses(solution, "1.5h", "٣m", "1H", "1_0s", "1h,30m")
