"""Words run together are parted by the words that stand alone; what is one word stays one."""

import pytest

from bitsec_eval.scabench.wording import Vocabulary

TEXTS = [
    "The dispatch function of the VaultRouter does not work as intended with the PULL_TOKEN action.",
    "The fee is not in the vault, and the owner can call the dispatch function of it with an action.",
    "When the owner can withdraw from the vault, the VaultRouter calls _poke and the fee is lost.",
    "It is known that the function _poke of the VaultRouter has no check for the PULL_TOKEN of an owner.",
]


@pytest.fixture(scope="module")
def vocabulary():
    return Vocabulary(TEXTS * 3)


@pytest.mark.parametrize(
    ("glued", "parted"),
    [
        ("Thedispatchfunction of theVaultRouter", "The dispatch function of the VaultRouter"),
        ("withPULL_TOKENaction", "with PULL_TOKEN action"),
        ("the_pokefunction", "the _poke function"),
        ("VaultRouterunheard", "VaultRouterunheard"),
        ("VaultRouter", "VaultRouter"),
        ("withdrawFee", "withdrawFee"),
        ("reentrancy", "reentrancy"),
        ("x" * 500, "x" * 500),
        ("", ""),
    ],
)
def test_known_words_are_parted_and_others_left_alone(vocabulary, glued, parted):
    assert vocabulary.parted(glued).text == parted


def test_parted_tokens_are_counted(vocabulary):
    assert vocabulary.parted("Thedispatchfunction is onlyin thevault").count == 2


def test_a_vocabulary_of_nothing_parts_nothing():
    assert Vocabulary([]).parted("Thedispatchfunction").text == "Thedispatchfunction"
