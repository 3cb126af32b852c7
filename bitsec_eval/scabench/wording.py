"""Parting words that a scraper ran together: "Thedispatchfunction of theVaultRouter" reads as it was written.

The words are those that the same texts hold standing alone, so no dictionary is needed.
A token is parted only where all its parts are known and together are likelier than one unknown word.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

WELL_SPACED = 6.0  # letters a word, on average, at most
SHORTEST_PARTED = 6
LONGEST_PARTED = 80
LONGEST_PART = 40

_WORD = re.compile(r"[A-Za-z]+")
_TOKEN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LONG_TOKEN = re.compile(rf"[A-Za-z_][A-Za-z0-9_]{{{SHORTEST_PARTED - 1},}}")
_CODE = re.compile(r"^_|[a-z0-9][A-Z]|[A-Z]{2}[a-z]|_")
_TWO_LETTERS = frozenset(
    (
        "an",
        "as",
        "at",
        "be",
        "by",
        "do",
        "he",
        "if",
        "in",
        "is",
        "it",
        "no",
        "of",
        "on",
        "or",
        "so",
        "to",
        "up",
        "us",
        "we",
    )
)
_NO_WAY: tuple[float, tuple[str, ...]] = (-math.inf, ())
_UNKNOWN = -10.0  # log-probability of a word never seen ...
_UNKNOWN_LETTER = -0.9  # ... and of each letter it has
_CAREFUL = 4.0  # how much likelier the parts must be in a text that is well spaced as a whole
_COMMON_SHARE = 0.0005  # of all words: one that may stand before an identifier's underscore


@dataclass(frozen=True, slots=True, kw_only=True)
class Parted:
    """A text with its run-together words parted, and how many there were."""

    text: str
    count: int


class Vocabulary:
    """What stands alone in some texts: words of those that are well spaced, and identifiers of all."""

    def __init__(self, texts: Iterable[str]) -> None:
        every = list(texts)
        spaced = [text for text in every if _letters_a_word(text) <= WELL_SPACED]
        words = Counter(word.lower() for text in spaced for word in _WORD.findall(text))
        names = Counter(name for text in every for name in _TOKEN.findall(text) if _CODE.search(name))
        self._all = sum(words.values()) or 1
        self._words = {word: count for word, count in words.items() if count > 1 and _may_stand_alone(word)}
        self._names = {name: count for name, count in names.items() if count > 1}
        self._likelihoods = self._known_parts()
        self._beginnings = {part[:size] for part in self._likelihoods for size in range(1, len(part) + 1)}
        self._parts_of = lru_cache(maxsize=1 << 16)(self._likeliest)
        self._parted: dict[tuple[str, float], str] = {}

    def _known_parts(self) -> dict[str, float]:
        """Return the log-probability of every part as it is written: words, also capitalised, and names."""
        words = {word: math.log(count / self._all) for word, count in self._words.items()}
        capitalised = {word.capitalize(): likelihood for word, likelihood in words.items()}
        names = {name: math.log(count / self._all) for name, count in self._names.items() if name.strip("_")}
        return words | capitalised | names

    def parted(self, text: str) -> Parted:
        """Return `text` with blanks where words were run together."""
        count = 0
        careful = _CAREFUL if _letters_a_word(text) <= WELL_SPACED else 0.0

        def spaced(token: re.Match[str]) -> str:
            nonlocal count
            word = token.group()
            apart = self._parted.get((word, careful))
            if apart is None:
                apart = self._parted[word, careful] = " ".join(self._parts(word, careful))
            count += apart is not word and apart != word
            return apart

        return Parted(text=_LONG_TOKEN.sub(spaced, text), count=count)

    def _parts(self, token: str, careful: float) -> tuple[str, ...]:
        if not SHORTEST_PARTED <= len(token) <= LONGEST_PARTED or self._known(token):
            return (token,)
        whole = _UNKNOWN + _UNKNOWN_LETTER * len(token)
        likelihood, parts = self._parts_of(token)
        return parts if likelihood > whole + careful else (token,)

    def _known(self, token: str) -> bool:
        return token in self._names or token.lower() in self._words

    def _likeliest(self, token: str) -> tuple[float, tuple[str, ...]]:
        """Return the likeliest way to make `token` of known parts, by dynamic programming over its prefixes."""
        best: list[tuple[float, tuple[str, ...]]] = [(0.0, ()), *[_NO_WAY] * len(token)]
        for start, (before, parts) in enumerate(best):
            if before == -math.inf:
                continue
            for part, likelihood in self._known_at(token, start):
                end = start + len(part)
                way = (before + likelihood, (*parts, part))
                if way > best[end] and not (parts and self._one_name(parts[-1], part)):
                    best[end] = way
        return best[-1]

    def _known_at(self, token: str, start: int) -> Iterator[tuple[str, float]]:
        """Yield each known part that begins at `start` of `token`, and how likely it is."""
        for end in range(start + 1, min(len(token), start + LONGEST_PART) + 1):
            part = token[start:end]
            if part not in self._beginnings:
                return
            if part in self._likelihoods:
                yield part, self._likelihoods[part]

    def _one_name(self, before: str, part: str) -> bool:
        """Whether the two look like one identifier rather than like two words run together."""
        if part.startswith("_"):
            return before.endswith("_") or self._words.get(before.lower(), 0) < _COMMON_SHARE * self._all
        return part[0].isupper() and before not in self._names and part not in self._names


def _may_stand_alone(word: str) -> bool:
    return len(word) > 2 or word in _TWO_LETTERS or word == "a"


def _letters_a_word(text: str) -> float:
    words = _WORD.findall(text)
    return sum(map(len, words)) / len(words) if words else 0.0
