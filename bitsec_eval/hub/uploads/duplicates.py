"""Which agent was here first: every version ever stored, compared by bytes, by structure and by shape."""

import threading
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

from bitsec_eval.core.agent_check import Caution
from bitsec_eval.core.similarity import Likeness, resemblance
from bitsec_eval.hub.storage.records import CopyOf

SIMILAR = 0.9
"""Unrelated modules of the standard library reach 0.41 and sister modules (bz2, lzma) 0.63."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One upload as it is compared; `likeness` is None for a stored version that lost its file of prints."""

    miner_id: str
    sha256: str
    time: str
    likeness: Likeness | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What is known when an upload takes its place in the order of all uploads."""

    sequence: int
    copy_of: CopyOf | None = None
    warnings: tuple[Caution, ...] = ()


class Seen:
    """Every upload in its order; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0
        self._uploads: dict[int, _Earlier] = {}

    def restore(self, upload: Upload, sequence: int) -> None:
        """Take in a stored upload, in any order."""
        with self._lock:
            self._add(upload, sequence)

    def take_place(self, upload: Upload) -> Place:
        """Give an upload the next place and say what it copies or resembles of another miner's, if it does."""
        with self._lock:
            copy_of = self._copy_of(upload)
            place = Place(
                sequence=self._last + 1,
                copy_of=copy_of,
                warnings=() if copy_of else self._resembling(upload),
            )
            self._add(upload, place.sequence)
            return place

    def withdraw(self, place: Place) -> None:
        """Forget an upload that could not be stored."""
        with self._lock:
            del self._uploads[place.sequence]

    def _add(self, upload: Upload, sequence: int) -> None:
        self._last = max(self._last, sequence)
        self._uploads[sequence] = _earlier(upload, sequence)

    def _copy_of(self, upload: Upload) -> CopyOf | None:
        new = _earlier(upload, 0)
        first = next((earlier for earlier in self._in_order() if earlier.same_as(new)), None)
        if first is None or first.miner_id == upload.miner_id:
            return None
        kind = "exact" if first.sha256 == upload.sha256 else "renamed"
        return CopyOf(miner_id=first.miner_id, time=first.time, kind=kind)

    def _resembling(self, upload: Upload) -> tuple[Caution, ...]:
        shares = ((earlier, earlier.share_of(upload)) for earlier in self._in_order())
        first, share = next((pair for pair in shares if pair[1] >= SIMILAR), (None, 0.0))
        if first is None or first.miner_id == upload.miner_id:
            return ()
        sentence = f"{share:.0%} of the smaller program's shape is also in {first.miner_id}'s of {first.time}."
        return (Caution(reason="similar", sentence=sentence),)

    def _in_order(self) -> Iterator["_Earlier"]:
        return (self._uploads[sequence] for sequence in sorted(self._uploads))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Earlier:
    sequence: int
    miner_id: str
    sha256: str
    time: str
    structure: str | None
    prints: "array[int]"  # 4 bytes each; a set takes 15 times that

    def same_as(self, other: "_Earlier") -> bool:
        same_structure = self.structure is not None and self.structure == other.structure
        return same_structure or self.sha256 == other.sha256

    def share_of(self, upload: Upload) -> float:
        if upload.likeness is None:
            return 0.0
        return resemblance(upload.likeness.prints, self.prints, len(self.prints))


def _earlier(upload: Upload, sequence: int) -> _Earlier:
    known = upload.likeness
    return _Earlier(
        sequence=sequence,
        miner_id=upload.miner_id,
        sha256=upload.sha256,
        time=upload.time,
        structure=known.structure if known else None,
        prints=array("I", known.prints if known else ()),
    )
