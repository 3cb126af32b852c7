"""Reads an agent's report: JSON on its stdout, read as the work of somebody who may want to break the reader.

The whole of stdout is the report; where it is not JSON, the last closed ```json block is, or the one object between
other text that is a report. Where there is none of the right form, one of another known layout will do.
So an agent may print what it is thinking first.
A field that cannot be read costs that field and not the finding, and `Report.notes` tells of it.
Nothing an agent can print makes `parse_report` raise anything but `AnswerFault`.
Nor can it take more time and memory than in proportion to what was printed.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from bitsec_eval.core.errors import AnswerFault
from bitsec_eval.core.proof.verdict import PocResult
from bitsec_eval.core.reports.finding import TEXT_FIELDS, Finding
from bitsec_eval.core.reports.printed_json import FORM, Unreadable, json_in
from bitsec_eval.core.reports.report_layouts import findings_in_lines, listed_findings, spelled
from bitsec_eval.core.text import one_line

MOST_FINDINGS = 100
MOST_TEXT_BYTES = 4096
MOST_POCS = 3
MOST_POC_BYTES = 64 << 10

AUDIT_PROMPT = """\
Audit the smart contracts in the current directory and below it.
Report the vulnerabilities through which somebody can lose funds or control, and nothing else: \
naming code that is sound costs you points, and a sound project deserves an empty list.

Print one JSON object and nothing else, of this form:
{"vulnerabilities": [{"title": "...", "description": "...", "severity": "...", "vulnerability_type": "...", \
"file": "...", "location": "...", "confidence": 0.9}]}

title: the fault in one sentence.
description: what is wrong, who can do what through it, and who loses.
severity: critical, high, medium, low or informational.
vulnerability_type: the class of the fault in a few words, for example "reentrancy" or "oracle manipulation".
file: the path of the file that holds the faulty function, from the current directory.
location: the name of the faulty function, or of the two or three that are at fault together.
confidence: a number from 0 to 1.

One entry for one fault. At most 100 entries are read, in your order.
Print {"vulnerabilities": []} if there is none.
"""
"""What a findings task tells its agent: the form `parse_report` reads, and not a word on what is wrong."""

_KEYS = ("vulnerabilities", "findings")
_NUMBER = re.compile(r"[+-]?\d{1,8}(?:\.\d{1,20})?(?: ?%)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The findings of one agent on one project, in its order; `dropped` more were not considered.

    `pocs` are the results of those pocs that were run, in the same order.
    `notes` are lines on what could not be read and was left out, in the order of the report.
    """

    findings: tuple[Finding, ...] = ()
    dropped: int = 0
    notes: tuple[str, ...] = ()
    pocs: tuple[PocResult, ...] = ()


def parse_report(text: str) -> Report:
    r"""Return the report that `text`, an agent's whole output decoded with "surrogateescape", holds.

    Of the findings the first 100 count, of each text the first 4 KiB.
    The first 3 pocs of at most 64 KiB count.
    A missing field is empty, a number is a text's own spelling, a list of texts is joined with commas.
    A field that is anything else is left out, and so is an entry that is no object; `notes` tells of both.

    Raises:
        AnswerFault: it is no report; the message says where and why.

    >>> parse_report('{"findings": [{"title": "Anyone can mint"}]}').findings[0].title
    'Anyone can mint'
    """
    try:
        return report_of(json_in(text, is_report))
    except AnswerFault:
        entries = _in_another_layout(text)
        if entries is None:
            raise
    return report_of({"findings": entries})


def _in_another_layout(text: str) -> list[object] | None:
    """Return the findings of a report of another layout, None where there is none."""
    lines = findings_in_lines(text)
    if lines is not None:
        return lines
    with suppress(AnswerFault):
        return listed_findings(json_in(text, lambda value: listed_findings(value) is not None))
    return None


def is_report(value: object) -> bool:
    """Whether a JSON value has the form of a report, whatever its entries are."""
    return isinstance(value, dict) and [isinstance(value[key], list) for key in _KEYS if key in value] == [True]


def report_of(value: object) -> Report:
    """Return the report that a JSON value is.

    Raises:
        AnswerFault: it is none.
    """
    entries = _entries(value)
    considered = entries[:MOST_FINDINGS]
    read = [_finding(index, entry) for index, entry in enumerate(considered)]
    if considered and all(finding is None for finding, _ in read):
        raise AnswerFault(
            f"the report is not made of findings: entry 0 is {_kind(considered[0])}; "
            "make it an object with title, description, severity, vulnerability_type, file, location",
            "the report is not made of findings; make each an object with title, description, severity,"
            " vulnerability_type, file, location",
        )
    findings, left_out = _with_few_pocs([finding for finding, _ in read if finding is not None])
    return Report(
        findings=findings,
        dropped=max(0, len(entries) - MOST_FINDINGS),
        notes=(*(note for _, notes in read for note in notes), *left_out),
    )


