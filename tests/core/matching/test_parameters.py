"""Each constant of the lexical matcher does what its docstring says, and a test fails without it."""

import math
from collections import Counter
from dataclasses import fields, replace
from types import SimpleNamespace

import pytest

from bitsec_eval.core.matching import features, terms, tfidf
from bitsec_eval.core.matching.evidence import Evidence
from bitsec_eval.core.matching.features import ExpectedFeatures, ReportedFeatures, telling
from bitsec_eval.core.matching.lexical import Curve, LexicalMatcher
from bitsec_eval.core.matching.parameters import DEFAULT_PARAMETERS, MatchingParameters
from bitsec_eval.core.matching.tfidf import Tfidf
from bitsec_eval.core.reports.finding import Finding

KNOWN = {"drain", "vault", "deposit", "market"}


def at(character, word="market"):
    """Return a text of nothing but commas in which `word` begins at this character."""
    return "," * character + word


def expected_weight(parameters, character):
    return ExpectedFeatures(Finding(description=at(character)), parameters).words["market"]


def reported_weight(parameters, character):
    told = f"drain vault deposit{at(character - 19)}"
    return ReportedFeatures(Finding(description=told), parameters, KNOWN).words["market"]


def likeness(parameters, *, words=0.5, cause=1.0, rival=0.0, here=True):
    pair = SimpleNamespace(words=words, cause=cause, rival=rival, here=here, parameters=parameters)
    return Evidence.likeness.fget(pair)


def unknown_share(parameters):
    """Return what an unknown word weighs beside one that a single one of three texts holds."""
    texts = [Counter(["drain"]), Counter(["vault"]), Counter(["vault"])]
    weights = Tfidf(texts, parameters.unknown_word).weigh(Counter(["drain", "elsewhere"]))
    return weights["elsewhere"] / weights["drain"] * (math.log(4 / 2) + 1) / (math.log(4) + 1)


def sentence(known, every):
    """Return a sentence of `every` words of which so many are known."""
    words = ["drain", "vault", "deposit", "market"][:known]
    return " ".join([*words, *[f"xyz{'abcdefghijklm'[n]}" for n in range(every - known)]])


def title_words(parameters):
    title = f"drain {'q' * 70} vaults deposits"  # "vaults" ends at character 83
    return set(ReportedFeatures(Finding(title=title), parameters, KNOWN).words) & KNOWN


HELD = {
    "expected_title": (lambda by: ExpectedFeatures(Finding(title="market"), by).words["market"], 1.5, 1.0),
    "expected_lead": (
        lambda by: [round(expected_weight(by, n), 3) for n in (0, 200, 350, 499, 500)], [1, 1, 0.5, 0.003, 0],
        (10**6, 10**7),
    ),
    "reported_lead": (
        lambda by: [round(reported_weight(by, n), 3) for n in (100, 800, 1200, 1600)], [1, 1, 0.5, 0], (10**6, 10**7),
    ),
    "reported_title": (title_words, {"drain"}, 10**6),
    "known_words": (lambda by: [bool(telling(sentence(n, n), KNOWN, by)) for n in (2, 3)], [False, True], 0),
    "known_share": (lambda by: [bool(telling(sentence(3, n), KNOWN, by)) for n in (10, 11)], [True, False], 0.0),
    "unknown_word": (lambda by: round(unknown_share(by), 3), 0.75, 1.0),
    "cause_alike": (lambda by: [round(likeness(by, cause=c), 4) for c in (0.2, 0.4, 0.8)], [0.325, 0.5, 0.5], 1e-9),
    "cause_weight": (lambda by: round(likeness(by, cause=0.0), 4), 0.15, 0.0),
    "rival_weight": (lambda by: [round(likeness(by, rival=r), 4) for r in (0.4, 0.6, 2)], [0.5, 0.4, 0], 0.0),
    "elsewhere": (lambda by: round(likeness(by, here=False), 4), 0.1, 1.0),
}  # fmt: skip


def test_every_parameter_is_held():
    assert HELD.keys() == {field.name for field in fields(MatchingParameters)}


@pytest.mark.parametrize("name", HELD)
def test_a_parameter_does_what_it_says(name):
    seen, value, off = HELD[name]

    assert seen(DEFAULT_PARAMETERS) == value
    assert seen(replace(DEFAULT_PARAMETERS, **{name: off})) != value


@pytest.mark.parametrize(
    ("probability", "verdict"), [(0.299, "none"), (0.301, "partial"), (0.499, "partial"), (0.501, "match")]
)
def test_the_probabilities_of_a_partial_match_and_of_a_match(probability, verdict):
    flat = Curve(slope=0.0, offset=math.log(probability / (1 - probability)))
    (decision,) = LexicalMatcher(curve=flat).match([Finding(title="a")], [Finding(title="b")])

    assert decision.verdict == verdict


def test_the_curve_is_the_learned_one():
    assert [round(Curve()(likeness), 3) for likeness in (0.0, 0.2, 0.25, 0.3, 0.4, 1.0)] == [
        0.002, 0.119, 0.274, 0.512, 0.891, 1.0,
    ]  # fmt: skip


def test_three_linked_files_count_as_words_and_20_000_characters_are_looked_at():
    links = " ".join(f"https://x.org/{name}.sol" for name in ("Alpha", "Bravo", "Delta", "Gamma"))
    words = ExpectedFeatures(Finding(description=links), DEFAULT_PARAMETERS).words
    far = ExpectedFeatures(Finding(description=at(features.MOST_TEXT)), DEFAULT_PARAMETERS).text

    assert set(words) == {"alpha", "bravo", "delta"}
    assert (features.MOST_TEXT, far) == (20_000, "")


def test_a_word_that_hardly_counts_has_a_least_weight():
    weights = [Tfidf([Counter(["vault"])], 1.0).weigh(Counter({"vault": 1, "rare": n})) for n in (0.3, 0.1, 0.5)]

    assert weights[0] == weights[1]
    assert tfidf.LEAST_COUNT == 0.3
    assert weights[2]["rare"] > 0


def test_stems_words_and_names_have_a_least_length():
    assert terms.stems("moves paying ab abc") == ["move", "paying", "abc"]
    assert terms.names("abc() abcd()") == {"abcd"}


def test_what_rounding_leaves_of_a_text_is_like_nothing():
    def beside(left: float) -> float:
        return tfidf.cosine_beside(tfidf.unit({"market": 1.0, "vault": left}), {"vault": 1.0}, frozenset({"market"}))

    assert beside(1e-5) == pytest.approx(1.0, abs=1e-3)
    assert beside(1e-7) == 0.0


def test_stems_are_kept_of_tokens_of_at_most_64_characters():
    def is_kept(token: str) -> bool:
        before = terms._stems_of.cache_info().currsize
        assert terms.token_stems(token) == (token,)
        return terms._stems_of.cache_info().currsize == before + 1

    terms._stems_of.cache_clear()
    assert [is_kept("q" * length) for length in (64, 65)] == [True, False]
