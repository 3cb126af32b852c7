"""Matching where the truth names file, function and kind: deterministic, and strict about vagueness.

A reported finding is the expected one when it names the file, one of the functions at fault and a kind that fits.
Where it says so is read in the order a reader would: the location, else the title, else the description.
A finding that names more than a few functions, files or kinds has named none of them.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bitsec_eval.core.errors import TaskError
from bitsec_eval.core.finding import Finding
from bitsec_eval.core.matching import Decision, Verdict
from bitsec_eval.core.matching.assignment import assign
from bitsec_eval.core.matching.kinds import KINDS, acquits, kinds_in, waives
from bitsec_eval.core.text import one_line

MOST_FUNCTIONS = 3
MOST_FILES = 3
MOST_KINDS = 4

_WORD = re.compile(r"(?<![A-Za-z0-9_$])[A-Za-z_$][A-Za-z0-9_$]*")
_SOURCE = re.compile(r"(?<![\w$./\\-])[\w$./\\-]+?\.sol\b")
_SENTENCE = re.compile(r"(?<=[.!?])\s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One vulnerability as a task's author knows it.

    `file` and `function` say where, `contract` what the file defines there, `also` at which other functions the same
    fault may as well be placed, `kinds` what it may be called (ids of `KINDS`).
    With `mentions`, a finding must also hold one of these words somewhere (case does not count).
    `neighbours` are all the project's other functions, the innocent ones.

    Raises:
        TaskError: a kind is unknown, or a function is both at fault and innocent.
    """

    file: str
    function: str
    kinds: tuple[str, ...]
    contract: str = ""
    also: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    neighbours: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        unknown = [kind for kind in self.kinds if kind not in KINDS]
        if unknown or not self.kinds:
            found = f"does not know {unknown[0]!r}" if unknown else "needs one at least"
            raise TaskError(f"kinds {found}; known are {', '.join(sorted(KINDS))}")
        both = self.functions & set(self.neighbours)
        if both:
            raise TaskError(f"{sorted(both)[0]!r} is both at fault and a neighbour; leave it out of one of them")

    @property
    def functions(self) -> frozenset[str]:
        """The functions at which the fault may be placed."""
        return frozenset({self.function, *self.also})

    @property
    def fits(self) -> frozenset[str]:
        """The kinds the fault may be called."""
        return frozenset(self.kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a finding claims about a project: which of its functions are at fault, and of what kinds."""

    functions: frozenset[str]
    kinds: frozenset[str]


@lru_cache(maxsize=1024)
def claim(finding: Finding, functions: frozenset[str]) -> Claim:
    """Return what `finding` claims about `functions`, all those of a project; nothing if it denies a fault."""
    if _denies(finding):
        return Claim(functions=frozenset(), kinds=frozenset())
    places = (functions.intersection(_WORD.findall(text)) for text in _by_weight(finding))
    kinds = kinds_in(finding.vulnerability_type) | kinds_in(finding.title) or kinds_in(finding.description)
    return Claim(functions=next(filter(None, places), frozenset()), kinds=kinds)


def _by_weight(finding: Finding) -> tuple[str, str, str]:
    return finding.location, finding.title, finding.description


def _denies(finding: Finding) -> bool:
    opening = _SENTENCE.split(finding.description, maxsplit=1)[0]
    words = (finding.severity, finding.vulnerability_type)
    return any(map(waives, words)) or any(map(acquits, (*words, finding.title, opening)))


@dataclass(frozen=True, slots=True)
class _Judgement:
    verdict: Verdict
    reason: str
    nearness: int


class StructuredMatcher:
    """Matches findings against truths that name file, function and kind."""

    def match(self, expected: Sequence[Expected], reported: Sequence[Finding]) -> tuple[Decision, ...]:
        """Return one decision for each expected finding, as many of them matches as can be at once.

        What no match took may still be partly right: the right place, and a kind that does not fit.
        """
        table = [[_judge(truth, finding) for finding in reported] for truth in expected]
        given = assign([[_WORTH[held.verdict] for held in row] for row in table])
        return tuple(_decision(index, row, given[index]) for index, row in enumerate(table))


_WORTH: dict[Verdict, float] = {"match": 1.0, "partial": 0.001, "none": 0.0}
"""No number of partial matches (a report has 100 findings at most) is worth giving up one match."""

_CONFIDENCE: dict[Verdict, float] = {"match": 1.0, "partial": 0.5, "none": 0.0}


def _decision(index: int, row: Sequence[_Judgement], reported: int | None) -> Decision:
    if reported is not None:
        held = row[reported]
        return Decision(
            expected=index,
            reported=reported,
            verdict=held.verdict,
            confidence=_CONFIDENCE[held.verdict],
            reason=f"finding {reported} {held.reason}",
        )
    return Decision(expected=index, reported=None, verdict="none", confidence=0.0, reason=_nearest_miss(row))


def _nearest_miss(row: Sequence[_Judgement]) -> str:
    if not row:
        return "nothing was reported"
    nearest = max(range(len(row)), key=lambda index: (row[index].nearness, -index))
    if row[nearest].verdict != "none":
        return f"finding {nearest} {row[nearest].reason}, but counts for another expected finding"
    return f"no finding is near; the nearest, {nearest}, {row[nearest].reason}"


def _judge(truth: Expected, finding: Finding) -> _Judgement:
    if _denies(finding):
        return _Judgement("none", "says that there is no fault", 0)
    made = claim(finding, truth.functions | set(truth.neighbours))
    return _misplaced(truth, finding, made) or _judge_kind(truth, finding, made)


def _misplaced(truth: Expected, finding: Finding, made: Claim) -> _Judgement | None:
    if not made.functions:
        return _Judgement("none", "names no function of the project", 0)
    if not made.functions & truth.functions:
        return _Judgement("none", f"is about {_listed(made.functions)}, not {truth.function}", 1)
    if len(made.functions) > MOST_FUNCTIONS:
        return _Judgement("none", f"names {len(made.functions)} functions at once, which is no place", 2)
    trouble = _other_file(truth, finding)
    return _Judgement("none", trouble, 3) if trouble else None


def _judge_kind(truth: Expected, finding: Finding, made: Claim) -> _Judgement:
    place = f"names {truth.file} and {_listed(made.functions & truth.functions)}"
    if not made.kinds:
        return _Judgement("none", f"{place}, but no known kind of vulnerability", 4)
    if len(made.kinds) > MOST_KINDS:
        return _Judgement("none", f"{place}, but {len(made.kinds)} kinds at once, which is no claim", 4)
    fitting = made.kinds & truth.fits
    if not fitting:
        return _Judgement("partial", f"{place}, but calls it {_listed(made.kinds)}", 5)
    if truth.mentions and not any(word.lower() in _all_text(finding) for word in truth.mentions):
        return _Judgement("partial", f"{place} and calls it {_listed(fitting)}, but of something else", 5)
    return _Judgement("match", f"{place} and calls it {_listed(fitting)}", 6)


def _all_text(finding: Finding) -> str:
    return f"{finding.title}\n{finding.description}\n{finding.vulnerability_type}".lower()


def _listed(names: Iterable[str]) -> str:
    return one_line(", ".join(sorted(names)), 200)


def _other_file(truth: Expected, finding: Finding) -> str:
    """Return what is wrong with the file that `finding` names, or nothing."""
    if finding.file.strip():
        return _wrong_file(truth, finding.file)
    named = [text for text in _by_weight(finding) if _SOURCE.search(text)]
    if named:
        return _wrong_file(truth, named[0])
    if any(truth.contract in _WORD.findall(text) for text in _by_weight(finding)):
        return ""
    return "names no file"


def _wrong_file(truth: Expected, text: str) -> str:
    files = set(_SOURCE.findall(text))
    if len(files) > MOST_FILES:
        return f"names {len(files)} files at once, which is no place"
    if any(_same_file(truth.file, file) for file in files) or (not files and truth.contract in _WORD.findall(text)):
        return ""
    return f"is about the file {one_line(text, 80)}, not {truth.file}"


def _same_file(one: str, other: str) -> bool:
    """Whether one path ends in the other, so that both can mean the same file."""
    first, second = (path.replace("\\", "/").lstrip("./").split("/") for path in (one, other))
    short = min(len(first), len(second))
    return first[-short:] == second[-short:]
