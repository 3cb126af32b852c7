"""What an agent reports: JSON on its stdout, read as the work of somebody who may want to break the reader.

The whole of stdout is the report; where it is not JSON, the last closed ```json block is.
So an agent may print what it is thinking first.
Nothing an agent can print makes `parse_report` raise anything but `AnswerFault`.
Nor can it take more time and memory than in proportion to what was printed.
"""

import re
from dataclasses import dataclass

from bitsec_eval.core.errors import AnswerFault
from bitsec_eval.core.finding import TEXT_FIELDS, Finding
from bitsec_eval.core.printed_json import FORM, json_in
from bitsec_eval.core.text import one_line

MOST_FINDINGS = 100
MOST_TEXT_BYTES = 4096

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
_NUMBER = re.compile(r"[+-]?\d{1,8}(?:\.\d{1,20})?%?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The findings of one agent on one project, in its order; `dropped` more were not considered."""

    findings: tuple[Finding, ...] = ()
    dropped: int = 0


def parse_report(text: str) -> Report:
    r"""Return the report that `text`, an agent's whole output, holds.

    Of the findings the first 100 count, of each text the first 4 KiB.
    A missing field is empty, a number is a text's own spelling, a list of texts is joined with commas.

    Raises:
        AnswerFault: it is no report; the message says where and why.

    >>> parse_report('{"findings": [{"title": "Anyone can mint"}]}').findings[0].title
    'Anyone can mint'
    """
    entries = _entries(json_in(text))
    findings = tuple(_finding(index, entry) for index, entry in enumerate(entries[:MOST_FINDINGS]))
    return Report(findings=findings, dropped=max(0, len(entries) - MOST_FINDINGS))


def _entries(value: object) -> list[object]:
    if not isinstance(value, dict):
        raise AnswerFault(f"the report is not a JSON object: it is {_kind(value)}; {FORM}")
    present = [key for key in _KEYS if key in value]
    if not present:
        keys = ", ".join(repr(one_line(key, 40)) for key in list(value)[:5])
        held = f"only {keys}" if keys else "nothing at all"
        raise AnswerFault(f"the report is not a list of findings: it holds {held}; {FORM}")
    if len(present) > 1:
        raise AnswerFault(
            "the report is not clear: it holds both 'vulnerabilities' and 'findings'; print one of them"
        )
    entries = value[present[0]]
    if not isinstance(entries, list):
        raise AnswerFault(f"the report is not a list of findings: {present[0]!r} is {_kind(entries)}; {FORM}")
    return entries


def _finding(index: int, entry: object) -> Finding:
    if not isinstance(entry, dict):
        raise AnswerFault(
            f"the report is not made of findings: entry {index} is {_kind(entry)}; "
            "make it an object with title, description, severity, vulnerability_type, file, location"
        )
    texts = {name: _text(index, name, entry.get(name)) for name in TEXT_FIELDS}
    return Finding(**texts, confidence=_confidence(index, entry.get("confidence")))


def _text(index: int, name: str, value: object) -> str:
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        value = ", ".join(value)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise _wrong_field(index, name, f"is {_kind(value)}", "make it a text")
    try:
        return str(value).encode()[:MOST_TEXT_BYTES].decode("utf-8", "ignore")
    except UnicodeEncodeError:
        raise _wrong_field(index, name, "holds half of a surrogate pair", "print valid Unicode") from None


def _confidence(index: int, value: object) -> float | None:
    if isinstance(value, str):
        value = _number_in(value)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _wrong_field(index, "confidence", f"is {_kind(value)}", "make it a number from 0 to 1")
    if not 0 <= value <= 1:
        raise _wrong_field(index, "confidence", f"is {value!r}", "make it a number from 0 to 1")
    return float(value)


def _number_in(text: str) -> float | None:
    """Return the number `text` spells ("0.9", "90%"), None for words such as "high"."""
    spelled = text.strip()
    if not _NUMBER.fullmatch(spelled):
        return None
    return float(spelled[:-1]) / 100 if spelled.endswith("%") else float(spelled)


def _wrong_field(index: int, name: str, found: str, remedy: str) -> AnswerFault:
    return AnswerFault(f"the report is not well-formed: {name} of finding {index} {found}; {remedy}")


def _kind(value: object) -> str:
    """Return what JSON calls `value`, with its article."""
    kinds = (
        (bool, "true or false"),
        (str, "a text"),
        ((int, float), "a number"),
        (list, "a list"),
        (dict, "an object"),
    )
    return next((name for kind, name in kinds if isinstance(value, kind)), "null")
