"""Put packages in building order: topological sorting with one right answer, and circles to be named."""

from itertools import pairwise

import pytest

from bitsec_eval import SolutionError, Task

TASK = Task(
    prompt="""\
Implement build_order(needs: dict[str, set[str]]) -> list[str].

`needs` maps a package to the packages that must be built before it.
Packages that only occur in the sets need nothing, and must be built as well.
Return every package once, each after all that it needs.
Of all such orders return the one that always takes the alphabetically first package that can be built next.

If packages need one another in a circle, raise ValueError with a message that names the circle.
It begins and ends with the circle's alphabetically first package, each followed by one that it needs.
There may be thousands of packages in one chain.

Examples:
    build_order({"app": {"lib"}, "doc": set()}) == ["doc", "lib", "app"]
    build_order({"a": {"b"}, "b": {"a"}})  # raises ValueError: cycle: a -> b -> a
""",
    timeout=10,
)


def _refuses(solution, needs, circle):
    """Check that the circle is named, and that the same packages without it are put in order."""
    assert solution.build_order({"b": {"c"}, "a": {"b"}, "c": set()}) == ["c", "b", "a"]
    with pytest.raises(SolutionError, match=f"ValueError: cycle: {circle}$"):
        solution.build_order(needs)


def test_builds_needs_first(solution):
    assert solution.build_order({"b": {"c"}, "a": {"b"}, "c": set()}) == ["c", "b", "a"]


def test_builds_what_is_only_needed_too(solution):
    assert solution.build_order({"m": {"z", "y"}}) == ["y", "z", "m"]


def test_takes_the_alphabetically_first_at_every_place(solution):
    needs = {"d": {"x"}, "c": set(), "b": {"d"}, "e": {"c"}, "a": {"e", "b"}}

    assert solution.build_order(needs) == ["c", "e", "x", "d", "b", "a"]


def test_builds_a_shared_need_once(solution):
    needs = {"top": {"left", "right"}, "left": {"base"}, "right": {"base"}}

    assert solution.build_order(needs) == ["base", "left", "right", "top"]


def test_nothing_to_build_is_an_empty_order(solution):
    orders = [solution.build_order(needs) for needs in ({}, {"b": set()}, {"b": {"c"}})]

    assert orders == [[], ["b"], ["c", "b"]]


def test_survives_a_chain_of_thousands(solution):
    names = [f"p{number:04}" for number in range(3000)]
    needs = {name: {needed} for name, needed in pairwise(names)}

    assert solution.build_order(needs) == names[::-1]


def test_names_a_circle_from_its_first_package(solution):
    _refuses(solution, {"k": {"j"}, "j": {"m"}, "m": {"k"}}, "j -> m -> k -> j")


def test_names_only_the_circle(solution):
    needs = {"a": {"q"}, "q": {"p"}, "p": {"q", "z"}, "z": set(), "b": {"z"}}

    _refuses(solution, needs, "p -> q -> p")


def test_names_a_package_that_needs_itself(solution):
    _refuses(solution, {"a": {"b"}, "b": {"b"}, "c": {"a"}}, "b -> b")
