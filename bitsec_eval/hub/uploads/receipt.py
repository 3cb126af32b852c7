"""The response to an accepted upload."""

from dataclasses import dataclass

from bitsec_eval.core.agents.agent_check import Caution
from bitsec_eval.hub.storage.records import CopyOf, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The answer to an accepted upload; `token` is there once, when a miner id gets its owner.

    `status` is "stored", or "unchanged" where these bytes are the current version already.
    `python` is the version the agent was parsed with.
    """

    miner_id: str
    status: str
    version: int
    sha256: str
    size: int
    time: str
    warnings: tuple[Caution, ...]
    copy_of: CopyOf | None
    python: str
    page: str
    token: str | None = None


def receipt(record: Record, *, status: str, python: str, token: str | None) -> Receipt:
    """Return the receipt of a record's current version."""
    current = record.current
    return Receipt(
        miner_id=record.miner_id,
        status=status,
        version=current.version,
        sha256=current.sha256,
        size=current.size,
        time=current.time,
        warnings=current.warnings,
        copy_of=current.copy_of,
        python=python,
        page=f"/miners/{record.miner_id}",
        token=token,
    )
