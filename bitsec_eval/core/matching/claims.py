"""Reads which functions a reported finding accuses, and which it clears.

Where it says so is read in this order: the location, else the title, else the description.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from bitsec_eval.core.matching.denial import acquits, waives
from bitsec_eval.core.matching.kinds import kinds_in
from bitsec_eval.core.matching.places import functions_in, spellings
from bitsec_eval.core.reports.finding import Finding

_SENTENCE = re.compile(r"(?<=[.!?])\s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a finding claims about a project: which of its functions are at fault, and of what kinds."""

    functions: frozenset[str]
    kinds: frozenset[str]


@lru_cache(maxsize=1024)
def claim(finding: Finding, functions: frozenset[str]) -> Claim:
    """Return what `finding` claims about `functions`, all those of a project; nothing if it denies a fault."""
    if denies(finding):
        return Claim(functions=frozenset(), kinds=frozenset())
    written = spellings(functions)
    places = (functions_in(text, written) for text in by_weight(finding))
    kinds = kinds_in(finding.vulnerability_type) | kinds_in(finding.title) or kinds_in(finding.description)
    return Claim(functions=next(filter(None, places), frozenset()), kinds=kinds)


def by_weight(finding: Finding) -> tuple[str, str, str]:
    """Return the texts that say where a finding is, in the order a reader would ask them."""
    return finding.location, finding.title, finding.description


def denies(finding: Finding) -> bool:
    """Whether `finding` says that there is no fault."""
    opening = _SENTENCE.split(finding.description, maxsplit=1)[0]
    words = (finding.severity, finding.vulnerability_type)
    return any(map(waives, words)) or any(map(acquits, (*words, finding.title, opening)))
