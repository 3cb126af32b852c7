"""Evidence that a reported finding is an expected one, where both are told in words.

*Words.* The cosine of their weighted words (TF-IDF). A word's rarity is counted over the expected findings alone, so
what else an agent reports changes nothing about a pair. Words early in a text count most and late ones not at all:
a finding says first what is wrong and then quotes code, and quoted code makes every fault of a function look alike.

*Cause.* The same without the words of the file and function a finding is placed at. Names alone make every fault of a
function look like every other; where nothing but names is alike, most of the likeness is taken away.

*Rivals.* What a reported finding shares even more with another expected finding speaks against this one.

*Place.* A finding that names no function and no file that the expected finding speaks of is about another place, or
about none. It is held to be another fault, whatever its words.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from bitsec_eval.core.matching.features import ExpectedFeatures, ReportedFeatures
from bitsec_eval.core.matching.parameters import DEFAULT_PARAMETERS, MatchingParameters
from bitsec_eval.core.matching.tfidf import Tfidf, Weights, cosine, cosine_beside, foremost
from bitsec_eval.core.reports.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What speaks for one pair; `likeness` sums it up, from 0 to about 1."""

    words: float
    cause: float
    rival: float
    here: bool
    parameters: MatchingParameters
    expected: ExpectedFeatures = field(compare=False)
    reported: ReportedFeatures = field(compare=False)
    vectors: tuple[Weights, Weights]

    @property
    def shared(self) -> tuple[str, ...]:
        """The words that make the two most alike."""
        return foremost(*self.vectors)

    @property
    def named(self) -> tuple[str, ...]:
        """The functions and files that both name, at most three."""
        text = self.expected.text
        return tuple(sorted(name for name in self.reported.functions | self.reported.files if name in text)[:3])

    @property
    def likeness(self) -> float:
        """The words, less what a rival has more of them, less for another cause, much less for another place."""
        by = self.parameters
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


def evidence_of(
    expected: Sequence[Finding], reported: Sequence[Finding], parameters: MatchingParameters = DEFAULT_PARAMETERS
) -> list[list[Evidence]]:
    """Return what speaks for each pair, by expected and then by reported finding."""
    sides = [ExpectedFeatures(finding, parameters) for finding in expected]
    tfidf = Tfidf((side.words for side in sides), parameters.unknown_word)
    weighted = [tfidf.weigh(side.words) for side in sides]
    columns = [_column(ReportedFeatures(finding, parameters, tfidf), sides, weighted, tfidf) for finding in reported]
    return [[column[row] for column in columns] for row in range(len(sides))]


def _column(
    report: ReportedFeatures, sides: list[ExpectedFeatures], weighted: list[Weights], tfidf: Tfidf
) -> list[Evidence]:
    """Return what speaks for `report` being each of the expected findings."""
    mine, causes = tfidf.weigh(report.words), tfidf.weigh(report.causes)
    alike = [cosine(weights, mine) for weights in weighted]
    rivals = sorted(alike, reverse=True)[:2]
    return [
        Evidence(
            words=likeness,
            cause=cosine_beside(weighted[row], causes, report.place),
            rival=next(iter(rivals[1:]), 0.0) if likeness == rivals[0] else rivals[0],
            here=side.speaks_of(report),
            parameters=report.parameters,
            expected=side,
            reported=report,
            vectors=(weighted[row], mine),
        )
        for row, (side, likeness) in enumerate(zip(sides, alike, strict=True))
    ]
