"""Other layouts in which agents and tools write reports, respelled into the one that the audit prompt asks for.

Agents that report in another form have understood the task and missed a word of it: a plain list, the list under
another key or inside another object, one finding alone, one a line, fields under other names.
"""

import json
from collections.abc import Mapping

LISTS = ("vulnerabilities", "findings", "issues", "results")
"""Keys under which findings are listed; the first two are those of reports, the others also of much else."""

_SPELLINGS = {
    "title": ("Issue", "Title", "issue", "name", "summary"),
    "description": ("Description", "details", "detail", "body"),
    "severity": ("Severity", "Impact", "impact", "risk"),
    "vulnerability_type": ("Category", "category", "type", "vulnerabilityType", "vulnerability_class"),
    "file": ("Contracts", "contracts", "files", "Contract", "File", "filename", "file_path", "path"),
    "location": ("Function", "functions", "function", "Location", "locations"),
}
_MOST_NESTED = 3
_FEWEST_FIELDS = 2  # of an object that is a finding


def spelled(entry: object) -> object:
    """Return one entry with the names that a report's fields have, from those that others give them.

    >>> spelled({"name": "Anyone can mint", "id": 7})
    {'name': 'Anyone can mint', 'id': 7, 'title': 'Anyone can mint'}
    """
    if not isinstance(entry, Mapping):
        return entry
    lacking = (field for field in _SPELLINGS if entry.get(field) in (None, "", []))
    others = {field: next((each for each in _SPELLINGS[field] if entry.get(each)), None) for field in lacking}
    return {**entry, **{field: entry[other] for field, other in others.items() if other}}


def _says_what(value: object) -> bool:
    fields = spelled(value)
    return isinstance(fields, Mapping) and isinstance(fields.get("title") or fields.get("description"), str)


def is_finding(value: object) -> bool:
    """Whether a value says what is wrong, and something else of a finding, under any names."""
    fields = spelled(value)
    if not isinstance(fields, Mapping) or not _says_what(fields):
        return False
    return sum(bool(fields.get(name)) for name in _SPELLINGS) >= _FEWEST_FIELDS


def listed_findings(value: object, depth: int = 0) -> list[object] | None:
    """Return the findings in a value of another layout than a report's, None where it is none that is known."""
    if isinstance(value, list):
        only = listed_findings(value[0], depth + 1) if len(value) == 1 and depth < _MOST_NESTED else None
        return only or (value if all(map(is_finding, value)) else None)
    if not isinstance(value, Mapping):
        return None
    lists = [held for key, held in value.items() if key.lower() in LISTS]
    if lists:
        return lists[0] if len(lists) == 1 and isinstance(lists[0], list) else None
    if is_finding(value):
        return [value]
    inner = [held for held in value.values() if isinstance(held, Mapping)] if depth < _MOST_NESTED else []
    found = [each for each in (listed_findings(held, depth + 1) for held in inner) if each is not None]
    return found[0] if len(found) == 1 else None


def findings_in_lines(text: str) -> list[object] | None:
    """Return the findings of a text that has one JSON object a line, and at least two; None for any other text.

    Objects that say nothing of a fault are what a program logs.
    """
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) < 2 or not all(line.lstrip().startswith("{") for line in lines):
        return None
    try:
        values = [value for value in map(json.loads, lines) if _says_what(value)]
    except (ValueError, RecursionError):
        return None
    return values if any(map(is_finding, values)) else None
