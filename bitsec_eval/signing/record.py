"""Signs an evaluation's record and its artifacts, and verifies that none of them was changed since.

The signature of `junit.xml` is `junit.xml.sig` beside it. Artifacts are the board and the pages of runs and findings
in the same folder. They may stay at home: then none of them is looked at, but of those that are there all must be.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bitsec_eval.core.errors import ResultsError, SettingsError
from bitsec_eval.core.evaluations.evaluation import Evaluation
from bitsec_eval.core.junit.reader import Stream, read_junit
from bitsec_eval.core.text import one_line
from bitsec_eval.signing.envelope import Statement, opened, sealed
from bitsec_eval.signing.keys import PublicKey, SigningKey
from bitsec_eval.support.atomic_files import write_text

SUFFIX = ".sig"
ARTIFACT_FOLDERS = ("runs", "findings", "private")
ARTIFACT_FILES = ("leaderboard.*", "*.plain.xml")
MOST_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRecord:
    """What a signature says: who signed, with which key, when (UTC), which evaluation, and how much of it.

    `signer` is what the signer calls itself; only the key is proof. `artifacts` is how many were signed, and
    `looked_at` how many of them were there to be compared.
    """

    signer: str
    key: PublicKey
    signed: datetime
    evaluation: str
    agents: int
    tasks: int
    checks: int
    artifacts: int
    looked_at: int


def signature_path(record: Path) -> Path:
    """Return where the signature of a record is."""
    return record.with_name(record.name + SUFFIX)


def sign(record: Path, key: SigningKey, signer: str, now: datetime) -> SignedRecord:
    """Write the signature of a junit file and of the artifacts beside it, and return what it says.

    Raises: ResultsError where the record cannot be read, SettingsError where the signature cannot be written.
    """
    evaluation, digest = read_hashed(record)
    artifacts = {name: _digest_of(record.parent / name) for name in artifacts_beside(record)}
    plan = evaluation.plan
    said = {
        "signer": signer,
        "signed": now.astimezone(UTC).isoformat(timespec="seconds"),
        "record": record.name,
        "evaluation": evaluation.id,
        "agents": len(plan.agents) if plan else len({run.agent for run in evaluation.runs}),
        "tasks": len(plan.tasks) if plan else len({run.task for run in evaluation.runs}),
        "checks": sum(len(run.checks) for run in evaluation.runs),
    }
    statement = Statement(files={record.name: digest, **artifacts}, said=said)
    path = signature_path(record)
    try:
        write_text(path, sealed(statement, key))
    except OSError as error:
        raise SettingsError(f"{one_line(str(path))}: cannot be written ({error.strerror}); make room there") from None
    return _signed(statement, key.public, len(artifacts))


def verify(record: Path, *, trusted: Iterable[PublicKey] | None = None) -> SignedRecord:
    """Return what the signature of a record says, if neither the record nor an artifact was changed.

    Raises: ResultsError where something was changed, is missing or was added, or where the key is not `trusted`.
    """
    statement, key = _statement_of(record, trusted)
    _check_record(record, statement, _digest_of(record))
    return _signed(statement, key, _look_at_artifacts(record, statement))


def verified_evaluation(
    record: Path, *, trusted: Iterable[PublicKey] | None = None
) -> tuple[Evaluation, SignedRecord]:
    """Return the evaluation in a record whose signature holds, read from the very bytes that were compared.

    Artifacts are not looked at: nothing of a board rests on them.

    Raises: ResultsError as `verify` and `read_junit` do.
    """
    statement, key = _statement_of(record, trusted)
    _check_record(record, statement, _digest_of(record))  # before anybody tries to understand it
    evaluation, digest = read_hashed(record)
    _check_record(record, statement, digest)
    if evaluation.id != statement.said.get("evaluation"):
        raise ResultsError(
            f"{one_line(str(record))}: holds evaluation {one_line(evaluation.id, 100)}, and its signature says"
            " another; ask its validator to sign it with bitsec-eval sign"
        )
    return evaluation, _signed(statement, key, 0)


class _Hashing:
    """Hands on what it reads, and knows its SHA-256."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, none at the end."""
        chunk = self._stream.read(size)
        self._hash.update(chunk)
        return chunk

    @property
    def digest(self) -> str:
        """The SHA-256 of all that was read, in hexadecimal."""
        return self._hash.hexdigest()


