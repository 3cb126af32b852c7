"""A cache that forgets what was used longest ago: a class whose state is what is checked."""

import pytest

from bitsec_eval import SolutionError, Task

TASK = Task(
    prompt="""\
Implement a class LRUCache, a store with room for a fixed number of keys.

LRUCache(capacity: int)
    An empty cache. A capacity below 1, such as 0, raises ValueError("capacity must be positive, got 0").
get(key, default=None)
    The value stored under key, which becomes the most recently used key; or default when there is none.
put(key, value)
    Store value under key, which becomes the most recently used key. A stored key gets the new value.
    When there is no room for a new key, the least recently used key is dropped and put returns it with its
    value as a tuple (key, value); otherwise put returns None.
peek(key, default=None)
    Like get, but neither the order of use nor the statistics change.
keys() -> list
    The stored keys from the least to the most recently used.
stats() -> dict[str, int]
    How many calls of get found their key and how many did not: {"hits": 0, "misses": 0} at first.

Keys are strings. Any value may be stored, None too.
""",
    timeout=10,
)


def _filled(solution, capacity, keys):
    """Return a cache that was given every key with its place in `keys`, counted from 1, as the value."""
    cache = solution.LRUCache(capacity)
    for value, key in enumerate(keys, 1):
        cache.put(key, value)
    return cache


def test_returns_what_was_stored(solution):
    cache = _filled(solution, 3, "abc")

    assert [cache.get("a"), cache.get("c"), cache.get("b")] == [1, 3, 2]


def test_drops_the_least_recently_used_and_returns_it(solution):
    cache = _filled(solution, 2, "ab")

    assert [cache.put("c", 3), cache.put("d", 4), cache.get("a")] == [("a", 1), ("b", 2), None]


def test_get_makes_a_key_recent(solution):
    cache = _filled(solution, 2, "ab")
    cache.get("a")

    assert cache.put("c", 3) == ("b", 2)


def test_put_of_a_stored_key_replaces_its_value_and_drops_nothing(solution):
    cache = _filled(solution, 2, "ab")

    assert [cache.put("a", 9), cache.get("a"), cache.put("c", 3)] == [None, 9, ("b", 2)]


def test_peek_changes_nothing(solution):
    cache = _filled(solution, 2, "ab")

    assert [cache.peek("a"), cache.peek("z", "none")] == [1, "none"]
    assert cache.stats() == {"hits": 0, "misses": 0}
    assert cache.put("c", 3) == ("a", 1)


def test_keys_go_from_least_to_most_recently_used(solution):
    cache = _filled(solution, 3, "abcd")
    cache.get("b")

    assert cache.keys() == ["c", "d", "b"]


def test_none_is_a_value_like_any_other(solution):
    cache = solution.LRUCache(1)
    cache.put("a", None)

    assert [cache.get("a", "missing"), cache.get("b", "missing")] == [None, "missing"]
    assert cache.put("b", 1) == ("a", None)


def test_counts_hits_and_misses(solution):
    cache = _filled(solution, 2, "abc")
    for key in "abcc":
        cache.get(key)

    assert cache.stats() == {"hits": 3, "misses": 1}


def test_caches_do_not_share_anything(solution):
    one, other = _filled(solution, 2, "ab"), _filled(solution, 2, "b")
    other.get("z")

    assert [one.get("b"), other.get("b"), one.keys(), other.keys()] == [2, 1, ["a", "b"], ["b"]]
    assert one.stats() == {"hits": 1, "misses": 0}


def test_refuses_a_capacity_that_is_not_positive(solution):
    assert _filled(solution, 1, "ab").keys() == ["b"]
    for capacity in (0, -3):
        with pytest.raises(SolutionError, match=f"ValueError: capacity must be positive, got {capacity}$"):
            solution.LRUCache(capacity)
