"""Counted words, how rare each is, and how alike two texts are by them: TF-IDF and the cosine."""

import math
from collections import Counter
from collections.abc import Iterable

from bitsec_eval.core.matching.terms import token_stems, tokens

Weights = dict[str, float]
"""Words and their weights, as a vector of length 1."""

LEAST_COUNT = 0.3
LEAST_LEFT = 1e-12  # of a squared length: less is nothing but rounding


class Tfidf:
    """How rare a word is among some texts; a word in none of them is `unknown_word` times as rare as can be."""

    def __init__(self, texts: Iterable[Counter[str]], unknown_word: float) -> None:
        self._unknown_word = unknown_word
        counted = [set(text) for text in texts]
        self._holding = Counter(word for words in counted for word in words)
        self._all = len(counted)

    def __contains__(self, word: object) -> bool:
        """Whether any of the texts holds `word`."""
        return word in self._holding

    def weigh(self, words: Counter[str]) -> Weights:
        """Return `words` weighted by how often they stand and how rare they are."""
        return unit({word: (1 + math.log(max(count, LEAST_COUNT))) * self._of(word) for word, count in words.items()})

    def _of(self, word: str) -> float:
        rarity = math.log((1 + self._all) / (1 + self._holding[word])) + 1
        return rarity if word in self._holding else rarity * self._unknown_word


def unit(weights: Weights) -> Weights:
    """Return `weights` scaled to length 1; what weighs nothing is left out."""
    length = math.sqrt(sum(weight * weight for weight in weights.values()))
    return {word: weight / length for word, weight in weights.items() if weight > 0}


def cosine_beside(one: Weights, other: Weights, left_out: frozenset[str]) -> float:
    """Return the cosine of `one` without the words `left_out`, at length 1 again, and `other`, which has none."""
    out = [one[word] for word in left_out if word in one]
    if not out:
        return cosine(one, other) / (math.sqrt(squared(one)) or 1.0)
    left = squared(one) - sum(weight * weight for weight in out)
    return cosine(one, other) / math.sqrt(left) if left > LEAST_LEFT else 0.0


def squared(weights: Weights) -> float:
    """Return the square of a vector's length."""
    return sum([weight * weight for weight in weights.values()])


def cosine(one: Weights, other: Weights) -> float:
    """Return how alike two vectors of length 1 are, from 0 to 1."""
    return sum([weight * other[word] for word, weight in one.items() if word in other])


def foremost(one: Weights, other: Weights) -> tuple[str, ...]:
    """Return the words that add most to the cosine, at most five."""
    shared = sorted((word for word in one if word in other), key=lambda word: (-one[word] * other[word], word))
    return tuple(shared[:5])


def count(words: Counter[str], text: str, *, weight: float = 1.0, lead: tuple[int, int] | None = None) -> None:
    """Count the words of `text`; with `lead`, fully up to its first character number, not at all from its second."""
    for token, at in tokens(text):
        share = 1.0 if lead is None else min(1.0, (lead[1] - at) / (lead[1] - lead[0]))
        if share <= 0:
            return
        for stem in token_stems(token):
            words[stem] += weight * share  # type: ignore[assignment]
