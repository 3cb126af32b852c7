"""Make tasks of an EVMbench audit from a user's copies of EVMbench and of the audited project."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bitsec_eval.core.errors import SettingsError, TaskError
from bitsec_eval.core.proof.foundry import Controls, FoundryCase, HiddenTest
from bitsec_eval.evmbench.audit import FOUNDRY, Audit, AuditedFault
from bitsec_eval.evmbench.case import read_case, write_case
from bitsec_eval.evmbench.project import FoundryProject, outside
from bitsec_eval.evmbench.taskfile import detect_text, expected_text, patch_text, slug_of
from bitsec_eval.sandbox.execution.workspace import read_workspace
from bitsec_eval.scabench.case import EXPECTED_FILE
from bitsec_eval.scabench.checkouts import Checkout
from bitsec_eval.scabench.filling import fill
from bitsec_eval.scabench.project import Codebase

PATCH, DETECT = "patch", "detect"
KINDS = (PATCH, DETECT)
_NOT_AUDITED = frozenset({"lib", "node_modules", ".git", "out", "cache"})
NO_EXPLOIT = (
    "its exploit task is left out: EVMbench replays transactions on a chain with an RPC port, by shell scripts that"
    " no sandbox of ours runs; write one with Task(answer='exploit'), see docs/writing-tasks.md"
)

Prove = Callable[[FoundryCase], Controls]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedAudit:
    """What an import wrote, and what a user should know of it, a line for each thing."""

    files: tuple[Path, ...]
    lines: tuple[str, ...]


def import_audit(
    audit: Audit, source: Path, suite: Path, kinds: tuple[str, ...] = (), prove: Prove | None = None
) -> ImportedAudit:
    """Write tasks of these kinds, or of all that the audit allows, into the folder `suite`.

    `prove` runs the controls of a patch task: what is not proven is not written. Either all is written or nothing.

    Raises:
        SettingsError: the audit cannot be imported, or a task exists.
        TaskError: its hidden tests do not tell the faulty project from the mended one.
    """
    if not source.is_dir():
        raise SettingsError(f"{audit.id}: {source} is no folder; check the project out there, or name --source")
    lines = [_origin(audit, source)]
    wanted = kinds or ((DETECT,) if no_patch(audit) else KINDS)
    suite.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=suite, prefix=".import-") as scratch:
        draft = Path(scratch)
        for kind in wanted:
            lines += (_draft_patch if kind == PATCH else _draft_detect)(audit, source, draft, prove)
        if not kinds and PATCH not in wanted:
            lines.append("no patch task: " + no_patch(audit))
        if any(fault.has_exploit for fault in audit.faults):
            lines.append(NO_EXPLOIT)
        made = _moved(draft, suite)
    return ImportedAudit(
        files=made, lines=(f"{audit.id}: {', '.join(map(str, made))}", *(f"  {each}" for each in lines))
    )


def _moved(draft: Path, suite: Path) -> tuple[Path, ...]:
    drafted = sorted(draft.iterdir(), key=lambda path: path.suffix == ".py")  # the test files last
    for path in drafted:
        if (suite / path.name).exists():
            raise SettingsError(f"{suite / path.name}: exists already; remove it, or give another folder with -o")
    for path in drafted:
        path.rename(suite / path.name)
    return tuple(suite / path.name for path in drafted if path.suffix == ".py")


def _origin(audit: Audit, source: Path) -> str:
    git = shutil.which("git")
    if git is None or not (source / ".git").exists():
        return f"source {source}: no git checkout, so its commit is not known"
    done = subprocess.run(  # noqa: S603 - git, asked about a folder of the user's
        [git, "-c", "core.fsmonitor=false", "-C", str(source), "rev-parse", "HEAD"], capture_output=True, check=False
    )
    found = done.stdout.decode(errors="replace").strip() or "no commit"
    same = "as EVMbench pins" if found == audit.commit else f"EVMbench pins {audit.commit or 'nothing'}"
    return f"source {source}: at {found}, {same}"


def no_patch(audit: Audit) -> str:
    """Return why an audit's configuration allows no patch task, "" where it allows one."""
    if not audit.patchable:
        return "EVMbench has no hidden tests for this audit"
    if audit.untestable:
        return audit.untestable.removeprefix(f"{audit.id}: ")
    if audit.framework in FOUNDRY:
        return ""
    return f"its tests run with {audit.framework}, whose packages npm installs; only Foundry audits can be imported"


