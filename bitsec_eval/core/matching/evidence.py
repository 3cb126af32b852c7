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

from collections.abc import Sequence
from dataclasses import dataclass

from bitsec_eval.core.finding import Finding
from bitsec_eval.core.matching.rarity import Rarity, Weights, cosine, foremost, without
from bitsec_eval.core.matching.sides import Reported, Truth
from bitsec_eval.core.matching.weighting import DEFAULT_WEIGHTING, Weighting


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


def evidence_of(
    expected: Sequence[Finding], reported: Sequence[Finding], weighting: Weighting = DEFAULT_WEIGHTING
) -> list[list[Evidence]]:
    """Return what speaks for each pair, by expected and then by reported finding."""
    truths = [Truth(finding, weighting) for finding in expected]
    rarity = Rarity((truth.words for truth in truths), weighting.unknown_word)
    weighted = [rarity.weigh(truth.words) for truth in truths]
    columns = [_column(Reported(finding, weighting, rarity), truths, weighted, rarity) for finding in reported]
    return [[column[row] for column in columns] for row in range(len(truths))]


def _column(report: Reported, truths: list[Truth], weighted: list[Weights], rarity: Rarity) -> list[Evidence]:
    """Return what speaks for `report` being each of the truths."""
    mine, causes = rarity.weigh(report.words), rarity.weigh(report.causes)
    alike = [cosine(weights, mine) for weights in weighted]
    return [
        Evidence(
            words=likeness,
            cause=cosine(without(weighted[row], report.place), causes),
            rival=max((other for at, other in enumerate(alike) if at != row), default=0.0),
            here=truth.speaks_of(report),
            weighting=report.weighting,
            shared=foremost(weighted[row], mine),
            named=tuple(sorted(name for name in report.functions | report.files if name in truth.text)[:3]),
        )
        for row, (truth, likeness) in enumerate(zip(truths, alike, strict=True))
    ]
