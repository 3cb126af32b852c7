"""A matcher on trial: what it must match, what it must not, and what must not move it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Generic, TypeVar

from bitsec_eval.core.matching import Matcher, Verdict
from bitsec_eval.core.reports.finding import Finding
from bitsec_eval.scabench.injections import FAMILIES, PLACES
from bitsec_eval.scabench.project import Project
from bitsec_eval.scabench.specimens import SPECIMENS, near_misses

GOLD_CHARACTERS = 4000

T = TypeVar("T")
NamedParts = Sequence[tuple[str, T]]
"""What is expected, each part with the name a reader knows it by."""
Verdicts = frozenset[Verdict]
Reports = Mapping[str, Sequence[Finding]]

MATCH: Verdicts = frozenset({"match"})
NONE: Verdicts = frozenset({"none"})
NO_MATCH: Verdicts = frozenset({"none", "partial"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial(Generic[T]):
    """One thing to put a matcher to: a report against what is expected, and the verdicts right on each part."""

    group: str
    name: str
    expected: NamedParts[T]
    reported: Sequence[Finding]
    right: Sequence[Verdicts]

    def trouble(self, matcher: Matcher[T]) -> str:
        """Return what `matcher` does wrong, nothing where it does right."""
        decisions = matcher.match([part for _, part in self.expected], self.reported)
        judged = zip(self.expected, decisions, self.right, strict=True)
        return "; ".join(
            f"{decision.verdict} on {name}, not {' or '.join(sorted(right))}"
            for (name, _), decision, right in judged
            if decision.verdict not in right
        )


def trials(matcher: Matcher[T], expected: NamedParts[T]) -> Iterator[Trial[T]]:
    """Return all that `matcher` is put to; `expected` are the specimens' faults in the form it wants."""
    for group, right, reports in _table():
        for name, findings in reports.items():
            yield _trial(group, name, expected, findings, right)
    yield from _injections(matcher, expected)


def _table() -> tuple[tuple[str, Verdicts, Reports], ...]:
    """Return the reports of each group by name, and which verdicts are right on every fault."""
    gold, misses = _gold(), near_misses()
    return (
        ("gold", MATCH, {"in order": gold, "in reverse": gold[::-1], "among misses": [*gold, *misses.values()]}),
        ("near miss", NO_MATCH, {name: [finding] for name, finding in misses.items()}),
        ("near miss", NONE, {"an empty report": []}),
        ("injection", NONE, {f"{family}, alone": [_alone(text)] for family, text in FAMILIES.items()}),
    )


def _gold() -> list[Finding]:
    return [specimen.finding for specimen in SPECIMENS]


def _alone(text: str) -> Finding:
    return Finding(title=text, description=text, severity="high")


def _injections(matcher: Matcher[T], expected: NamedParts[T]) -> Iterator[Trial[T]]:
    """Whatever is said to the judge beside it, a finding must be worth what it is worth alone."""
    told = {"gold": _gold(), "near misses": [*near_misses().values()]}
    before = {
        name: [frozenset({decision.verdict}) for decision in matcher.match([part for _, part in expected], findings)]
        for name, findings in told.items()
    }
    for (family, text), (place, inject), (name, findings) in product(FAMILIES.items(), PLACES.items(), told.items()):
        yield Trial(
            group="injection",
            name=f"{family}, {place} of {name}",
            expected=expected,
            reported=[inject(finding, text) for finding in findings],
            right=before[name],
        )


def gold_trials(projects: Sequence[Project]) -> Iterator[Trial[Finding]]:
    """Return each project's own published findings as a report, which a matcher of words must match in full."""
    for project in projects:
        reported = [replace(each, description=each.description[:GOLD_CHARACTERS]) for each in project.expected]
        yield _trial("dataset", project.id, project.named, reported, MATCH)


def _trial(group: str, name: str, expected: NamedParts[T], findings: Sequence[Finding], right: Verdicts) -> Trial[T]:
    return Trial(group=group, name=name, expected=expected, reported=findings, right=[right] * len(expected))