def foundry_case(audit: Audit, source: Path) -> FoundryCase:
    """Return an audit's patch task as a case.

    Raises:
        SettingsError: it has none, or what it needs is not in the checkout.
    """
    reason = no_patch(audit)
    if reason:
        raise SettingsError(f"{audit.id}: {reason}")
    project = FoundryProject(audit.id, source / audit.root)
    if project.settings.get("ffi"):
        raise SettingsError(f"{audit.id}: its tests start programs (ffi), which no sandbox offers")
    gold: dict[str, str] = {}
    for fault in audit.patchable:
        gold |= _mapped(audit, fault.patches)
    hidden = tuple(_hidden_test(audit, fault) for fault in audit.patchable)
    files = project.files([gold, *(each.files for each in hidden)])
    editable = sorted({project.source, *(path for path in gold if not path.startswith(f"{project.source}/"))})
    return FoundryCase(
        name=audit.id,
        compiler=project.compiler(files),
        files=files,
        gold=gold,
        hidden=hidden,
        editable=tuple(editable),
        allowed_to_fail=audit.allowed_to_fail,
        options=audit.options,
    )


def _hidden_test(audit: Audit, fault: AuditedFault) -> HiddenTest:
    return HiddenTest(
        id=fault.id,
        test=fault.test,
        files=_mapped(audit, fault.tests),
        passes_on_faulty=fault.passes_on_faulty,
        options=fault.options,
    )


def _mapped(audit: Audit, paths: Mapping[str, str]) -> dict[str, str]:
    """Return files of an audit's folder by their paths in the part of the project where its tests are run."""
    prefix = f"{audit.root}/" if audit.root else ""
    bad = outside([*paths, *paths.values()])
    if bad or not all(target.startswith(prefix) for target in paths.values()):
        raise SettingsError(f"{audit.id}: {bad[0] if bad else 'a file'} lies outside the project that is tested")
    try:
        return {
            target.removeprefix(prefix): (audit.folder / path).read_text("utf-8") for path, target in paths.items()
        }
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{audit.id}: a file of the audit cannot be read ({error})") from None


def _draft_patch(audit: Audit, source: Path, draft: Path, prove: Prove | None) -> Iterator[str]:
    case = foundry_case(audit, source)
    slug = f"{slug_of(audit.id)}_patch"
    write_case(draft / slug, case)
    _measured(audit, draft / slug / "workspace")
    (draft / f"test_{slug}.py").write_text(patch_text(case, slug), encoding="utf-8")
    yield f"patch task of {len(case.hidden)} faults, {len(case.files)} files, Solidity {case.compiler}"
    if prove is None:
        yield "not proven: its controls are run by the first evaluation"
    else:
        yield from prove(read_case(draft / slug)).told


def _draft_detect(audit: Audit, source: Path, draft: Path, prove: Prove | None) -> Iterator[str]:  # noqa: ARG001
    slug = f"{slug_of(audit.id)}_detect"
    checkout = Checkout(codebase=Codebase(id=audit.id, commit=audit.commit), folder=source, commit=None)
    only = sorted(path.name for path in source.iterdir() if path.name not in _NOT_AUDITED)
    stripped = fill(draft / slug / "workspace", [checkout], only)
    count = _measured(audit, draft / slug / "workspace")
    (draft / slug / EXPECTED_FILE).write_text(expected_text(audit), encoding="utf-8")
    (draft / f"test_{slug}.py").write_text(detect_text(audit, slug), encoding="utf-8")
    yield f"detect task of {len(audit.faults)} faults, {count} files ({len(stripped)} stripped)"


def _measured(audit: Audit, workspace: Path) -> int:
    try:
        files = read_workspace(workspace)
    except TaskError as error:
        raise SettingsError(f"{audit.id}: {error}") from None
    if not any(path.endswith((".sol", ".vy", ".rs", ".go", ".move", ".cairo")) for path in files):
        raise SettingsError(
            f"{audit.id}: no source of contracts is left; check the audited project out, with its files"
        )
    return len(files)
