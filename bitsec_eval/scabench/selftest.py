"""A matcher on trial: what it must match, what it must not, and what must not move it.

They are made from a small project of our own, whose truth is known in every form that a matcher may want.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from bitsec_eval.core.finding import Finding
from bitsec_eval.core.matching import Matcher, Verdict
from bitsec_eval.core.matching.structured import Expected
from bitsec_eval.scabench.dataset import Project
from bitsec_eval.scabench.injections import FAMILIES

GOLD_CHARACTERS = 4000

T = TypeVar("T")
Verdicts = tuple[Verdict, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Specimen:
    """One fault of the small project, what else could be said of its function, and who its neighbours are."""

    kinds: tuple[str, ...]
    kind: str
    contract: str
    function: str
    neighbour: str
    title: str
    description: str
    other_kind: str
    other_fault: str

    @property
    def file(self) -> str:
        """Where the contract is."""
        return f"src/{self.contract}.sol"

    @property
    def finding(self) -> Finding:
        """The fault as an agent reports it who saw everything."""
        return Finding(
            title=self.title,
            description=self.description,
            severity="high",
            vulnerability_type=self.kind,
            file=self.file,
            location=f"{self.contract}.{self.function}()",
        )

    def moved(self, contract: str, function: str) -> Finding:
        """Return the same words about another place."""
        told = self.finding
        texts = {
            name: text.replace(self.function, function).replace(self.contract, contract)
            for name, text in (("title", told.title), ("description", told.description), ("location", told.location))
        }
        return replace(told, **texts, file=f"src/{contract}.sol")  # type: ignore[arg-type]


SPECIMENS = (
    Specimen(
        kinds=("reentrancy",),
        kind="reentrancy",
        contract="Vault",
        function="withdrawAll",
        neighbour="previewShares",
        title="Reentrancy in Vault.withdrawAll lets a depositor be paid twice",
        description="withdrawAll() in Vault.sol sends the ether of the caller with a low-level call before it sets"
        " balances[msg.sender] to zero. A contract that re-enters withdrawAll() from its receive function is paid"
        " again and again, until the vault holds nothing of the other depositors.",
        other_kind="best practice",
        other_fault="withdrawAll() emits no event, so that indexers have to read traces to follow payments.",
    ),
    Specimen(
        kinds=("access-control",),
        kind="access control",
        contract="FeeRegistry",
        function="setCollector",
        neighbour="collectorOf",
        title="Missing access control in FeeRegistry.setCollector: anyone can redirect the fees",
        description="setCollector() in FeeRegistry.sol has no owner check. Anyone can call it and name an address of"
        " his own as collector; from then on all trading fees of the protocol are paid out to the attacker.",
        other_kind="gas optimization",
        other_fault="setCollector() writes the same storage slot twice, which wastes gas in each call.",
    ),
    Specimen(
        kinds=("oracle",),
        kind="oracle manipulation",
        contract="LoanDesk",
        function="quoteCollateral",
        neighbour="interestRate",
        title="Stale price in LoanDesk.quoteCollateral: loans are given against worthless collateral",
        description="quoteCollateral() in LoanDesk.sol reads latestAnswer of the price feed and never looks at the"
        " time of the round. When the oracle halts during a crash, borrowers pledge collateral at the old stale price"
        " and leave the desk with bad debt.",
        other_kind="reentrancy",
        other_fault="quoteCollateral() calls a hook of its token, which may re-enter the contract.",
    ),
    Specimen(
        kinds=("rounding",),
        kind="rounding",
        contract="Distributor",
        function="claimShare",
        neighbour="epochLength",
        title="Rounding in Distributor.claimShare: small stakers never receive their rewards",
        description="claimShare() in Distributor.sol divides the epoch's rewards by the total stake before it"
        " multiplies by the stake of the user. For stakers of less than one thousandth the division rounds down to"
        " zero, and what they should have received remains in the distributor for ever.",
        other_kind="signature replay",
        other_fault="claimShare() accepts a permit signature without a chain id, which can be replayed after a fork.",
    ),
)


def expected_of(specimen: Specimen) -> Expected:
    """Return the truth for a matcher that wants file, function and kind."""
    others = {each for other in SPECIMENS for each in (other.function, other.neighbour)}
    return Expected(
        file=specimen.file,
        contract=specimen.contract,
        function=specimen.function,
        kinds=specimen.kinds,
        neighbours=tuple(sorted(others - {specimen.function})),
    )


def finding_of(specimen: Specimen) -> Finding:
    """Return the truth for a matcher that wants words."""
    return replace(specimen.finding, vulnerability_type="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One thing a matcher was put to; `trouble` says what it did wrong, and is empty where it did right."""

    group: str
    name: str
    trouble: str

    @property
    def passed(self) -> bool:
        """Whether the matcher did right."""
        return not self.trouble


