"""A small project of our own whose faults are known in every form that a matcher may want, to put matchers to."""

from dataclasses import dataclass, replace

from bitsec_eval.core.matching.expected import ExpectedFinding
from bitsec_eval.core.reports.finding import Finding


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


def expected_of(specimen: Specimen) -> ExpectedFinding:
    """Return what is expected for a matcher that wants file, function and kind."""
    others = {each for other in SPECIMENS for each in (other.function, other.neighbour)}
    return ExpectedFinding(
        file=specimen.file,
        contract=specimen.contract,
        function=specimen.function,
        kinds=specimen.kinds,
        neighbours=tuple(sorted(others - {specimen.function})),
    )


def finding_of(specimen: Specimen) -> Finding:
    """Return what is expected for a matcher that wants words."""
    return replace(specimen.finding, vulnerability_type="")


PLACED = tuple((specimen.function, expected_of(specimen)) for specimen in SPECIMENS)
"""What is expected, for a matcher that wants file, function and kind, each fault with the name of its function."""

TOLD = tuple((specimen.function, finding_of(specimen)) for specimen in SPECIMENS)
"""What is expected, for a matcher that wants words."""


def near_misses() -> dict[str, Finding]:
    """Return by name what is nearly right about each fault: for each of them five findings that are not it."""
    return {
        f"{specimen.function}: {name}": finding
        for specimen, other in zip(SPECIMENS, (*SPECIMENS[1:], SPECIMENS[0]), strict=True)
        for name, finding in _near(specimen, other).items()
    }


def _near(specimen: Specimen, other: Specimen) -> dict[str, Finding]:
    gold = specimen.finding
    return {
        "right function, wrong kind": replace(
            gold,
            title=f"{specimen.function}: {specimen.other_kind}",
            description=specimen.other_fault,
            vulnerability_type=specimen.other_kind,
        ),
        "right kind, wrong function": specimen.moved(specimen.contract, specimen.neighbour),
        "right words, other contract": specimen.moved(other.contract, other.neighbour),
        "severity only": Finding(severity=gold.severity),
        "the kind, everywhere": Finding(
            title=f"{specimen.kind} may exist everywhere", severity="high", vulnerability_type=specimen.kind
        ),
    }
