"""A ScaBench project as values: where its source was, and what was found in it."""

import re
from dataclasses import dataclass

from bitsec_eval.core.reports.finding import Finding

_COMMIT = re.compile(r"[0-9a-f]{7,40}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Codebase:
    """Where a project's source was when it was audited; every text may be empty."""

    id: str
    repo_url: str = ""
    commit: str = ""
    tree_url: str = ""
    tarball_url: str = ""

    @property
    def pinned(self) -> str | None:
        """The commit, whole or its beginning, if it is one; a branch pins nothing."""
        return self.commit if _COMMIT.match(self.commit) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vulnerability:
    """One published finding: its id in the dataset, its own words, and the words as they stand there."""

    id: str
    finding: Finding
    raw: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """One audited project; `oddities` are lines for a reader on what is unusual in its entry."""

    id: str
    name: str = ""
    platform: str = ""
    codebases: tuple[Codebase, ...] = ()
    vulnerabilities: tuple[Vulnerability, ...] = ()
    oddities: tuple[str, ...] = ()

    @property
    def expected(self) -> tuple[Finding, ...]:
        """The findings in the words a matcher is given."""
        return tuple(vulnerability.finding for vulnerability in self.vulnerabilities)

    @property
    def named(self) -> tuple[tuple[str, Finding], ...]:
        """The same, each with its id."""
        return tuple((vulnerability.id, vulnerability.finding) for vulnerability in self.vulnerabilities)
