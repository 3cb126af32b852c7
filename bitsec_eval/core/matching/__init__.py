"""Whether a reported finding is the expected one: one question, several matchers, one kind of answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from bitsec_eval.core.reports.finding import Finding

Verdict = Literal["match", "partial", "none"]

ExpectedT = TypeVar("ExpectedT", contravariant=True)
"""What reports are held against: an `ExpectedFinding` with file, function and kind, or a `Finding` in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What became of one expected finding, and why.

    `expected` and `reported` are indices into what the matcher was given.
    `reported` is None exactly where the verdict is "none": then `reason` tells of the nearest miss.
    `confidence` says how sure the matcher is, from 0 to 1, that the two are the same fault.
    `nearest` is, where nothing is credited, the reported finding that came nearest, if any was near.
    """

    expected: int
    reported: int | None
    verdict: Verdict
    confidence: float
    reason: str
    nearest: int | None = None


class Matcher(Protocol[ExpectedT]):
    """Decides which reported findings are which expected ones."""

    def match(self, expected: Sequence[ExpectedT], reported: Sequence[Finding]) -> tuple[Decision, ...]:
        """Return one decision for each expected finding, in their order; no two name one reported finding."""
