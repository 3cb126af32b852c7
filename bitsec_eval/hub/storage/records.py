"""The record of a miner's uploads, and its form in `agents/<miner_id>.json`."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from bitsec_eval.core.agents.agent_check import Caution


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyOf:
    """The earlier upload that a version copies: "exact" to the byte, or "renamed" in names and layout only."""

    miner_id: str
    time: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One accepted upload; `sequence` orders all uploads of the hub, whatever its clock did, from 1."""

    version: int
    sha256: str
    size: int
    time: str
    sequence: int
    warnings: tuple[Caution, ...] = ()
    copy_of: CopyOf | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Everything stored of one miner: at least one version, oldest first."""

    miner_id: str
    versions: tuple[Version, ...]

    @property
    def current(self) -> Version:
        """The version the validator reads."""
        return self.versions[-1]

    def encoded(self) -> bytes:
        """Return the metadata file: the current version's fields at the top, then every version."""
        fields = {"miner_id": self.miner_id, **asdict(self.current), "versions": list(map(asdict, self.versions))}
        return json.dumps(fields, indent=2).encode() + b"\n"


def decoded(content: bytes) -> Record:
    """Read a metadata file back.

    Raises: ValueError where it is not one.
    """
    try:
        fields = json.loads(content)
        versions = tuple(_version(version) for version in fields["versions"])
        return Record(miner_id=str(fields["miner_id"]), versions=(*versions[:-1], versions[-1]))
    except (KeyError, TypeError, IndexError, RecursionError) as error:
        raise ValueError(f"no metadata of an agent: {error!r}") from None


def _version(fields: dict[str, Any]) -> Version:
    warnings = tuple(Caution(**warning) for warning in fields["warnings"])
    copy_of = CopyOf(**fields["copy_of"]) if fields["copy_of"] else None
    return Version(**{**fields, "warnings": warnings, "copy_of": copy_of})
