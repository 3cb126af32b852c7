"""Strips from an audited repository what gives its faults away, or is no source, and says so.

Contest repositories carry their own answers: a README with known issues and bot findings, reports of earlier audits,
folders of submitted findings, and a history in which the fixes follow.
"""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

MOST_FILE_BYTES = 2 << 20

_FOLDERS = {
    "the history of the repository": {".git", ".gitmodules"},
    "submitted or judged findings": {
        *("findings", "judging", "submissions", "qa-reports", "known-issues", "known_issues"),
    },
    "audit reports": {"audit", "audits", "audit-reports", "audit_reports", "auditreports", "security-reviews"},
    "settings of the contest's host": {".github", ".gitlab", ".vscode", ".idea"},
    "packages and build output": {"node_modules", "artifacts", "typechain-types", "__pycache__", ".venv"},
}
_ROOT_FOLDERS = {"cache", "out", "target", "build", "dist", "coverage", "broadcast"}  # further down: may be source
_DOCUMENT_FOLDERS = {"reports", "report", "issues", "security"}  # what is no document in there may be source
_DOCUMENT = re.compile(r"\.(?:md|markdown|mdx|txt|rst|adoc|html?|pdf|docx?|json|csv)\Z", re.IGNORECASE)
_TELLING_FILE = re.compile(
    r"(?:\b|_)(?:audits?|known[-_ ]?issues?|4naly3er|bot[-_ ]?(?:report|race)|slither|mythril|aderyn|findings?"
    r"|vulnerabilit\w+|security[-_ ]?review|postmortem|threat[-_ ]?model)(?:\b|_)",
    re.IGNORECASE,
)
_READABLE = re.compile(r"\.(?:md|markdown|mdx|txt|rst|adoc)\Z", re.IGNORECASE)
_README = re.compile(r"readme(?:\.\w+)?\Z", re.IGNORECASE)
_NO_SOURCE = re.compile(
    r"\.(?:png|jpe?g|gif|svg|webp|ico|bmp|mp4|mov|webm|pdf|docx?|xlsx?|pptx?|zip|gz|tgz|xz|7z|tar|woff2?|ttf|otf|eot"
    r"|so|dylib|dll|exe|o|a|bin|wasm)\Z",
    re.IGNORECASE,
)
_TELLING_SECTION = re.compile(
    r"\b(?:known[- ](?:issues?|vulnerabilit|bugs?|risks?|limitations?)|publicly known|automated findings|bot race"
    r"|previous audits?|past audits?|prior audits?|audits?\b|4naly3er|out of scope|accepted risks?|areas? of concern"
    r"|where to look|attack (?:ideas|surface)|main invariants|findings?)\b",
    re.IGNORECASE,
)
_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*\s*$|^(?P<under>[^\n]+)\n(?P<line>=+|-+)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stripped:
    """One thing that was left out, and what it was."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


def reason_to_strip(path: str, size: int) -> str:
    """Return why the file at `path`, relative and with slashes, is left out of a workspace; nothing if it is kept.

    >>> reason_to_strip("audits/2023-11.pdf", 9000)
    'audit reports'
    >>> reason_to_strip("src/Vault.sol", 9000)
    ''
    """
    parts = PurePosixPath(path).parts
    folders = {part.lower() for part in parts[:-1]} | {part.lower() for part in parts if part.startswith(".git")}
    for reason, known in _FOLDERS.items():
        if folders & known:
            return reason
    if len(parts) > 1 and parts[0].lower() in _ROOT_FOLDERS:
        return "packages and build output"
    return _reason_of_file(parts, size)


def _reason_of_file(parts: tuple[str, ...], size: int) -> str:
    name = parts[-1]
    if _DOCUMENT.search(name) and not _DOCUMENT_FOLDERS.isdisjoint(part.lower() for part in parts[:-1]):
        return "a document on findings"
    if len(parts) == 1 and _README.match(name):
        return "the contest's README"
    if _DOCUMENT.search(name) and _TELLING_FILE.search(name):
        return "a document on findings"
    if _NO_SOURCE.search(name):
        return "no source"
    if size > MOST_FILE_BYTES:
        return f"{size} bytes, more than any source"
    return ""


def without_telling_sections(path: str, content: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Return a document without its sections on known issues and audits, and the headings of those.

    A section ends where the next of the same or a higher rank begins; what is no document is returned as it is.
    """
    if not _READABLE.search(path):
        return content, ()
    text = content.decode("utf-8", "surrogateescape")
    kept, telling, end = [], [], 0
    headings = [(match, _rank(match)) for match in _HEADING.finditer(text)]
    for at, (match, rank) in enumerate(headings):
        if match.start() < end or not _TELLING_SECTION.search(_title(match)):
            continue
        kept.append(text[end : match.start()])
        telling.append(_title(match))
        end = next((later.start() for later, below in headings[at + 1 :] if below <= rank), len(text))
    return "".join([*kept, text[end:]]).encode("utf-8", "surrogateescape"), tuple(telling)


def _rank(heading: re.Match[str]) -> int:
    if heading.group("under") is not None:
        return 1 if heading.group("line").startswith("=") else 2
    return len(heading.group(1))


def _title(heading: re.Match[str]) -> str:
    return str(heading.group("under") or heading.group(2))