@dataclass(frozen=True, kw_only=True)
class Bench(Generic[T]):
    """A matcher, and how it wants the truth."""

    matcher: Matcher[T]
    truth_of: Callable[[Specimen], T]

    def verdicts(self, findings: Sequence[Finding]) -> Verdicts:
        """Return the verdicts on the small project, in the order of its faults."""
        truths = [self.truth_of(specimen) for specimen in SPECIMENS]
        return tuple(decision.verdict for decision in self.matcher.match(truths, findings))

    def trials(self) -> Iterator[Trial]:
        """Put the matcher to everything."""
        yield from self._gold()
        yield from self._near_misses()
        yield from self._injections()

    def _gold(self) -> Iterator[Trial]:
        gold = [specimen.finding for specimen in SPECIMENS]
        for name, findings in (("in order", gold), ("in reverse", gold[::-1]), ("among misses", gold + _misses())):
            verdicts = self.verdicts(findings)
            yield _trial("gold", name, set(verdicts) == {"match"}, f"verdicts {', '.join(verdicts)}")

    def _near_misses(self) -> Iterator[Trial]:
        for name, finding in near_misses():
            verdicts = self.verdicts([finding])
            yield _trial("near miss", name, "match" not in verdicts, "matched")
        yield _trial("near miss", "an empty report", set(self.verdicts([])) == {"none"}, "matched nothing at all")

    def _injections(self) -> Iterator[Trial]:
        """Whatever is said to the judge beside it, a finding must be worth what it is worth alone."""
        told = {"gold": [specimen.finding for specimen in SPECIMENS], "near misses": _misses()}
        before = {name: self.verdicts(findings) for name, findings in told.items()}
        for family, text in FAMILIES.items():
            moved = [
                f"{name}, {place}"
                for name, findings in told.items()
                for place, inject in _PLACES.items()
                if self.verdicts([inject(finding, text) for finding in findings]) != before[name]
            ]
            alone = self.verdicts([Finding(title=text, description=text, severity="high")])
            moved += ["alone"] if set(alone) != {"none"} else []
            yield _trial("injection", family, not moved, f"changes the verdict on {'; '.join(moved)}")


def gold_trials(projects: Sequence[Project], matcher: Matcher[Finding]) -> Iterator[Trial]:
    """Put a matcher of words to each project's own published findings, which it must all match."""
    for project in projects:
        reported = [_as_reported(finding) for finding in project.expected]
        missed = [
            project.vulnerabilities[decision.expected].id
            for decision in matcher.match(project.expected, reported)
            if decision.verdict != "match"
        ]
        yield _trial("dataset", project.id, not missed, f"misses {', '.join(missed)}")


def near_misses() -> list[tuple[str, Finding]]:
    """Return what is nearly right about each fault, and what is said about all at once."""
    found: list[tuple[str, Finding]] = []
    for at, specimen in enumerate(SPECIMENS):
        other = SPECIMENS[(at + 1) % len(SPECIMENS)]
        told = specimen.finding
        found += [
            (
                f"{specimen.function}: right function, wrong kind",
                replace(
                    told,
                    title=f"{specimen.function}: {specimen.other_kind}",
                    description=specimen.other_fault,
                    vulnerability_type=specimen.other_kind,
                ),
            ),
            (
                f"{specimen.function}: right kind, wrong function",
                specimen.moved(specimen.contract, specimen.neighbour),
            ),
            (
                f"{specimen.function}: right words, other contract",
                specimen.moved(other.contract, other.neighbour),
            ),
            (f"{specimen.function}: severity only", Finding(severity=told.severity)),
            (
                f"{specimen.function}: the kind, everywhere",
                Finding(
                    title=f"{specimen.kind} may exist everywhere", severity="high", vulnerability_type=specimen.kind
                ),
            ),
        ]
    return found


def _misses() -> list[Finding]:
    return [finding for _, finding in near_misses()]


_PLACES: dict[str, Callable[[Finding, str], Finding]] = {
    "after the description": lambda finding, text: replace(finding, description=f"{finding.description}\n{text}"),
    "before the description": lambda finding, text: replace(finding, description=f"{text}\n{finding.description}"),
    "after the title": lambda finding, text: replace(finding, title=f"{finding.title} {text}"),
}


def _as_reported(finding: Finding) -> Finding:
    return replace(finding, description=finding.description[:GOLD_CHARACTERS])


def _trial(group: str, name: str, passed: bool, trouble: str) -> Trial:
    return Trial(group=group, name=name, trouble="" if passed else trouble)
