"""Weights of each part of a text, and of each kind of evidence, in matching by words."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchingParameters:
    """The defaults are what was found to serve; docs/decisions/0041-matching-by-words.md says how.

    A lead is how many characters of a description count in full, and from which on they do not count.
    Reports are shorter than published findings and quote less, so more of them counts.
    Of a reported title the first `reported_title` characters count.
    Of a reported description those sentences count of which at least `known_words` words, and this share of all,
    stand in some expected finding: `known_share`.
    `unknown_word` is the share of the greatest rarity that a word has which no expected finding holds.
    `cause_alike` is the likeness of two causes from which on they take nothing away, `cause_weight` the most they do.
    `rival_weight` is the share of a rival's lead that is taken away; `elsewhere` is what another place leaves.
    """

    expected_lead: tuple[int, int] = (200, 500)
    reported_lead: tuple[int, int] = (800, 1600)
    reported_title: int = 80
    known_words: int = 3
    known_share: float = 0.3
    expected_title: float = 1.5
    unknown_word: float = 0.75
    cause_alike: float = 0.4
    cause_weight: float = 0.7
    rival_weight: float = 1.0
    elsewhere: float = 0.2


DEFAULT_PARAMETERS = MatchingParameters()
