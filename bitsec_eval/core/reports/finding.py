"""One vulnerability, as the truth states it or an agent reports it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One reported or expected vulnerability; every text is exactly what was reported, and may be empty.

    Field names are those ScaBench stores. `confidence` lies in 0..1, or is None where none was given.
    `poc` is the Solidity source of an exploit that is to prove it, "" without one; it is no text to be matched.
    """

    title: str = ""
    description: str = ""
    severity: str = ""
    vulnerability_type: str = ""
    file: str = ""
    location: str = ""
    confidence: float | None = None
    poc: str = ""

    @property
    def texts(self) -> dict[str, str]:
        """Every text of the finding by field name, in the order of the fields."""
        return {name: getattr(self, name) for name in TEXT_FIELDS}


TEXT_FIELDS = ("title", "description", "severity", "vulnerability_type", "file", "location")
