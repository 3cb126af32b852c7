"""One vulnerability, as the truth states it or an agent reports it."""

from dataclasses import dataclass


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
