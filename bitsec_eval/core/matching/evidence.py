"""What speaks for a reported finding being an expected one, where both are told in words.

*Words.* The cosine of their weighted words (TF-IDF). A word's rarity is counted over the expected findings alone, so
what else an agent reports changes nothing about a pair. Words early in a text count most and late ones not at all:
a finding says first what is wrong and then quotes code, and quoted code makes every fault of a function look alike.

*Cause.* The same without the words of the file and function a finding is placed at. Names alone make every fault of a
function look like every other; where nothing but names is alike, most of the likeness is taken away.

*Rivals.* What a reported finding shares even more with another expected finding speaks against this one.

*Place.* A finding that names no function and no file that the expected finding speaks of is about another place, or
about none. It is held to be another fault, whatever its words.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from bitsec_eval.core.finding import Finding
from bitsec_eval.core.matching.cleaning import cleaned
from bitsec_eval.core.matching.terms import called, file_stems, names, squeezed, stems, token_stems, tokens

Weights = dict[str, float]

MOST_FILES = 3  # linked files whose names count as words: the first are those at fault
MOST_TEXT = 20_000  # characters of one text that are looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighting:
    """How much each part of a text, and each kind of evidence, counts; the defaults are what was found to serve.

    A lead is how many characters of a description count in full, and from which on they do not count.
    Reports are shorter than published findings and quote less, so more of them counts.
    `unknown_word` is the share of the greatest rarity that a word has which no expected finding holds.
    `cause_alike` is the likeness of two causes from which on they take nothing away, `cause_weight` the most they do.
    `rival_weight` is the share of a rival's lead that is taken away; `elsewhere` is what another place leaves.
    """

    expected_lead: tuple[int, int] = (200, 500)
    reported_lead: tuple[int, int] = (800, 1600)
    expected_title: float = 1.5
    unknown_word: float = 0.75
    cause_alike: float = 0.4
    cause_weight: float = 0.7
    rival_weight: float = 1.0
    elsewhere: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What speaks for one pair; `likeness` sums it up, from 0 to about 1."""

    words: float
    cause: float
    rival: float
    here: bool
    weighting: Weighting
    shared: tuple[str, ...] = ()
    named: tuple[str, ...] = ()

    @property
    def likeness(self) -> float:
        """The words, less what a rival has more of them, less for another cause, much less for another place."""
        by = self.weighting
        own = max(0.0, self.words - by.rival_weight * max(0.0, self.rival - self.words))
        other_cause = by.cause_weight * (1 - min(1.0, self.cause / by.cause_alike))
        return own * (1 - other_cause) * (1 if self.here else by.elsewhere)

    @property
    def told(self) -> str:
        """One line for a reader."""
        shared = f" ({', '.join(self.shared)})" if self.shared else ""
        words = f"words {self.words:.2f} alike{shared}, cause {self.cause:.2f}"
        named = f", both name {', '.join(self.named)}" if self.named else ""
        rival = f", {self.rival:.2f} with another expected finding" if self.rival > self.words else ""
        return words + named + ("" if self.here else ", but another place") + rival


DEFAULT_WEIGHTING = Weighting()


def evidence_of(
    expected: Sequence[Finding], reported: Sequence[Finding], weighting: Weighting = DEFAULT_WEIGHTING
) -> list[list[Evidence]]:
    """Return what speaks for each pair, by expected and then by reported finding."""
    truths = [_Truth(finding, weighting) for finding in expected]
    rarity = _Rarity((truth.words for truth in truths), weighting.unknown_word)
    weighted = [rarity.weigh(truth.words) for truth in truths]
    columns = [_column(_Reported(finding, weighting), truths, weighted, rarity) for finding in reported]
    return [[column[row] for column in columns] for row in range(len(truths))]


def _column(
    report: "_Reported", truths: "list[_Truth]", weighted: list[Weights], rarity: "_Rarity"
) -> list[Evidence]:
    """Return what speaks for `report` being each of the truths."""
    mine, causes = rarity.weigh(report.words), rarity.weigh(report.causes)
    alike = [_cosine(weights, mine) for weights in weighted]
    return [
        Evidence(
            words=likeness,
            cause=_cosine(_without(weighted[row], report.place), causes),
            rival=max((other for at, other in enumerate(alike) if at != row), default=0.0),
            here=truth.speaks_of(report),
            weighting=report.weighting,
            shared=_foremost(weighted[row], mine),
            named=tuple(sorted(name for name in report.functions | report.files if name in truth.text)[:3]),
        )
        for row, (truth, likeness) in enumerate(zip(truths, alike, strict=True))
    ]


