"""A finding's own words survive cleaning; finders, links, comments and footers do not."""

import pytest

from bitsec_eval.core.matching.cleaning import cleaned
from bitsec_eval.core.matching.terms import called, file_stems, names, squeezed, stems


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Submitted by\nalice\n, also found by\nbob\nand\ncarol\n\nThe fee is wrong.", "The fee is wrong."),
        ("The fee is wrong.\n\nzzz (Some Protocol) confirmed and commented\n:", "The fee is wrong."),
        ("The fee is wrong.\nTool used Manual Review", "The fee is wrong."),
        ("Source: https://x.org/issues/1\n\n**Summary:**\nThe fee is wrong.", "The fee is wrong."),
        (
            "The fee is wrong.\n\nC4 is an open organization consisting of researchers.\n\nC4 does not\n.",
            "The fee is wrong.",
        ),
        ("The fee is wrong.", "The fee is wrong."),
        ("", ""),
    ],
)
def test_what_a_contest_page_adds_is_taken_out(text, left):
    assert cleaned(text).text == left
    assert cleaned(cleaned(text).text).text == left


def test_a_link_leaves_the_name_of_the_file_it_points_at():
    found = cleaned("See https://github.com/o/r/blob/main/src/Vault.sol#L4-L9 and https://x.org/about and /a.rs")

    assert found.files == ("Vault",)
    assert "http" not in found.text


def test_words_are_stems_of_humps():
    assert stems("withdrawAll") == stems("withdraws all the") == ["withdraw"]
    assert stems("calculation") == stems("calculates") == stems("calculating") == ["calcul"]


def test_words_that_all_findings_share_are_left_out():
    assert stems("The following function of this contract returns a uint256") == []


def test_names_survive_every_way_of_breaking_them_up():
    assert squeezed("pay_With ERC 20 ()") == squeezed("payWithERC20")
    assert names("payWithERC20, harvest() and plain words") == {"paywitherc20", "harvest"}


@pytest.mark.parametrize(
    ("location", "functions"),
    [
        ("withdrawAll()", ("withdrawAll",)),
        ("Vault.withdrawAll", ("Vault.withdrawAll",)),
        ("constructor (stepDuration assignment), claimable()", ("constructor", "claimable")),
        ("the fee logic near the top", ()),
        ("", ()),
    ],
)
def test_functions_of_a_location(location, functions):
    assert called(location) == functions


def test_file_names_lose_folders_suffixes_and_lines():
    assert file_stems("src/core/VaultBase.sol:12, lib.rs") == {"vaultbase", "lib"}
    assert file_stems("") == frozenset()
