"""Matching where the expected finding names file, function and kind: deterministic, and strict about vagueness.

A reported finding is the expected one when it names the file, one of the functions at fault and a kind that fits.
Where it says so is read in the order a reader would: the location, else the title, else the description.
A finding that names more than a few functions, files or kinds has named none of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bitsec_eval.core.matching import Decision, Verdict
from bitsec_eval.core.matching.assignment import assign
from bitsec_eval.core.matching.claims import Claim, by_weight, claim, denies
from bitsec_eval.core.matching.expected import ExpectedFinding
from bitsec_eval.core.matching.places import SOURCE, holders, names_any, same_file
from bitsec_eval.core.reports.finding import Finding
from bitsec_eval.core.text import one_line

MOST_FUNCTIONS = 3
MOST_FILES = 3
MOST_KINDS = 4


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one reported finding is to an expected one, and how near it comes to it, from 0 to 6."""

    verdict: Verdict
    reason: str
    nearness: int


class StructuredMatcher:
    """Matches findings against expected findings that name file, function and kind."""

    def match(self, expected: Sequence[ExpectedFinding], reported: Sequence[Finding]) -> tuple[Decision, ...]:
        """Return one decision for each expected finding, as many of them matches as can be at once.

        What no match took may still be partly right: the right place, and a kind that does not fit.
        """
        table = [[judged(each, finding) for finding in reported] for each in expected]
        given = assign([[_WORTH[held.verdict] for held in row] for row in table])
        return tuple(_decision(index, row, given[index]) for index, row in enumerate(table))


_WORTH: dict[Verdict, float] = {"match": 1.0, "partial": 0.001, "none": 0.0}
"""No number of partial matches (a report has 100 findings at most) is worth giving up one match."""

_CONFIDENCE: dict[Verdict, float] = {"match": 1.0, "partial": 0.5, "none": 0.0}


def _decision(index: int, row: Sequence[Judgement], reported: int | None) -> Decision:
    if reported is not None:
        held = row[reported]
        return Decision(
            expected=index,
            reported=reported,
            verdict=held.verdict,
            confidence=_CONFIDENCE[held.verdict],
            reason=f"finding {reported} {held.reason}",
        )
    return _nearest_miss(index, row)


def _nearest_miss(index: int, row: Sequence[Judgement]) -> Decision:
    nearest = max(range(len(row)), key=lambda at: (row[at].nearness, -at), default=None)
    if nearest is None:
        reason = "nothing was reported"
    elif row[nearest].verdict != "none":
        reason = f"finding {nearest} {row[nearest].reason}, but counts for another expected finding"
    else:
        reason = f"no finding is near; the nearest, {nearest}, {row[nearest].reason}"
    return Decision(expected=index, reported=None, verdict="none", confidence=0.0, reason=reason, nearest=nearest)


def judged(expected: ExpectedFinding, finding: Finding) -> Judgement:
    """Return what `finding` is to `expected`, whatever else was reported."""
    if denies(finding):
        return Judgement("none", "says that there is no fault", 0)
    made = claim(finding, expected.functions | set(expected.neighbours))
    return _misplaced(expected, finding, made) or _judge_kind(expected, finding, made)


def _misplaced(expected: ExpectedFinding, finding: Finding, made: Claim) -> Judgement | None:
    if not made.functions:
        return Judgement("none", "names no function of the project", 0)
    if not made.functions & expected.functions:
        return Judgement("none", f"is about {_listed(made.functions)}, not {expected.function}", 1)
    if len(made.functions) > MOST_FUNCTIONS:
        return Judgement("none", f"names {len(made.functions)} functions at once, which is no place", 2)
    trouble = _other_file(expected, finding)
    return Judgement("none", trouble, 3) if trouble else None


def _judge_kind(expected: ExpectedFinding, finding: Finding, made: Claim) -> Judgement:
    place = f"names {expected.file} and {_listed(made.functions & expected.functions)}"
    if not made.kinds:
        return Judgement("none", f"{place}, but no known kind of vulnerability", 4)
    if len(made.kinds) > MOST_KINDS:
        return Judgement("none", f"{place}, but {len(made.kinds)} kinds at once, which is no claim", 4)
    fitting = made.kinds & expected.fits
    if not fitting:
        return Judgement("partial", f"{place}, but calls it {_listed(made.kinds)}", 5)
    if expected.mentions and not any(word.lower() in _all_text(finding) for word in expected.mentions):
        return Judgement("partial", f"{place} and calls it {_listed(fitting)}, but of something else", 5)
    return Judgement("match", f"{place} and calls it {_listed(fitting)}", 6)


def _all_text(finding: Finding) -> str:
    return f"{finding.title}\n{finding.description}\n{finding.vulnerability_type}".lower()


def _listed(names: Iterable[str]) -> str:
    return one_line(", ".join(sorted(names)), 200)


def _other_file(expected: ExpectedFinding, finding: Finding) -> str:
    """Return what is wrong with the file that `finding` names, or nothing."""
    if finding.file.strip():
        return _wrong_file(expected, finding.file)
    named = [text for text in by_weight(finding) if SOURCE.search(text)]
    if named:
        return _wrong_file(expected, named[0])
    if any(names_any(_holders(expected), text) for text in by_weight(finding)):
        return ""
    return "names no file"


def _wrong_file(expected: ExpectedFinding, text: str) -> str:
    files = set(SOURCE.findall(text))
    if len(files) > MOST_FILES:
        return f"names {len(files)} files at once, which is no place"
    if any(same_file(expected.file, file) for file in files):
        return ""
    if not files and names_any(_holders(expected), text):
        return ""
    return f"is about the file {one_line(text, 80)}, not {expected.file}"


def _holders(expected: ExpectedFinding) -> frozenset[str]:
    """Return what may be named instead of the file; a module called like its function is none."""
    return holders(expected.file, expected.contract) - expected.functions