class _Truth:
    """An expected finding: its weighted words, and its whole text squeezed to look names up in."""

    def __init__(self, finding: Finding, weighting: Weighting) -> None:
        description = cleaned(finding.description[:MOST_TEXT])
        title = cleaned(finding.title[:MOST_TEXT]).text
        files = " ".join(list(dict.fromkeys((*description.files, *_file_names(finding.file).split())))[:MOST_FILES])
        self.words = Counter[str]()
        _add(self.words, title, weight=weighting.expected_title)
        _add(self.words, files)
        _add(self.words, description.text, lead=weighting.expected_lead)
        told = f"{title} {files} {finding.location} {description.text}"
        self.text = squeezed(" ".join((told, finding.file, *description.files)))
        self._names_code = bool(names(told))

    def speaks_of(self, report: "_Reported") -> bool:
        """Whether a place that `report` names is named here too, or here no place is named at all."""
        if not self._names_code:
            return True
        if report.functions:
            return any(function in self.text for function in report.functions)
        return any(file in self.text for file in report.files)


class _Reported:
    """A reported finding: its weighted words, and the functions and files it says it is about."""

    def __init__(self, finding: Finding, weighting: Weighting) -> None:
        self._finding = finding
        self.weighting = weighting
        self.files = file_stems(finding.file)
        self.words = Counter[str]()
        _add(self.words, finding.title)
        _add(self.words, finding.description[:MOST_TEXT], lead=weighting.reported_lead)
        self.place = frozenset(stems(f"{_file_names(finding.file)} {' '.join(called(finding.location))}"))
        self.causes = Counter({word: count for word, count in self.words.items() if word not in self.place})
        _add(self.words, f"{_file_names(finding.file)} {finding.location}")

    @cached_property
    def functions(self) -> frozenset[str]:
        """Names in the location and the title; where there are none, those in the description."""
        finding = self._finding
        said = names(f"{finding.location} \n{finding.title} ") - self.files
        return said or names(finding.description[:MOST_TEXT]) - self.files


class _Rarity:
    """How rare a word is among the expected findings, and texts weighed by it."""

    def __init__(self, texts: Iterable[Counter[str]], unknown_word: float) -> None:
        self._unknown_word = unknown_word
        counted = [set(text) for text in texts]
        self._holding = Counter(word for words in counted for word in words)
        self._all = len(counted)

    def weigh(self, words: Counter[str]) -> Weights:
        """Return `words` weighted, as a vector of length 1."""
        weights = {word: (1 + math.log(max(count, 0.3))) * self._of(word) for word, count in words.items()}
        length = math.sqrt(sum(weight * weight for weight in weights.values()))
        return {word: weight / length for word, weight in weights.items() if weight > 0}

    def _of(self, word: str) -> float:
        rarity = math.log((1 + self._all) / (1 + self._holding[word])) + 1
        return rarity if word in self._holding else rarity * self._unknown_word


def _add(words: Counter[str], text: str, *, weight: float = 1.0, lead: tuple[int, int] | None = None) -> None:
    """Count the words of `text`; with `lead`, fully up to its first character number, not at all from its second."""
    for token, at in tokens(text):
        share = 1.0 if lead is None else min(1.0, (lead[1] - at) / (lead[1] - lead[0]))
        if share <= 0:
            return
        for stem in token_stems(token):
            words[stem] += weight * share  # type: ignore[assignment]


def _without(weights: Weights, left_out: frozenset[str]) -> Weights:
    """Return a vector of length 1 without some of its words."""
    kept = {word: weight for word, weight in weights.items() if word not in left_out}
    length = math.sqrt(sum(weight * weight for weight in kept.values()))
    return {word: weight / length for word, weight in kept.items()}


def _file_names(files: str) -> str:
    """Return the names of `files` without folders and suffixes, humps and all, with blanks between them."""
    return " ".join(part.rsplit("/", 1)[-1].rsplit(".", 1)[0] for part in re.split(r"[,;\s]+", files))


def _cosine(one: Weights, other: Weights) -> float:
    return sum(weight * other[word] for word, weight in one.items() if word in other)


def _foremost(one: Weights, other: Weights) -> tuple[str, ...]:
    """Return the words that add most to the cosine, at most five."""
    shared = sorted((word for word in one if word in other), key=lambda word: (-one[word] * other[word], word))
    return tuple(shared[:5])
