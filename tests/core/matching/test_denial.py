"""A sentence that names what is lacking, limits what it grants or clears another function accuses; denials are plain.

The sentences are our own; each is read as a title, as an opening sentence and with other names.
"""

from itertools import product
from pathlib import Path

import pytest

from bitsec_eval.core.matching.claims import denies
from bitsec_eval.core.matching.denial import acquits, waives
from bitsec_eval.core.reports.finding import Finding

FOLDER = Path(__file__).parent / "sentences"
NAMES = (
    ("cashOut", "payIn"),
    ("`cash_out()`", "`pay_in()`"),
    ("Till.cashOut", "Till.heldBy"),
    ("pool::cash_out", "g"),
)


def sentences(name: str) -> list[str]:
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


ACCUSATIONS, DENIALS = sentences("accusations.txt"), sentences("denials.txt")
NEGATED = [
    f"{what} {negation} {degree} {guarded}{where}"
    for what, negation, degree, guarded, where in product(
        ("The caller", "{f}", "Its input"),
        (
            "is not",
            "isn't",
            "is never",
            "was not",
            "is nowhere",
            "isn\u2019t",
            "has not been",
            "cannot be",
            "may not be",
        ),
        ("properly", "correctly", "adequately", "sufficiently"),
        ("protected", "guarded", "restricted", "checked", "validated"),
        ("", " in {f}."),
    )
]
LACKING = [
    f"No {guard}{rest}"
    for guard, rest in product(
        ("caller validation", "reentrancy guard", "slippage protection", "owner check", "access control modifier",
         "input sanitization", "oracle validation", "signature check", "overflow check", "price bounds", "pause",
         "deadline", "rate limit", "two-step ownership", "authorization", "access restriction"),
        ("", " in {f}", " vulnerability", " issue in {f}", " - {f} is open", " on {f} allows theft", " flaw"),
    )
]  # fmt: skip


def named(sentence: str) -> list[str]:
    return [sentence.replace("{f}", f).replace("{g}", g) for f, g in NAMES]


def test_there_are_hundreds_of_each_kind():
    assert len(set(ACCUSATIONS)) >= 250
    assert len({*ACCUSATIONS, *NEGATED, *LACKING}) >= 1000
    assert len(set(DENIALS)) >= 100


@pytest.mark.parametrize("sentence", ACCUSATIONS)
def test_an_accusation_is_none(sentence):
    assert not [each for each in named(sentence) if acquits(each)]


def test_what_is_not_done_properly_accuses():
    assert not [each for sentence in NEGATED for each in named(sentence) if acquits(each)]


def test_what_is_lacking_accuses():
    assert not [each for sentence in LACKING for each in named(sentence) if acquits(each)]


@pytest.mark.parametrize("sentence", DENIALS)
def test_a_denial_is_seen(sentence):
    assert all(acquits(each) for each in named(sentence))
    assert denies(Finding(title="Reentrancy", description=f"{named(sentence)[0].rstrip('.')}. It has a lock."))


@pytest.mark.parametrize(
    "word", ["none", "None", "N/A", "safe", "no issue", "No issues", "not a bug", "false positive"]
)
def test_a_word_can_waive(word):
    assert waives(word)


@pytest.mark.parametrize("word", ["", "low", "info", "non-critical", "unsafe", "none of the above", "safety"])
def test_a_rating_waives_nothing(word):
    assert not waives(word)


def test_only_the_opening_sentence_denies():
    assert not denies(Finding(title="Reentrancy in f", description="f pays twice. The rest is properly guarded."))
