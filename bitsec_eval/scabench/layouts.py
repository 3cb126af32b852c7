"""Report files as different tools write them, read as the one form an agent reports in.

Bitsec writes `{"vulnerabilities": [...]}`, ScaBench's baseline `{"project": ..., "findings": [...]}`, AuditAgent a
plain list whose fields are called Issue, Severity, Description and Contracts; its scorer's result files tell what was
reported beside what was decided. One object a line is a list too. slither, aderyn and SARIF: see `tool_reports.py`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from bitsec_eval.core.errors import AnswerFault
from bitsec_eval.core.reports.printed_json import not_utf_8
from bitsec_eval.core.reports.report import Report, parse_report
from bitsec_eval.scabench.tool_reports import doubt_about, findings_of_tool

_UNDERSTOOD = "give what an agent, ScaBench's baseline, AuditAgent, slither, aderyn or a SARIF tool writes"


def read_report(text: str) -> Report:
    """Return the report that `text`, a file decoded with "surrogateescape", holds in any layout.

    Raises:
        AnswerFault: it is a report in none of them, or nothing of it was understood; the message says where and why.
    """
    bare = text.removeprefix("\ufeff")
    fault = not_utf_8(bare)
    if fault:
        raise fault
    value = _json(bare)
    entries = _entries(value)
    if entries is None:
        return _told(parse_report(bare))
    report = _told(parse_report(json.dumps({"findings": entries})))
    doubt = "" if report.findings else doubt_about(value)
    return replace(report, notes=(*report.notes, doubt)) if doubt else report


def project_in(text: str) -> str:
    """Return the project a report says it is about, nothing where it does not say."""
    value = _json(text.removeprefix("\ufeff"))
    named = [value.get(key) for key in ("project_id", "project")] if isinstance(value, dict) else []
    return next((name for name in named if isinstance(name, str)), "")


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _told(report: Report) -> Report:
    """Return `report` unless it has entries and says nothing in any of them."""
    if report.findings and not any(each.title or each.description or each.location for each in report.findings):
        raise AnswerFault(
            f"the report is not made of findings: none of its {len(report.findings)} entries has a title,"
            f" a description or a location; {_UNDERSTOOD}"
        )
    blank = [at for at, each in enumerate(report.findings) if not (each.title or each.description or each.location)]
    kept = tuple(each for at, each in enumerate(report.findings) if at not in blank)
    notes = tuple(f"entry {at} has no title, description or location; left out" for at in blank)
    return replace(report, findings=kept, notes=(*report.notes, *notes)) if blank else report


def _entries(value: object) -> list[object] | None:
    """Return the findings of a layout that has to be respelled, None where `parse_report` can judge alone."""
    of_tool = findings_of_tool(value)
    if of_tool is not None:
        return list(of_tool)
    if isinstance(value, list):
        return list(_decided(value)) if _is_result_file(value) else value
    return None


_DECIDED = ("index_of_finding_from_junior_auditor", "finding_description_from_junior_auditor")


def _is_result_file(entries: list[object]) -> bool:
    """Whether these are decisions that AuditAgent's scorer wrote down, with what it held them for."""
    return bool(entries) and all(isinstance(each, Mapping) and set(_DECIDED) <= each.keys() for each in entries)


def _decided(entries: list[object]) -> Iterator[object]:
    """Yield each finding that some decision names, once."""
    seen: set[object] = set()
    for entry in entries:
        assert isinstance(entry, Mapping)  # noqa: S101 - the caller looked
        text, severity = entry[_DECIDED[1]], entry.get("severity_from_junior_auditor")
        if isinstance(text, str) and text.strip() not in ("", "NOT FOUND", "N/A") and text not in seen:
            seen.add(text)
            yield {"description": text, "severity": severity}
