"""Read a ScaBench dataset as it stands: what is odd in it is told in a line, and never stops the reading.

The schema is `[{project_id, name, platform, codebases: [...], vulnerabilities: [...]}]`.
github.com/scabench-org/scabench publishes the datasets.
A file with one such project, or with its `project_id` and `vulnerabilities` alone, is read as well.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.matching.cleaning import cleaned
from bitsec_eval.core.reports.finding import Finding
from bitsec_eval.core.text import one_line
from bitsec_eval.scabench.oddities import codebase_oddities, finding_oddities, set_oddities
from bitsec_eval.scabench.project import Codebase, Project, Vulnerability
from bitsec_eval.scabench.wording import Vocabulary

_SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}\Z")


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
        *(line for codebase in codebases for line in codebase_oddities(codebase)),
        *set_oddities(codebases, vulnerabilities),
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
    lines = finding_oddities(raw, finding, title.count + description.count)
    return Vulnerability(id=name, finding=finding, raw=raw), [f"{one_line(name, 80)}: {line}" for line in lines]


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
