"""A report beside what was expected: what was expected, what was reported, what is credited with what, and why.

A sheet holds the expected findings, so it is for whoever runs the evaluation, never for a miner.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from bitsec_eval.core.matching import Decision
from bitsec_eval.core.proof.verdict import Attack
from bitsec_eval.core.reports.finding import Finding
from bitsec_eval.core.reports.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One expected finding, by the name its reader knows it by, and what was decided on it.

    `credited` says whether it counts in the end; a match that other findings of the report take back does not.
    """

    name: str
    expected: Finding
    decision: Decision
    credited: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonSheet:
    """One report held against the expected findings; `twin` is what the same agent said of the mended twin.

    `summary` sums it up in a line, `notes` are lines on the report as a whole.
    `told` and `twin_told` say of each reported finding what it is to them; they may be empty.
    `attacks` are those that an answer which is run rests on, for tasks without findings; `proves` says whether it
    stands there, and is None for a report.
    `trouble` says why nothing could be decided, and is empty where it was.
    """

    pairs: tuple[Pair, ...] = ()
    report: Report = field(default_factory=Report)
    twin: Report | None = None
    summary: str = ""
    notes: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    twin_told: tuple[str, ...] = ()
    attacks: tuple[Attack, ...] = ()
    proves: bool | None = None
    trouble: str = ""

    @property
    def spare(self) -> tuple[int, ...]:
        """The reported findings that no expected one took, by number."""
        used = {pair.decision.reported for pair in self.pairs}
        return tuple(at for at in range(len(self.report.findings)) if at not in used)

    def told_of(self, reported: int) -> str:
        """Return what reported finding number `reported` is to the truth, as far as it is known."""
        if self.told:
            return self.told[reported]
        return "; ".join(f"nearest to {pair.name}" for pair in self._nearest_to(reported))

    def _nearest_to(self, reported: int) -> Iterator[Pair]:
        return (pair for pair in self.pairs if pair.decision.nearest == reported)
