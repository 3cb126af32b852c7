"""Fit a line through points: numbers within a tolerance, also where the textbook formula fails."""

import pytest

from bitsec_eval import SolutionError, Task

TASK = Task(
    prompt="""\
Implement fit_line(points: list[tuple[float, float]]) -> tuple[float, float, float].

Return (slope, intercept, r2) of the line that least squares fits through the points (x, y).
r2 is the coefficient of determination: 1 minus the sum of the squared residuals over the sum of the squared
distances of y from its mean, and 1.0 when all y are equal.

Fewer than two points raise ValueError with the message "at least two points".
Points that all have the same x raise ValueError with the message "vertical line".

Each number must be right to six significant digits, also far from the origin: with x near 1e9 and a spread
of 10, formulas that subtract large sums from one another are not good enough.

Example:
    fit_line([(0, 1), (1, 3), (2, 5)]) == (2.0, 1.0, 1.0)
""",
    timeout=10,
)

NEAR = 1e-6
SLOPED = ([(1, 4), (3, 10)], (3, 1, 1))


def _fits(solution, points, line):
    assert solution.fit_line(points) == pytest.approx(line, rel=NEAR, abs=1e-9)


def _refuses(solution, complaint, *cases):
    """Check that every list of points is refused, and that refusing is not all that happens."""
    _fits(solution, *SLOPED)
    for points in cases:
        with pytest.raises(SolutionError, match=f"^ValueError: {complaint}$"):
            solution.fit_line(points)


def test_finds_the_line_that_points_lie_on(solution):
    _fits(solution, [(-2.0, 6.5), (0.0, 5.5), (4.0, 3.5), (10.0, 0.5)], (-0.5, 5.5, 1))


def test_two_points_are_enough(solution):
    _fits(solution, *SLOPED)


def test_fits_scattered_points(solution):
    _fits(solution, [(1, 2), (2, 3), (3, 5), (4, 4), (6, 9)], (97 / 74, 15 / 37, 9409 / 10804))


def test_r2_is_low_where_a_line_explains_little(solution):
    _fits(solution, [(0, 0), (1, 9), (2, 1), (3, 8), (4, 2)], (0.3, 3.4, 9 / 700))


def test_points_of_one_height_give_a_level_line(solution):
    _fits(solution, [(1, 7.25), (2, 7.25), (5, 7.25)], (0, 7.25, 1))


def test_is_exact_for_tiny_numbers(solution):
    _fits(solution, [(1e-7, 2e-3), (2e-7, 5e-3), (3e-7, 8e-3)], (30_000, -1e-3, 1))


@pytest.mark.weight(2)
def test_is_exact_far_from_the_origin(solution):
    points = [(1e9 + x, 3 * x + wobble) for x, wobble in ((0, 1), (3, -1), (5, 1), (7, -1), (10, 1))]

    _fits(solution, points, (3, -2_999_999_999.8, 435 / 439))


def test_refuses_fewer_than_two_points(solution):
    _refuses(solution, "at least two points", [], [(1, 2)])


def test_refuses_a_vertical_line(solution):
    _refuses(solution, "vertical line", [(2, 1), (2, 5)], [(0.1, 0), (0.1, 1), (0.1, 0)])
