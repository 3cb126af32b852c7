"""The source a user has checked out: where it is, whether it is the audited commit, and which files it tracks."""

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.text import one_line
from bitsec_eval.scabench.project import Codebase, Project

GIT_SECONDS = 120
# A checkout is somebody else's: nothing of its configuration may start a program, and nothing in it is written.
_SETTINGS = ("core.fsmonitor=false", "core.hooksPath=/dev/null", "protocol.allow=never")
_GIT = ("git", "--no-optional-locks", *(part for setting in _SETTINGS for part in ("-c", setting)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """One codebase's folder; `commit` is what was found there, None where it is no git checkout."""

    codebase: Codebase
    folder: Path
    commit: str | None

    @property
    def name(self) -> str:
        """The repository's own name."""
        return repository(self.codebase)

    @property
    def told(self) -> str:
        """One line on what was asked for and found."""
        asked = self.codebase.pinned
        if self.commit is None:
            return f"{self.folder}: no git checkout, and the dataset pins nothing; its digest is recorded"
        if asked is None:
            return f"{self.folder}: at {self.commit}; the dataset pins nothing, so this is recorded"
        return f"{self.folder}: at {self.commit}, as the dataset pins"


def checkouts_of(project: Project, sources: Path) -> tuple[Checkout, ...]:
    """Return where under `sources` each codebase of `project` is checked out, at the commit the dataset pins.

    Raises:
        SettingsError: one is missing, at another commit, or changed; the message says how to mend it.
    """
    if not project.codebases:
        raise SettingsError(f"{project.id}: the dataset names no codebase; choose another project")
    return tuple(_checked(project, codebase, sources) for codebase in project.codebases)


def repository(codebase: Codebase) -> str:
    """Return the name of a codebase's repository, its id where it has none."""
    name = codebase.repo_url.rstrip("/").rsplit("/", 1)[-1].removesuffix(".git")
    return re.sub(r"[^A-Za-z0-9._-]", "_", name or codebase.id).lstrip(".") or "source"


def tracked_files(checkout: Checkout) -> tuple[str, ...]:
    """Return the paths of a checkout's files, those of checked-out submodules too, relative and with slashes."""
    if checkout.commit is None:
        listed = [path.relative_to(checkout.folder).as_posix() for path in checkout.folder.rglob("*")]
    else:
        listed = _git(checkout.folder, "ls-files", "-z", "--recurse-submodules").split("\0")
    return tuple(sorted(path for path in listed if path and _is_file(checkout.folder / path)))


def _is_file(path: Path) -> bool:
    return path.is_symlink() or path.is_file()


def _checked(project: Project, codebase: Codebase, sources: Path) -> Checkout:
    folder = _folder(project, codebase, sources)
    commit = _commit(folder)
    wanted = codebase.pinned
    if wanted and commit is None:
        raise SettingsError(
            f"{folder}: not a git checkout, so its commit cannot be told; clone {codebase.repo_url} there"
            f" and check out {wanted}"
        )
    if wanted and commit and not commit.startswith(wanted):
        raise SettingsError(
            f"{folder}: at {commit[:12]}, but the dataset pins {wanted[:12]}; run: git -C {folder} checkout {wanted}"
        )
    if commit and _changed(folder):
        raise SettingsError(f"{folder}: tracked files were changed; run: git -C {folder} stash")
    return Checkout(codebase=codebase, folder=folder, commit=commit)


def _folder(project: Project, codebase: Codebase, sources: Path) -> Path:
    """Return the first folder there is of those that can be meant.

    Folders may be called by project id, as ScaBench's checkout_sources.py calls them, or by repository.
    """
    candidates = [sources / name for name in _names(project, codebase)]
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    source = f"clone {codebase.repo_url}" if codebase.repo_url else "put its source"
    raise SettingsError(f"{project.id}: no checkout in {sources}; {source} into {candidates[0]}")


def _names(project: Project, codebase: Codebase) -> Iterator[str]:
    name = repository(codebase)
    if len(project.codebases) > 1:
        yield f"{project.id}/{name}"
        yield f"{_sanitized(project.id)}_{_sanitized(name)}"
    else:
        yield project.id
        yield _sanitized(project.id)
    yield name


def _sanitized(name: str) -> str:
    return re.sub(r"_+", "_", re.sub(r'[/\\:*?"<>| .\-]', "_", name)).strip("_").lower()


def _commit(folder: Path) -> str | None:
    """Return the commit `folder` is at; None where it is not itself a checkout, though it may lie inside one."""
    if not (folder / ".git").exists():
        return None
    return _git(folder, "rev-parse", "--verify", "HEAD").strip()


def _changed(folder: Path) -> bool:
    """Whether a tracked file differs from its commit."""
    told = _git(folder, "config", "--list", "--show-scope", "--name-only", "-z").split("\0")
    # Filters are programs: the user's own may run, those the checkout brings along may not.
    brought = {name for scope, name in zip(told[::2], told[1::2], strict=False) if scope in ("local", "worktree")}
    without = [part for name in brought if name.startswith("filter.") for part in ("-c", f"{name}=")]
    return bool(_git(folder, *without, "status", "--porcelain", "--untracked-files=no").strip())


def _git(folder: Path, *arguments: str) -> str:
    # What a hook of git's, from which we may be called, says of its own repository is not meant for this one.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program and our own arguments
            (*_GIT, "-C", str(folder), *arguments),
            capture_output=True,
            check=False,
            timeout=GIT_SECONDS,
            env=environment,
        )
    except FileNotFoundError:
        raise SettingsError("git is not there, and without it no commit can be told; install git") from None
    except subprocess.TimeoutExpired:
        raise SettingsError(f"{folder}: git took over {GIT_SECONDS} s; check the disk it is on") from None
    if done.returncode:
        said = one_line(done.stderr.decode("utf-8", "backslashreplace").strip(), 160)
        raise SettingsError(f"{folder}: git failed ({said}); mend the checkout or clone it again")
    return done.stdout.decode("utf-8", "surrogateescape")
