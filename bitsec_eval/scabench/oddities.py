"""Oddities of a dataset's entry, a line for each; none of them stops the reading."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from bitsec_eval.core.reports.finding import Finding
from bitsec_eval.core.reports.severity import severity_of
from bitsec_eval.core.text import one_line
from bitsec_eval.scabench.project import Codebase, Vulnerability

_WHOLE_COMMIT_LENGTH = 40
_ID_SUFFIX = re.compile(r"_([0-9a-f]{6})\Z")


def codebase_oddities(codebase: Codebase) -> Iterator[str]:
    """Yield what is odd about where a source was."""
    shown = f"codebase {one_line(codebase.id, 80)!r}"
    if not codebase.commit:
        yield f"{shown}: no commit is given, so no commit is asked for"
    elif codebase.pinned is None:
        yield f"{shown}: commit {one_line(codebase.commit, 60)!r} is a branch, which pins nothing"
    elif len(codebase.commit) < _WHOLE_COMMIT_LENGTH:
        yield f"{shown}: commit {codebase.commit!r} is abbreviated"
    suffix = _ID_SUFFIX.search(codebase.id)
    if suffix and codebase.pinned and not codebase.commit.startswith(suffix.group(1)):
        yield f"{shown}: its id speaks of {suffix.group(1)!r}, its commit is {codebase.commit[:12]!r}"
    for name in ("repo_url", "tree_url", "tarball_url"):
        if not getattr(codebase, name):
            yield f"{shown}: {name} is empty"


def set_oddities(codebases: Sequence[Codebase], vulnerabilities: Sequence[Vulnerability]) -> Iterator[str]:
    """Yield what is odd about an entry as a whole."""
    if len(codebases) > 1:
        yield f"{len(codebases)} codebases: each is asked for"
    if not vulnerabilities:
        yield "no vulnerability: every report scores 0"
    for what, values in (
        ("finding_id", [vulnerability.id for vulnerability in vulnerabilities]),
        ("title", [vulnerability.raw.title for vulnerability in vulnerabilities]),
    ):
        for value, count in Counter(values).items():
            if count > 1:
                yield f"{what} {one_line(value, 80)!r} stands {count} times"


def finding_oddities(raw: Finding, finding: Finding, parted: int) -> Iterator[str]:
    """Yield what is odd about a finding, as it stands (`raw`) and as it is read, with so many words `parted`."""
    if not raw.title.strip():
        yield "no title"
    elif raw.title.rstrip().endswith("-"):
        yield f"the title is cut off: {one_line(raw.title, 80)!r}"
    if not finding.description.strip():
        yield "no description beyond links and names"
    if severity_of(raw.severity) == "":
        yield f"severity {one_line(raw.severity, 40)!r} is none of critical, high, medium, low, informational"
    if parted:
        yield f"{parted} run-together word{'s' if parted > 1 else ''} parted"
