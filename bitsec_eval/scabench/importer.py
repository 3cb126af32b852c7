"""Make tasks of a dataset's projects from the sources a user has checked out."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bitsec_eval.core.errors import SettingsError, TaskError
from bitsec_eval.sandbox.workspace import digest, read_workspace
from bitsec_eval.scabench.case import EXPECTED_FILE, expected_json
from bitsec_eval.scabench.checkouts import Checkout, checkouts_of, tracked_files
from bitsec_eval.scabench.project import Project
from bitsec_eval.scabench.stripping import Stripped, reason_to_strip, without_telling_sections
from bitsec_eval.scabench.taskfile import AGENT_SECONDS, Checked, checked, slug_of, task_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """One project made into a task: its test file, its workspace's digest, and what was left out of that."""

    project: Project
    test_file: Path
    checkouts: tuple[Checkout, ...]
    files: int
    digest: str
    stripped: tuple[Stripped, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """What a user should know, a line for each thing."""
        return (
            f"{self.project.id}: {self.test_file}",
            *(f"  source {checkout.told}" for checkout in self.checkouts),
            f"  workspace of {self.files} file{'s' if self.files != 1 else ''}, sha256 {self.digest}",
            *(f"  stripped {each}" for each in self.stripped),
            *(f"  odd: {line}" for line in self.project.oddities),
        )


def import_project(
    project: Project,
    sources: Path,
    suite: Path,
    *,
    only: Sequence[str] = (),
    seconds: int = AGENT_SECONDS,
) -> Imported:
    """Write `project` as a task into the folder `suite`: a test file, a workspace, and the expected findings.

    With `only`, nothing but the files below these paths of a repository comes into the workspace.
    Either all of the task is written or none of it.

    Raises:
        SettingsError: a source is missing or at another commit, the task exists, or is more than a sandbox takes.
    """
    slug = slug_of(project)
    test_file = suite / f"test_{slug}.py"
    for path in (test_file, suite / slug):
        if path.exists():
            raise SettingsError(f"{path}: exists already; remove it, or give another folder with -o")
    checkouts = checkouts_of(project, sources)
    suite.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=suite, prefix=".import-") as scratch:
        made = Path(scratch) / slug
        stripped = _fill(made / "workspace", checkouts, only)
        files, sha256 = _measured(project, made / "workspace")
        imported = Imported(
            project=project, test_file=test_file, checkouts=checkouts, files=files, digest=sha256, stripped=stripped
        )
        findings = checked(project)
        (made / EXPECTED_FILE).write_text(_expected(imported, findings), encoding="utf-8")
        (Path(scratch) / test_file.name).write_text(task_text(project, findings, seconds), encoding="utf-8")
        made.rename(suite / slug)
        (Path(scratch) / test_file.name).rename(test_file)
    return imported


def _fill(workspace: Path, checkouts: Sequence[Checkout], only: Sequence[str]) -> tuple[Stripped, ...]:
    """Copy what may be seen of the checkouts; several of them each get a folder."""
    workspace.mkdir(parents=True)
    stripped: list[Stripped] = []
    for checkout in checkouts:
        target = workspace / checkout.name if len(checkouts) > 1 else workspace
        prefix = f"{checkout.name}/" if len(checkouts) > 1 else ""
        for path in tracked_files(checkout):
            if _chosen(path, only):
                left_out = _copy(checkout.folder / path, path, target)
                stripped += [Stripped(path=prefix + each.path, reason=each.reason) for each in left_out]
    return tuple(stripped)


def _chosen(path: str, only: Sequence[str]) -> bool:
    return not only or any(path == part or path.startswith(f"{part.strip('/')}/") for part in only)


def _copy(source: Path, path: str, target: Path) -> tuple[Stripped, ...]:
    """Copy one file unless it is to be stripped, and return what was left out of it."""
    if source.is_symlink():
        return (Stripped(path=path, reason="a link"),)
    reason = reason_to_strip(path, source.stat().st_size)
    if reason:
        return (Stripped(path=path, reason=reason),)
    content, sections = without_telling_sections(path, source.read_bytes())
    copied = target / path
    copied.parent.mkdir(parents=True, exist_ok=True)
    copied.write_bytes(content)
    return tuple(Stripped(path=path, reason=f"its section {section!r}") for section in sections)


def _measured(project: Project, workspace: Path) -> tuple[int, str]:
    """Return how many files a workspace has, and their digest."""
    try:
        files = read_workspace(workspace)
    except TaskError as error:
        remedy = "keep the folders that matter with --only, such as --only src"
        raise SettingsError(f"{project.id}: {error}; {remedy}") from None
    if not files:
        raise SettingsError(f"{project.id}: nothing is left for a workspace; check out its source, or correct --only")
    return len(files), digest(files)


def _expected(imported: Imported, findings: Sequence[Checked]) -> str:
    return expected_json(
        [
            {
                "check": each.name,
                "id": each.vulnerability.id,
                "severity": each.vulnerability.finding.severity,
                "title": each.vulnerability.finding.title,
                "file": each.vulnerability.finding.file,
                "description": each.vulnerability.finding.description,
            }
            for each in findings
        ],
        project=imported.project.id,
        sources=[
            {
                "repo_url": checkout.codebase.repo_url,
                "pinned": checkout.codebase.commit,
                "found": checkout.commit,
            }
            for checkout in imported.checkouts
        ],
        workspace_sha256=imported.digest,
        stripped=[str(each) for each in imported.stripped],
        oddities=list(imported.project.oddities),
    )
