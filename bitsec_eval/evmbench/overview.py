"""Which audits of a copy of EVMbench can be imported, as far as their configuration and checked out sources tell."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.evmbench.audit import Audit, read_audit
from bitsec_eval.evmbench.importer import foundry_case, no_patch

NOT_CHECKED_OUT = "its project is not checked out"
NO_EXPLOIT = "its exploit is deployed by shell scripts, to a chain with an RPC port"


@dataclass(frozen=True, slots=True)
class Importable:
    """One audit: the number of its faults, and why a kind of task is not to be had of it (empty where it is)."""

    audit: str
    faults: int
    no_patch: str
    no_exploit: str

    @property
    def line(self) -> str:
        """What a user reads of it."""
        patch = f"no patch task ({self.no_patch})" if self.no_patch else "patch"
        exploit = f"; no exploit task ({self.no_exploit})" if self.no_exploit else ""
        faults = f"{self.faults} fault{'' if self.faults == 1 else 's'}"
        return f"{self.audit}: detect ({faults}); {patch}{exploit}"


def importable_audits(checkout: Path, sources: Path) -> Iterator[Importable | str]:
    """Yield what can be imported of each audit, or the line by which its configuration is refused.

    `sources` holds checked out projects, each in a folder called as its audit.

    Raises:
        SettingsError: there are no audits in `checkout`.
    """
    parents = (checkout / "audits", checkout / "project/evmbench/audits", checkout)
    found = next((paths for each in parents if (paths := sorted(each.glob("*/config.yaml")))), [])
    if not found:
        raise SettingsError(f"{checkout}: has no audits/ID/config.yaml; name a copy of EVMbench")
    for path in found:
        name = path.parent.name
        try:
            audit = read_audit(checkout, name)
        except SettingsError as error:
            yield f"{name}: {error}"
        else:
            if audit.id == name:  # a template of audits is none
                yield _importable(audit, sources / name)


def _importable(audit: Audit, source: Path) -> Importable:
    has_exploit = any(fault.has_exploit for fault in audit.faults)
    return Importable(audit.id, len(audit.faults), _why_no_patch(audit, source), NO_EXPLOIT if has_exploit else "")


def _why_no_patch(audit: Audit, source: Path) -> str:
    reason = no_patch(audit)
    if reason or not source.is_dir():
        return reason or NOT_CHECKED_OUT
    try:
        foundry_case(audit, source)
    except SettingsError as error:
        return str(error).removeprefix(f"{audit.id}: ")
    return ""
