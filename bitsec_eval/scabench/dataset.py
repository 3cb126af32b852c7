"""Read a ScaBench dataset as it stands: what is odd in it is told in a line, and never stops the reading.

The schema is `[{project_id, name, platform, codebases: [...], vulnerabilities: [...]}]`.
github.com/scabench-org/scabench publishes the datasets.
A file with one such project, or with its `project_id` and `vulnerabilities` alone, is read as well.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.finding import Finding, severity_of
from bitsec_eval.core.matching.cleaning import cleaned
from bitsec_eval.core.text import one_line
from bitsec_eval.scabench.wording import Vocabulary

_COMMIT = re.compile(r"[0-9a-f]{7,40}\Z")
_WHOLE_COMMIT_LENGTH = 40
_ID_SUFFIX = re.compile(r"_([0-9a-f]{6})\Z")
_SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}\Z")


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


def read_dataset(text: str, origin: str = "the dataset") -> tuple[Project, ...]:
    """Return the projects that `text`, a dataset's JSON, holds, in its order.

    Raises:
        SettingsError: it is no ScaBench dataset; the message says where it stops being one.
    """
    entries = _entries(text, origin)
    vocabulary = Vocabulary(_own_words(entry) for _, entry in _all_vulnerabilities(entries, origin))
    projects = tuple(_project(entry, f"{origin}, project {at}", vocabulary) for at, entry in enumerate(entries))
    twice = [name for name, count in Counter(project.id for project in projects).items() if count > 1]
    if twice:
        raise SettingsError(f"{origin}: two projects are called {one_line(twice[0])!r}; rename one of them")
    return projects


def project_named(projects: Sequence[Project], name: str) -> Project:
    """Return the project called `name`.

    Raises:
        SettingsError: there is none; the message names the nearest.
    """
    for project in projects:
        if project.id == name:
            return project
    near = sorted(projects, key=lambda project: -_shared_beginning(project.id, name))[:3]
    listed = ", ".join(project.id for project in near) or "none: the dataset is empty"
    raise SettingsError(f"no project {one_line(name)!r} in the dataset; among its {len(projects)} are {listed}")


def _shared_beginning(one: str, other: str) -> int:
    return max((size for size in range(len(other) + 1) if other[:size] in one), default=0)


def _entries(text: str, origin: str) -> list[Mapping[str, object]]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{origin}: not JSON ({one_line(str(error), 80)}); give a ScaBench dataset") from None
    listed = [value] if isinstance(value, dict) else value
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise SettingsError(
            f"{origin}: not a list of projects; give a ScaBench dataset such as curated-2025-08-18.json"
        )
    return listed


def _all_vulnerabilities(
    entries: Sequence[Mapping[str, object]], origin: str
) -> Iterator[tuple[str, Mapping[str, object]]]:
    for at, entry in enumerate(entries):
        where = f"{origin}, project {at}"
        for vulnerability in _objects(entry, "vulnerabilities", where):
            yield where, vulnerability


def _own_words(vulnerability: Mapping[str, object]) -> str:
    return f"{vulnerability.get('title')}\n{cleaned(str(vulnerability.get('description'))).text}"


def _project(entry: Mapping[str, object], where: str, vocabulary: Vocabulary) -> Project:
    name = _text(entry, "project_id", where)
    if not _SAFE_ID.match(name):
        remedy = "use letters, digits, dots, dashes and underscores"
        raise SettingsError(f"{where}: project_id {one_line(name)!r} is no plain name; {remedy}")
    codebases = tuple(_codebase(each, f"{where} ({name})") for each in _objects(entry, "codebases", where))
    found = [
        _vulnerability(each, f"{where} ({name})", vocabulary) for each in _objects(entry, "vulnerabilities", where)
    ]
    vulnerabilities = tuple(vulnerability for vulnerability, _ in found)
    oddities = (
        *(line for codebase in codebases for line in _codebase_oddities(codebase)),
        *_set_oddities(codebases, vulnerabilities),
        *(line for _, lines in found for line in lines),
    )
    return Project(
        id=name,
        name=_text(entry, "name", where),
        platform=_text(entry, "platform", where),
        codebases=codebases,
        vulnerabilities=vulnerabilities,
        oddities=oddities,
    )


def _codebase(entry: Mapping[str, object], where: str) -> Codebase:
    fields = {name: _text(entry, name, where) for name in ("repo_url", "commit", "tree_url", "tarball_url")}
    return Codebase(id=_text(entry, "codebase_id", where), **fields)


def _codebase_oddities(codebase: Codebase) -> Iterator[str]:
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


def _set_oddities(codebases: Sequence[Codebase], vulnerabilities: Sequence[Vulnerability]) -> Iterator[str]:
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


def _vulnerability(
    entry: Mapping[str, object], where: str, vocabulary: Vocabulary
) -> tuple[Vulnerability, list[str]]:
    """Return one finding and what is odd about it."""
    name = _text(entry, "finding_id", where)
    raw = Finding(
        title=_text(entry, "title", where),
        description=_text(entry, "description", where),
        severity=_text(entry, "severity", where),
    )
    own = cleaned(raw.description)
    title, description = vocabulary.parted(raw.title), vocabulary.parted(own.text)
    finding = Finding(
        title=title.text, description=description.text, severity=raw.severity, file=", ".join(own.files)
    )
    lines = _oddities(raw, finding, title.count + description.count)
    return Vulnerability(id=name, finding=finding, raw=raw), [f"{one_line(name, 80)}: {line}" for line in lines]


def _oddities(raw: Finding, finding: Finding, parted: int) -> Iterator[str]:
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


def _objects(entry: Mapping[str, object], name: str, where: str) -> list[Mapping[str, object]]:
    value = entry.get(name, [])
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise SettingsError(f"{where}: {name} is not a list of objects; give a ScaBench dataset")
    return value


def _text(entry: Mapping[str, object], name: str, where: str) -> str:
    value = entry.get(name, "")
    if value is None:
        return ""
    if not isinstance(value, str):
        raise SettingsError(f"{where}: {name} is not a text; give a ScaBench dataset")
    return value
