"""One vulnerability, as the truth states it or an agent reports it."""

import re
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is said to be, gravest first; `UNSAID` where nothing known was said."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"
    UNSAID = ""

    @property
    def grave(self) -> bool:
        """Whether an audit would have to stop for it: critical or high."""
        return self in {Severity.CRITICAL, Severity.HIGH}


_SPOKEN = (
    (Severity.CRITICAL, re.compile(r"\b(?:crit(?:ical)?|severe)\b")),
    (Severity.HIGH, re.compile(r"\b(?:high|major|h-?\d*)\b")),
    (Severity.MEDIUM, re.compile(r"\b(?:med(?:ium)?|moderate|m-?\d*)\b")),
    (Severity.LOW, re.compile(r"\b(?:low|minor|l-?\d*)\b")),
    (Severity.INFO, re.compile(r"\b(?:info(?:rmational)?|best[ _-]practices?|gas|notes?|undetermined)\b")),
)


def severity_of(text: str) -> Severity:
    """Return the one severity `text` speaks of, in any usual spelling; `UNSAID` for none or for several.

    >>> severity_of("High Risk")
    <Severity.HIGH: 'high'>
    """
    spoken = [severity for severity, words in _SPOKEN if words.search(text.lower())]
    return spoken[0] if len(spoken) == 1 else Severity.UNSAID


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One reported or expected vulnerability; every text is exactly what was reported, and may be empty.

    Field names are those ScaBench stores. `confidence` lies in 0..1, or is None where none was given.
    """

    title: str = ""
    description: str = ""
    severity: str = ""
    vulnerability_type: str = ""
    file: str = ""
    location: str = ""
    confidence: float | None = None

    @property
    def texts(self) -> dict[str, str]:
        """Every text of the finding by field name, in the order of the fields."""
        return {name: getattr(self, name) for name in TEXT_FIELDS}


TEXT_FIELDS = ("title", "description", "severity", "vulnerability_type", "file", "location")