def _with_few_pocs(findings: list[Finding]) -> tuple[tuple[Finding, ...], list[str]]:
    """Return findings of which only the first few keep their poc, and a line on the others."""
    proven = [at for at, finding in enumerate(findings) if finding.poc]
    left_out = set(proven[MOST_POCS:])
    kept = tuple(replace(finding, poc="") if at in left_out else finding for at, finding in enumerate(findings))
    return kept, [f"{len(left_out)} pocs past the first {MOST_POCS} are left out"] if left_out else []


_NO_LIST = f"the report is not a list of findings; {FORM}"


def _entries(value: object) -> list[object]:
    if not isinstance(value, dict):
        told = f"the report is not a JSON object: it is {_kind(value)}; {FORM}"
        raise AnswerFault(told, f"the report is not a JSON object; {FORM}")
    present = [key for key in _KEYS if key in value]
    if not present:
        keys = ", ".join(repr(one_line(key, 40)) for key in list(value)[:5])
        held = f"only {keys}" if keys else "nothing at all"
        raise AnswerFault(f"the report is not a list of findings: it holds {held}; {FORM}", _NO_LIST)
    if len(present) > 1:
        raise AnswerFault(
            "the report is not clear: it holds both 'vulnerabilities' and 'findings'; print one of them",
            "the report is not clear: it holds both 'vulnerabilities' and 'findings'; print one of them",
        )
    entries = value[present[0]]
    if not isinstance(entries, list):
        raise AnswerFault(
            f"the report is not a list of findings: {present[0]!r} is {_kind(entries)}; {FORM}", _NO_LIST
        )
    return [each for entry in entries for each in (entry if isinstance(entry, list) else [entry])]


def _finding(index: int, entry: object) -> tuple[Finding | None, list[str]]:
    """Return what can be read of one entry, and a line for each thing that cannot."""
    if not isinstance(entry, dict):
        return None, [f"entry {index} is {_kind(entry)} and no object with title, description and so on; left out"]
    fields, notes = spelled(entry), list[str]()
    assert isinstance(fields, Mapping)  # noqa: S101 - of an object it is one
    texts = {name: _text(index, name, fields.get(name), notes) for name in TEXT_FIELDS}
    confidence = _confidence(index, fields.get("confidence"), notes)
    return Finding(**texts, confidence=confidence, poc=_poc(index, fields.get("poc"), notes)), notes


def _poc(index: int, value: object, notes: list[str]) -> str:
    if value is None or (isinstance(value, str) and not value.strip()):
        return ""
    if not isinstance(value, str):
        notes.append(f"poc of finding {index} is {_kind(value)}; left out; make it the Solidity source of a contract")
    elif len(value.encode("utf-8", "replace")) > MOST_POC_BYTES:
        notes.append(f"poc of finding {index} is larger than {MOST_POC_BYTES} bytes; left out")
    else:
        return value.encode("utf-8", "replace").decode()
    return ""


def _text(index: int, name: str, value: object, notes: list[str]) -> str:
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        value = ", ".join(value)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        notes.append(f"{name} of finding {index} is {_kind(value)}; left out; make it a text")
        return ""
    spelled = str(value)
    valid = spelled.encode("utf-8", "replace").decode()
    if valid != spelled:
        notes.append(f"{name} of finding {index} holds half of a surrogate pair, read as '?'; print valid Unicode")
    return valid.encode()[:MOST_TEXT_BYTES].decode("utf-8", "ignore")


def _confidence(index: int, value: object, notes: list[str]) -> float | None:
    if isinstance(value, str):
        value = _number_in(value)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        found = _kind(value)
    elif 0 <= value <= 1:
        return float(value)
    else:
        found = one_line(repr(value), 40)
    notes.append(f"confidence of finding {index} is {found}; left out; make it a number from 0 to 1")
    return None


def _number_in(text: str) -> float | None:
    """Return the number `text` spells ("0.9", "90%"), None for words such as "high"."""
    spelled = text.strip()
    if not _NUMBER.fullmatch(spelled):
        return None
    return float(spelled[:-1]) / 100 if spelled.endswith("%") else float(spelled)


def _kind(value: object) -> str:
    """Return what JSON calls `value`, with its article."""
    if isinstance(value, Unreadable):
        return value.found
    kinds = (
        (bool, "true or false"),
        (str, "a text"),
        ((int, float), "a number"),
        (list, "a list"),
        (dict, "an object"),
    )
    return next((name for kind, name in kinds if isinstance(value, kind)), "null")
