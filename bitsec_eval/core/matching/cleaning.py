"""Removes from a finding's text what an audit contest's page adds: finders, links, comments, footers.

Names of finders and of judges fill published findings and say nothing about the fault.
A link is replaced by the name of the source file it points at, which does.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from bitsec_eval.core.matching.places import EXTENSIONS

_FINDERS = re.compile(r"\A\s*(?:Submitted by|Reported by|Found by)\b.*?(?:\n[ \t]*\n|\Z)", re.DOTALL | re.IGNORECASE)
_ALSO_FINDERS = re.compile(r"^\s*(?:Submitted by|(?:, )?also found by)\b[^\n]*$", re.MULTILINE | re.IGNORECASE)
_COMMENT = re.compile(
    r"^[\w.\- ]{1,40}\([^()\n]{2,60}\) ?"
    r"(?:confirmed|acknowledged|disputed|commented|marked|decreased|increased|resolved)[^\n]*(?:\n:[ \t]*)?$",
    re.MULTILINE,
)
_LINK = re.compile(r"(?:https?://|www\.)\S+")
_SOURCE_FILE = re.compile(rf"/([\w.\-]+)\.(?:{'|'.join(EXTENSIONS)})\b", re.IGNORECASE)
_FURNITURE = re.compile(
    r"^\s*Source:[^\n]*$"
    r"|\*\*(?:Summary|Impact|Recommendation|Code Snippet|Description|Root Cause|Mitigation):?\*\*"
    r"|\bTool used\s+Manual Review\b|\bNo response\b"
    r"|\bSeverity: (?:High|Medium|Low)\b"
    r"|\bStatus:?\s+(?:Mitigation confirmed|Unmitigated)\b[^\n]*",
    re.MULTILINE,
)
_FOOTER = re.compile(
    r"(?:^Disclosures\s+)?^(?:C4 is an open organization|C4 audits incentivize|C4 does not (?:conduct|provide)).*\Z",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """A finding's own words, and the source files its links pointed at, without their suffix, in order."""

    text: str
    files: tuple[str, ...] = ()


@lru_cache(maxsize=1024)  # a dataset is read twice: for its words, and for itself
def cleaned(text: str) -> Cleaned:
    r"""Return `text` without what a contest page adds; cleaning twice changes nothing more.

    >>> cleaned("Submitted by\nalice\n, also found by\nbob\n\nSee https://x.org/blob/1/Vault.sol#L4").files
    ('Vault',)
    """
    files: list[str] = []
    linked = _LINK.sub(lambda link: _noted(link.group(), files), text)
    for furniture in (_FINDERS, _ALSO_FINDERS, _COMMENT, _FURNITURE, _FOOTER):
        linked = furniture.sub(" ", linked)
    return Cleaned(text=linked.strip(), files=tuple(dict.fromkeys(files)))


def _noted(link: str, files: list[str]) -> str:
    files.extend(_SOURCE_FILE.findall(link)[-1:])
    return " "
