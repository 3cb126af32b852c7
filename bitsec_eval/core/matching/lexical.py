"""Match findings by their words: offline, for expected findings that are told in words, as ScaBench's are.

`evidence.py` says how alike a pair is; a logistic curve turns that into a probability.
Its two numbers, and the probability from which a pair is a match, were learned from published decisions of ScaBench's
official judge. docs/decisions/0041-matching-by-words.md says how; benchmarks/matching.py measures it on projects that
were left out.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bitsec_eval.core.matching import Decision, Verdict
from bitsec_eval.core.matching.assignment import assign
from bitsec_eval.core.matching.evidence import Evidence, evidence_of
from bitsec_eval.core.matching.parameters import DEFAULT_PARAMETERS, MatchingParameters
from bitsec_eval.core.reports.finding import Finding

SLOPE = 20.5
OFFSET = -6.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Turns a likeness, 0..1, into the probability that an auditor would call the pair one fault."""

    slope: float = SLOPE
    offset: float = OFFSET

    def __call__(self, likeness: float) -> float:
        return 1.0 / (1.0 + math.exp(-(self.slope * likeness + self.offset)))


@dataclass(frozen=True, slots=True, kw_only=True)
class LexicalMatcher:
    """Deterministic matcher over texts; each pair is judged by itself, then pairs are made one to one.

    `partial_from` and `match_from` are the probabilities from which a pair is a partial match and a match.
    """

    partial_from: float = 0.3
    match_from: float = 0.5
    curve: Curve = Curve()
    parameters: MatchingParameters = DEFAULT_PARAMETERS

    def match(self, expected: Sequence[Finding], reported: Sequence[Finding]) -> tuple[Decision, ...]:
        """Return one decision for each expected finding; `confidence` is the probability of its best pair."""
        evidence = evidence_of(expected, reported, self.parameters)
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
            nearest=best if column is None else None,
        )

    def _verdict(self, sure: float) -> Verdict:
        return "match" if sure >= self.match_from else "partial"
