"""Report files as different tools write them, read as the one form an agent reports in.

Bitsec writes `{"vulnerabilities": [...]}`, ScaBench's baseline `{"project": ..., "findings": [...]}`,
AuditAgent a plain list whose fields are called Issue, Severity, Description and Contracts.
"""

import json
from collections.abc import Mapping

from bitsec_eval.core.report import Report, parse_report

_SPELLINGS = {
    "title": ("Issue", "Title", "issue", "name"),
    "description": ("Description", "details"),
    "severity": ("Severity", "Impact"),
    "vulnerability_type": ("Category", "category", "type", "vulnerabilityType"),
    "file": ("Contracts", "contracts", "files", "Contract"),
    "location": ("Function", "functions", "function", "Location"),
}
_LISTS = ("vulnerabilities", "findings", "results", "issues")


def read_report(text: str) -> Report:
    """Return the report that `text` holds in any of the three layouts.

    Raises:
        AnswerFault: it is a report in none of them; the message says where and why.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return parse_report(text)  # which says what is wrong with it, or finds a report between other lines
    entries = _entries(value)
    if entries is None:
        return parse_report(text)
    return parse_report(json.dumps({"findings": [_spelled(entry) for entry in entries]}))


def project_in(text: str) -> str:
    """Return the project a report says it is about, nothing where it does not say."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    named = [value.get(key) for key in ("project_id", "project")] if isinstance(value, dict) else []
    return next((name for name in named if isinstance(name, str)), "")


def _entries(value: object) -> list[object] | None:
    """Return the findings of a layout that has to be respelled, None where `parse_report` can judge alone."""
    if isinstance(value, list):
        return value
    lists = [value[key] for key in _LISTS if key in value] if isinstance(value, dict) else []
    return lists[0] if len(lists) == 1 and isinstance(lists[0], list) else None


def _spelled(entry: object) -> object:
    if not isinstance(entry, Mapping):
        return entry
    fields = {field: entry[field] for field in (*_SPELLINGS, "confidence") if field in entry}
    for field, spellings in _SPELLINGS.items():
        if not fields.get(field):
            fields[field] = next((entry[each] for each in spellings if entry.get(each)), None)
    return fields
