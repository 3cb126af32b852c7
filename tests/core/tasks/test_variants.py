"""Variants of statements are drawn by seed, the same in project and twin, and a wrong file of them is named."""

import json

import pytest

from bitsec_eval.core.errors import TaskError
from bitsec_eval.core.tasks.variants import Variants

SOURCE = """contract A {
    /// @notice First.
    function one() external {
        return a + b;
    }

    function two() external {
        call(a, b);
    }
}
"""
TOLD = {
    "places": [
        {"file": "A.sol", "old": "a + b", "twin_old": "a + b + c", "new": "<sum>"},
        {"file": "A.sol", "old": "call(a, b)", "new": "call(<arguments>)"},
    ],
    "shuffled": ["A.sol"],
    "symbols": {
        "sum": {"order": "terms", "of": ["a", "<other>"], "join": " + "},
        "other": ["b", "(b)"],
        "arguments": {"order": "terms", "of": ["a", "b"], "join": ", "},
    },
    "twin": {"sum": ["a + b + c", "(a + b) + c"]},
}
FILES = {"A.sol": SOURCE.encode(), "note.bin": b"\xff"}
TWIN = {"A.sol": SOURCE.replace("a + b", "a + b + c").encode()}


def variants(**changes) -> Variants:
    return Variants.read(json.dumps(TOLD | changes), "variants.json")


def drawn(seed: int) -> str:
    return variants().drawn(FILES, seed, is_twin=False)["A.sol"].decode()


def test_a_seed_draws_one_text_and_seeds_draw_all():
    texts = {drawn(seed) for seed in range(60)}

    assert drawn(3) == drawn(3)
    assert len(texts) == 8  # two orders of terms, two of the other, two of functions


def test_what_shares_an_order_stands_in_the_same_order():
    for seed in range(20):
        text = drawn(seed)
        assert ("call(a, b)" in text) == ("return a + " in text)


def test_a_comment_goes_with_its_function_and_other_files_stay():
    for seed in range(8):
        assert "/// @notice First.\n    function one" in drawn(seed)
    assert variants().drawn(FILES, 1, is_twin=False)["note.bin"] == b"\xff"


def test_the_twin_has_its_own_texts():
    texts = {variants().drawn(TWIN, seed, is_twin=True)["A.sol"].decode() for seed in range(20)}

    assert all("+ c" in text for text in texts)


def test_a_helper_is_made_where_it_is_used_and_texts_of_an_order_may_be_few():
    symbols = {
        "sum": {"choice": "helper", "of": ["a + b", "both()"]},
        "arguments": {"order": "any", "most": 2, "of": ["a", "b", "c"], "join": ", "},
        "other": {"choice": "helper", "of": ["", "function both()"]},
    }
    places = [*TOLD["places"], {"file": "A.sol", "old": "contract A {", "new": "contract A { <other>"}]
    made = variants(symbols=symbols, places=places)
    texts = [made.drawn(FILES, seed, is_twin=False)["A.sol"].decode() for seed in range(60)]

    assert all(("return both()" in text) == ("function both()" in text) for text in texts)
    assert len({"both()" in text for text in texts}) == 2
    calls = {text.partition("call(")[2].partition(")")[0] for text in texts}
    assert {call.count(",") if call else -1 for call in calls} == {-1, 0, 1}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"places": [{"file": "A.sol", "old": "no such text", "new": "x"}]},
            "holds 'no such text' 0 times, not once",
        ),
        ({"places": [{"file": "A.sol", "old": "function", "new": "x"}]}, "holds 'function' 2 times, not once"),
        ({"symbols": {}}, "<sum> is not defined"),
        ({"symbols": {"sum": ["<sum>"]}}, "a symbol stands for itself"),
        ({"place": []}, "no variants as bitsec_eval.core.tasks.variants describes them"),
    ],
)
def test_a_wrong_file_is_refused(changes, words):
    with pytest.raises(TaskError, match=words):
        variants(**changes).drawn(FILES, 0, is_twin=False)
