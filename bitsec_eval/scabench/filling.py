"""A task's workspace: what an agent may see of the sources a user has checked out, and what was left out of them."""

from collections.abc import Sequence
from pathlib import Path

from bitsec_eval.scabench.checkouts import Checkout, tracked_files
from bitsec_eval.scabench.stripping import Stripped, reason_to_strip, without_telling_sections


def fill(workspace: Path, checkouts: Sequence[Checkout], only: Sequence[str]) -> tuple[Stripped, ...]:
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
