"""Make tasks of a dataset's projects from the sources a user has checked out."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bitsec_eval.core.errors import SettingsError, TaskError
from bitsec_eval.sandbox.execution.workspace import files_digest, read_workspace
from bitsec_eval.scabench.case import EXPECTED_FILE, expected_json
from bitsec_eval.scabench.checkouts import Checkout, checkouts_of
from bitsec_eval.scabench.filling import fill
from bitsec_eval.scabench.project import Project
from bitsec_eval.scabench.stripping import Stripped
from bitsec_eval.scabench.taskfile import AGENT_SECONDS, NamedCheck, checked, slug_of, task_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """One project made into a task: its test file, its workspace's files_digest, and what was left out of that."""

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
    place = _Place(suite=suite, slug=slug_of(project))
    place.refuse_if_taken()
    checkouts = checkouts_of(project, sources)
    with place.written_whole() as draft:
        stripped = fill(draft.workspace, checkouts, only)
        files, sha256 = _measured(project, draft.workspace)
        imported = Imported(
            project=project,
            test_file=place.test_file,
            checkouts=checkouts,
            files=files,
            digest=sha256,
            stripped=stripped,
        )
        _write_texts(draft, imported, seconds)
    return imported


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a task's files are: a test file in a folder, and a folder of its own beside it."""

    suite: Path
    slug: str

    @property
    def test_file(self) -> Path:
        return self.suite / f"test_{self.slug}.py"

    @property
    def folder(self) -> Path:
        return self.suite / self.slug

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    def refuse_if_taken(self) -> None:
        for path in (self.test_file, self.folder):
            if path.exists():
                raise SettingsError(f"{path}: exists already; remove it, or give another folder with -o")

    @contextmanager
    def written_whole(self) -> Iterator["_Place"]:
        """Lend a place for a draft, whose files come here if nothing goes wrong meanwhile."""
        self.suite.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.suite, prefix=".import-") as scratch:
            draft = _Place(suite=Path(scratch), slug=self.slug)
            yield draft
            draft.folder.rename(self.folder)
            draft.test_file.rename(self.test_file)


def _write_texts(draft: _Place, imported: Imported, seconds: int) -> None:
    """Write the expected findings and the test file."""
    findings = checked(imported.project)
    (draft.folder / EXPECTED_FILE).write_text(_expected(imported, findings), encoding="utf-8")
    draft.test_file.write_text(task_text(imported.project, findings, seconds), encoding="utf-8")


def _measured(project: Project, workspace: Path) -> tuple[int, str]:
    """Return how many files a workspace has, and their digest."""
    try:
        files = read_workspace(workspace)
    except TaskError as error:
        remedy = "keep the folders that matter with --only, such as --only src"
        raise SettingsError(f"{project.id}: {error}; {remedy}") from None
    if not files:
        raise SettingsError(f"{project.id}: nothing is left for a workspace; check out its source, or correct --only")
    return len(files), files_digest(files)


def _expected(imported: Imported, findings: Sequence[NamedCheck]) -> str:
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
