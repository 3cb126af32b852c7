"""Match findings by their words: offline, for a truth that is told in words, as ScaBench's is.

How alike a pair is comes from three things.

*Words.* The cosine of their weighted words (TF-IDF). A word's rarity is counted over the expected findings alone, so
what else an agent reports changes nothing about a pair. Words early in a text count most and late ones not at all:
a finding says first what is wrong and then quotes code, and quoted code makes every fault of a function look alike.

*Rivals.* What a reported finding shares even more with another expected finding speaks against this one.

*Place.* A finding that names no function and no file that the expected finding speaks of is about another place, or
about none. It is held to be another fault, whatever its words.

A logistic curve turns that into a probability.
Its two numbers, and the probability from which a pair is a match, were learned from published decisions of ScaBench's
official judge: docs/decisions/0005-matching.md says how, benchmarks/matching.py measures it on projects left out.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from bitsec_eval.core.finding import Finding
from bitsec_eval.core.matching import Decision, Verdict
from bitsec_eval.core.matching.assignment import assign
from bitsec_eval.core.matching.cleaning import cleaned
from bitsec_eval.core.matching.terms import file_stems, names, squeezed, token_stems, tokens

Weights = dict[str, float]

EXPECTED_LEAD = (200, 600)  # characters of a description that count in full, and from which on they do not count
REPORTED_LEAD = (600, 1200)  # reports are shorter and quote less
EXPECTED_TITLE_WEIGHT = 2.0
UNKNOWN_WORD = 0.75  # of the greatest rarity: a word no expected finding has
RIVAL_WEIGHT = 0.3
ELSEWHERE = 0.3
MOST_TEXT = 20_000  # characters of one text that are looked at

SLOPE = 20.9
OFFSET = -7.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Turns a likeness, 0..1, into the probability that an auditor would call the pair one fault."""

    slope: float = SLOPE
    offset: float = OFFSET

    def __call__(self, likeness: float) -> float:
        return 1.0 / (1.0 + math.exp(-(self.slope * likeness + self.offset)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What speaks for one pair; `likeness` sums it up, from 0 to about 1."""

    words: float
    rival: float
    here: bool
    shared: tuple[str, ...] = ()
    named: tuple[str, ...] = ()

    @property
    def likeness(self) -> float:
        """The words, less what a rival has more of them, much less for another place."""
        own = max(0.0, self.words - RIVAL_WEIGHT * max(0.0, self.rival - self.words))
        return own if self.here else own * ELSEWHERE

    @property
    def told(self) -> str:
        """One line for a reader."""
        words = f"words {self.words:.2f} alike" + (f" ({', '.join(self.shared)})" if self.shared else "")
        named = f", both name {', '.join(self.named)}" if self.named else ""
        rival = f", {self.rival:.2f} with another expected finding" if self.rival > self.words else ""
        return words + named + ("" if self.here else ", but another place") + rival


@dataclass(frozen=True, slots=True, kw_only=True)
class LexicalMatcher:
    """Deterministic matcher over texts; each pair is judged by itself, then pairs are made one to one.

    `partial_from` and `match_from` are the probabilities from which a pair is a partial match and a match.
    """

    partial_from: float = 0.33
    match_from: float = 0.5
    curve: Curve = Curve()

    def match(self, expected: Sequence[Finding], reported: Sequence[Finding]) -> tuple[Decision, ...]:
        """Return one decision for each expected finding; `confidence` is the probability of its best pair."""
        evidence = evidence_of(expected, reported)
        sure = [[self.curve(pair.likeness) for pair in row] for row in evidence]
        worth = [[p if p >= self.partial_from else 0.0 for p in row] for row in sure]
        given = assign(worth)
        return tuple(self._decision(row, column, sure[row], evidence[row], given) for row, column in enumerate(given))

    def _decision(
        self,
        row: int,
        column: int | None,
        sure: list[float],
        evidence: list[Evidence],
        given: tuple[int | None, ...],
    ) -> Decision:
        best = max(range(len(sure)), key=sure.__getitem__, default=None) if column is None else column
        if best is None:
            return Decision(
                expected=row, reported=None, verdict="none", confidence=0.0, reason="nothing was reported"
            )
        told = evidence[best].told
        if column is None:
            owner = f"; it is credited to expected finding {given.index(best)}" if best in given else ""
            told = f"nearest is reported finding {best}: {told}{owner}"
        return Decision(
            expected=row,
            reported=column,
            verdict="none" if column is None else self._verdict(sure[best]),
            confidence=round(sure[best], 4),
            reason=told,
        )

    def _verdict(self, sure: float) -> Verdict:
        return "match" if sure >= self.match_from else "partial"


def evidence_of(expected: Sequence[Finding], reported: Sequence[Finding]) -> list[list[Evidence]]:
    """Return what speaks for each pair, by expected and then by reported finding."""
    truths = [_Truth(finding) for finding in expected]
    rarity = _Rarity(truth.words for truth in truths)
    weighted = [rarity.weigh(truth.words) for truth in truths]
    columns = [_column(finding, truths, weighted, rarity) for finding in reported]
    return [[column[row] for column in columns] for row in range(len(truths))]


def _column(finding: Finding, truths: "list[_Truth]", weighted: list[Weights], rarity: "_Rarity") -> list[Evidence]:
    """Return what speaks for `finding` being each of the truths."""
    report = _Reported(finding)
    mine = rarity.weigh(report.words)
    alike = [_cosine(weights, mine) for weights in weighted]
    return [
        Evidence(
            words=likeness,
            rival=max((other for at, other in enumerate(alike) if at != row), default=0.0),
            here=truth.speaks_of(report),
            shared=_foremost(weighted[row], mine),
            named=tuple(sorted(name for name in report.functions | report.files if name in truth.text)[:3]),
        )
        for row, (truth, likeness) in enumerate(zip(truths, alike, strict=True))
    ]


class _Truth:
    """An expected finding: its weighted words, and its whole text squeezed to look names up in."""

    def __init__(self, finding: Finding) -> None:
        description = cleaned(finding.description[:MOST_TEXT])
        title = cleaned(finding.title[:MOST_TEXT]).text
        files = " ".join((*description.files[:3], *file_stems(finding.file)))
        self.words = Counter[str]()
        _add(self.words, title, weight=EXPECTED_TITLE_WEIGHT)
        _add(self.words, files)
        _add(self.words, description.text, lead=EXPECTED_LEAD)
        told = f"{title} {files} {finding.location} {description.text}"
        self.text = squeezed(" ".join((told, *description.files)))
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

    def __init__(self, finding: Finding) -> None:
        self._finding = finding
        self.files = file_stems(finding.file)
        self.words = Counter[str]()
        _add(self.words, finding.title)
        _add(self.words, finding.description[:MOST_TEXT], lead=REPORTED_LEAD)
        _add(self.words, f"{' '.join(sorted(self.files))} {finding.location}")

    @cached_property
    def functions(self) -> frozenset[str]:
        """Names in the location and the title; where there are none, those in the description."""
        finding = self._finding
        said = names(f"{finding.location} \n{finding.title} ") - self.files
        return said or names(finding.description[:MOST_TEXT]) - self.files


class _Rarity:
    """How rare a word is among the expected findings, and texts weighed by it."""

    def __init__(self, texts: Iterable[Counter[str]]) -> None:
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
        return rarity if word in self._holding else rarity * UNKNOWN_WORD


def _add(words: Counter[str], text: str, *, weight: float = 1.0, lead: tuple[int, int] | None = None) -> None:
    """Count the words of `text`; with `lead`, fully up to its first character number, not at all from its second."""
    for token, at in tokens(text):
        share = 1.0 if lead is None else min(1.0, (lead[1] - at) / (lead[1] - lead[0]))
        if share <= 0:
            return
        for stem in token_stems(token):
            words[stem] += weight * share  # type: ignore[assignment]


def _cosine(one: Weights, other: Weights) -> float:
    return sum(weight * other[word] for word, weight in one.items() if word in other)


def _foremost(one: Weights, other: Weights) -> tuple[str, ...]:
    """Return the words that add most to the cosine, at most five."""
    shared = sorted((word for word in one if word in other), key=lambda word: (-one[word] * other[word], word))
    return tuple(shared[:5])
