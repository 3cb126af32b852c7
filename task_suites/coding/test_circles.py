"""Circles of friends, and who holds them together: sets, frozensets and tuples cross as what they are."""

import random
from itertools import pairwise

import pytest

from bitsec_eval import Task

TASK = Task(
    prompt="""\
A set of pairs says who knows whom; knowing is mutual, and nobody is paired with themselves.
Two people are of one circle if a chain of people who know one another joins them.

circles(pairs: set[tuple[str, str]]) -> set[frozenset[str]]
    All circles.

links(pairs: set[tuple[str, str]]) -> frozenset[str]
    The people without whom those left of their circle would no longer be one circle.

A pair may be there in both orders. A circle may have some hundreds of people.

Examples:
    circles({("ann", "bob"), ("cat", "dan")}) == {frozenset({"ann", "bob"}), frozenset({"cat", "dan"})}
    links({("ann", "bob"), ("bob", "cat")}) == frozenset({"bob"})
""",
    timeout=10,
)


def _circles(pairs, without=None):
    """Return the circles in the plainest way: join what shares a person until nothing does."""
    found = []
    for pair in ({one, other} - {without} for one, other in pairs):
        joined = set(pair).union(*(circle for circle in found if circle & pair))
        found = [circle for circle in found if not circle & pair] + [joined]
    return {frozenset(circle) for circle in found if circle}


def _links(pairs):
    circles = _circles(pairs)
    return frozenset(
        person
        for circle in circles
        for person in circle
        if len(_circles({pair for pair in pairs if set(pair) <= circle}, without=person)) > 1
    )


def _acquaintances(people, count, seed):
    chance = random.Random(seed)  # noqa: S311 - the same pairs every time is the point
    names = [f"p{number}" for number in range(people)]
    return {tuple(chance.sample(names, 2)) for _ in range(count)}


def test_joins_a_chain(solution):
    pairs = {("a", "b"), ("c", "b"), ("d", "c"), ("y", "z")}

    assert solution.circles(pairs) == {frozenset("abcd"), frozenset("yz")}


def test_keeps_strangers_apart(solution):
    assert solution.circles({("a", "z"), ("b", "y"), ("y", "c")}) == {frozenset("az"), frozenset("bcy")}


def test_takes_pairs_in_both_orders_and_rings(solution):
    pairs = {("a", "b"), ("b", "a"), ("b", "c"), ("c", "a"), ("x", "y")}

    assert solution.circles(pairs) == {frozenset("abc"), frozenset("xy")}


def test_without_pairs_there_are_no_circles(solution):
    found = [solution.circles(pairs) for pairs in (set(), {("u", "v"), ("w", "v"), ("x", "y")})]

    assert found == [set(), {frozenset("uvw"), frozenset("xy")}]


def test_finds_the_people_in_the_middle(solution):
    assert solution.links({("a", "b"), ("b", "c"), ("c", "d"), ("q", "r")}) == frozenset("bc")


def test_nobody_links_a_ring(solution):
    ring = {("a", "b"), ("b", "c"), ("c", "d"), ("d", "a")}

    assert [solution.links(ring), solution.links(ring | {("d", "e")})] == [frozenset(), frozenset("d")]


@pytest.mark.weight(2)
def test_finds_links_between_rings(solution):
    rings = {("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("d", "e"), ("e", "f"), ("f", "d"), ("f", "g")}

    assert solution.links(rings) == frozenset("cdf")


def test_agrees_with_leaving_out_everybody_in_turn(solution):
    pairs = _acquaintances(people=40, count=40, seed=3)

    assert solution.circles(pairs) == _circles(pairs)
    assert solution.links(pairs) == _links(pairs)


def test_finds_links_of_a_long_chain(solution):
    names = [f"p{number}" for number in range(400)]

    assert solution.links(set(pairwise(names))) == frozenset(names[1:-1])