def read_hashed(record: Path) -> tuple[Evaluation, str]:
    """Return the evaluation in a junit file, and the SHA-256 of the file.

    Raises: ResultsError where there is none.
    """
    try:
        with record.open("rb") as stream:
            hashing = _Hashing(stream)
            return read_junit(hashing, str(record)), hashing.digest
    except OSError as error:
        raise _unreadable(record, error) from None


def artifacts_beside(record: Path) -> Iterator[str]:
    """Yield the names of the artifacts of a record, relative to its folder."""
    folder = record.parent
    found = {path for pattern in ARTIFACT_FILES for path in folder.glob(pattern)}
    found |= {path for name in ARTIFACT_FOLDERS for path in (folder / name).rglob("*")}
    yield from sorted(path.relative_to(folder).as_posix() for path in found if path.is_file() and path != record)


def _digest_of(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> ResultsError:
    return ResultsError(
        f"{one_line(str(path))}: cannot be read ({error.strerror}); give the junit file of an evaluation"
    )


def _statement_of(record: Path, trusted: Iterable[PublicKey] | None) -> tuple[Statement, PublicKey]:
    path = signature_path(record)
    shown = one_line(str(path))
    try:
        statement, key = opened(path.read_text("utf-8", errors="replace"))
    except OSError as error:
        told = f"{one_line(str(record))} has no signature that can be read ({shown}: {error.strerror})"
        raise ResultsError(f"{told}; have its validator run bitsec-eval sign, and send both files") from None
    except ResultsError as error:
        raise ResultsError(f"{shown}: {error}; ask the validator for the record and its signature again") from None
    if trusted is not None and key not in set(trusted):
        raise ResultsError(f"{shown}: signed with {key.text}, which is none of the trusted keys")
    return statement, key


def _check_record(record: Path, statement: Statement, digest: str) -> None:
    signed = statement.files.get(str(statement.said.get("record")))
    if signed != digest:
        shown = one_line(str(record))
        raise ResultsError(f"{shown}: was changed after it was signed; ask its validator for the record that was")


def _look_at_artifacts(record: Path, statement: Statement) -> int:
    """Return how many artifacts were compared; of those that were signed there must be all or none."""
    there = set(artifacts_beside(record))
    signed = set(statement.files) - {str(statement.said.get("record"))}
    present = sorted(there & signed)
    if not present:
        return 0
    changed = [name for name in present if _digest_of(record.parent / name) != statement.files[name]]
    for what, names in (
        ("changed after it was signed", changed),
        ("signed and not there", sorted(signed - there)),
        ("there and not signed", sorted(there - signed)),
    ):
        if names:
            more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
            named = ", ".join(one_line(name, 100) for name in names[:MOST_NAMED])
            raise ResultsError(
                f"{what}: {named}{more} in {one_line(str(record.parent))}; ask its validator, or sign it"
            )
    return len(present)


def _signed(statement: Statement, key: PublicKey, looked_at: int) -> SignedRecord:
    said = statement.said
    try:
        return SignedRecord(
            signer=one_line(str(said["signer"]), 60),
            key=key,
            signed=datetime.fromisoformat(str(said["signed"])).astimezone(UTC),
            evaluation=one_line(str(said["evaluation"]), 100),
            agents=int(said["agents"]),
            tasks=int(said["tasks"]),
            checks=int(said["checks"]),
            artifacts=len(statement.files) - 1,
            looked_at=looked_at,
        )
    except (KeyError, TypeError, ValueError):
        raise ResultsError(
            "the signature says nothing of an evaluation; have it signed by bitsec-eval sign"
        ) from None
