"""Match findings by asking an LLM, by the official protocol, and credit no finding twice.

Every expected finding is asked about in every batch, also after a first match: only then can pairs be made so that
the sum over all of them is greatest. Where no finding is claimed twice, the decisions are those of the official
protocol on the same answers.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from typing import Protocol

from bitsec_eval.core.matching import Decision, Verdict
from bitsec_eval.core.matching.assignment import assign
from bitsec_eval.core.reports.finding import Finding
from bitsec_eval.judge.protocol import (
    BATCH_FINDINGS,
    JudgePrompt,
    Vote,
    agree,
    judge_prompt,
    majority,
    prompt_characters,
    sureness,
)
from bitsec_eval.judge.record import UnjudgeableError

CHARACTERS = 4_000_000
"""What a judge reads of one report at most, about a million tokens: 60 long findings against 20 expected ones."""

_WORTH: dict[Verdict, float] = {"match": 1.0, "partial": 0.5, "none": 0.0}
# Among equally good pairings the one the official protocol sees first is taken; too small to weigh otherwise.
_LATER_BATCH = 1e-5
_LATER_FINDING = 1e-8


class Votes(Protocol):
    """Casts votes on questions; see `bitsec_eval.judge.record.Judge`."""

    def vote(self, prompt: JudgePrompt, repeat: int) -> Vote:
        """Return the vote number `repeat` on a question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consensus:
    """What the votes on one expected finding and one batch come to; `reported` counts over all batches."""

    verdict: Verdict
    reported: int | None
    confidence: float
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LLMMatcher:
    """Asks `judge`, up to `parallel` questions at a time; the order of its answers changes nothing.

    A question that gets no judgement is split into one for each reported finding; a finding that cannot be judged
    alone either is no match. So is one for which the judge would have to read more than `characters` in all, counted
    for two votes on each question in the order in which findings are reported.
    """

    judge: Votes
    parallel: int = 8
    characters: int = CHARACTERS

    def match(self, expected: Sequence[Finding], reported: Sequence[Finding]) -> tuple[Decision, ...]:
        """Return one decision for each expected finding.

        Raises:
            InferenceError: the judge cannot be asked: there is no decision then, not a miss.
        """
        judged = reported[: affordable(expected, reported, self.characters)]
        batches = [judged[at : at + BATCH_FINDINGS] for at in range(0, len(judged), BATCH_FINDINGS)]
        table = self._consensus(expected, batches)
        given = assign([_gains(row, found, len(judged)) for row, found in enumerate(table)])
        return tuple(_decision(row, found, given) for row, found in enumerate(table))

    def _consensus(self, expected: Sequence[Finding], batches: Sequence[Sequence[Finding]]) -> list[list[Consensus]]:
        """Return the consensus on each expected finding in each batch."""
        asked = list(product(expected, range(len(batches))))
        with ThreadPoolExecutor(max_workers=self.parallel) as workers:
            found = list(workers.map(lambda pair: self._on_batch(pair[0], pair[1], batches[pair[1]]), asked))
        width = len(batches)
        return [found[row * width : (row + 1) * width] for row in range(len(expected))]

    def _on_batch(self, truth: Finding, number: int, batch: Sequence[Finding]) -> Consensus:
        first = number * BATCH_FINDINGS
        try:
            return self._voted(truth, batch, first)
        except UnjudgeableError:
            alone = [self._alone(truth, finding, first + place) for place, finding in enumerate(batch)]
            return max(alone, key=lambda each: (_WORTH[each.verdict], each.confidence))

    def _alone(self, truth: Finding, finding: Finding, place: int) -> Consensus:
        try:
            return self._voted(truth, [finding], place)
        except UnjudgeableError as error:
            told = f"it judges other findings, but not reported finding {place} ({error})"
            return Consensus(verdict="none", reported=None, confidence=0.0, explanation=told)

    def _voted(self, truth: Finding, batch: Sequence[Finding], first: int) -> Consensus:
        asked = judge_prompt(truth, batch)
        votes: list[Vote] = []
        while not agree(votes):
            votes.append(self.judge.vote(asked, len(votes)))
        chosen = majority(votes)
        return Consensus(
            verdict=chosen.verdict,
            reported=None if chosen.index is None else first + chosen.index,
            confidence=sureness(votes),
            explanation=chosen.explanation,
        )


def affordable(expected: Sequence[Finding], reported: Sequence[Finding], characters: int) -> int:
    """Return how many of the reported findings, from the first, a judge can read within so many characters."""
    left = characters
    truths = sum(prompt_characters(judge_prompt(truth, [])) for truth in expected)
    for place, finding in enumerate(reported):
        if place % BATCH_FINDINGS == 0:
            left -= 2 * truths
        told = judge_prompt(finding, [finding])
        left -= 2 * len(expected) * len(told.reported)
        if left < 0:
            return place
    return len(reported)


def _gains(row: int, found: Sequence[Consensus], columns: int) -> list[float]:
    gains = [0.0] * columns
    for number, each in enumerate(found):
        if each.reported is not None:
            gains[each.reported] = _WORTH[each.verdict] - _LATER_BATCH * number - _LATER_FINDING * row
    return gains


def _decision(row: int, found: Sequence[Consensus], given: tuple[int | None, ...]) -> Decision:
    column = given[row]
    if column is not None:
        each = next(each for each in found if each.reported == column)
        return Decision(
            expected=row,
            reported=column,
            verdict=each.verdict,
            confidence=each.confidence,
            reason=f"the judge: {each.explanation}",
        )
    return _unmatched(row, found, given)


def _unmatched(row: int, found: Sequence[Consensus], given: tuple[int | None, ...]) -> Decision:
    best = max(found, key=lambda each: (_WORTH[each.verdict], each.confidence), default=None)
    if best is None:
        reason = "nothing was reported"
    elif best.reported is None:
        reason = f"the judge: {best.explanation}"
    else:
        other = given.index(best.reported)
        reason = (
            f"reported finding {best.reported} is credited to expected finding {other}; the judge: {best.explanation}"
        )
    confidence = best.confidence if best else 0.0
    return Decision(
        expected=row,
        reported=None,
        verdict="none",
        confidence=confidence,
        reason=reason,
        nearest=best.reported if best else None,
    )
