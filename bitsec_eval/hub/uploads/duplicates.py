"""Which agent was here first: every version ever stored, compared by bytes, by structure and by shape."""

import threading
from array import array
from bisect import bisect_left, insort
from collections import defaultdict
from dataclasses import dataclass

from bitsec_eval.core.agent_check import Caution
from bitsec_eval.core.similarity import Likeness, resemblance
from bitsec_eval.hub.storage.records import CopyOf

SIMILAR = 0.9
"""Unrelated modules of the standard library reach 0.41 and sister modules (bz2, lzma) 0.63."""

FEW_TIMES = 8
"""How many times larger a program's fingerprints may be to be gone through one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One upload as it is compared; `likeness` is None for a stored version that lost its file of prints."""

    miner_id: str
    sha256: str
    time: str
    likeness: Likeness | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadPlace:
    """What is known when an upload takes its place in the order of all uploads."""

    sequence: int
    copy_of: CopyOf | None = None
    warnings: tuple[Caution, ...] = ()


class Duplicates:
    """Every upload in its order; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0
        self._uploads: dict[int, _Earlier] = {}
        self._first: dict[str, list[int]] = defaultdict(list)
        """The sequences, in order, that have a digest or a structure."""

    def restore(self, upload: Upload, sequence: int) -> None:
        """Take in a stored upload; those of one miner come in their order."""
        with self._lock:
            self._add(_earlier(upload, sequence))

    def take_place(self, upload: Upload) -> UploadPlace:
        """Give an upload the next place and say what it copies or resembles of another miner's, if it does."""
        with self._lock:
            new = _earlier(upload, self._last + 1)
            copy_of = self._copy_of(new)
            warnings = () if copy_of else self._resembling(new)
            self._add(new)
            return UploadPlace(sequence=new.sequence, copy_of=copy_of, warnings=warnings)

    def withdraw(self, sequence: int) -> None:
        """Forget an upload that could not be stored."""
        with self._lock:
            gone = self._uploads.pop(sequence)
            for key in gone.keys:
                self._first[key].remove(sequence)

    def _add(self, new: "_Earlier") -> None:
        in_order = new.sequence > self._last
        self._last = max(self._last, new.sequence)
        self._uploads[new.sequence] = new
        if not in_order:
            self._uploads = dict(sorted(self._uploads.items()))
        for key in new.keys:
            insort(self._first[key], new.sequence)

    def _copy_of(self, new: "_Earlier") -> CopyOf | None:
        sequences = [sequence for key in new.keys for sequence in self._first.get(key, [])[:1]]
        first = self._uploads[min(sequences)] if sequences else None
        if first is None or first.miner_id == new.miner_id:
            return None
        kind = "exact" if first.sha256 == new.sha256 else "renamed"
        return CopyOf(miner_id=first.miner_id, time=first.time, kind=kind)

    def _resembling(self, new: "_Earlier") -> tuple[Caution, ...]:
        prints = frozenset(new.prints)
        shares = ((earlier, earlier.share_of(prints)) for earlier in self._uploads.values())
        first, share = next((pair for pair in shares if pair[1] >= SIMILAR), (None, 0.0))
        if first is None or first.miner_id == new.miner_id:
            return ()
        sentence = f"{share:.0%} of the smaller program's shape is also in {first.miner_id}'s of {first.time}."
        return (Caution(reason="similar", sentence=sentence),)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Earlier:
    sequence: int
    miner_id: str
    sha256: str
    time: str
    structure: str | None
    prints: "array[int]"  # 4 bytes each, sorted; a set takes 15 times that

    @property
    def keys(self) -> tuple[str, ...]:
        """What an equal upload has in common with this one."""
        return (self.sha256,) if self.structure is None else (self.sha256, f"structure {self.structure}")

    def share_of(self, prints: frozenset[int]) -> float:
        """The share of the smaller program's fingerprints that the other has; time grows with the smaller one."""
        if len(self.prints) <= FEW_TIMES * len(prints):
            return resemblance(prints, self.prints, len(self.prints))
        return resemblance(prints, filter(self._has, prints), len(self.prints))

    def _has(self, fingerprint: int) -> bool:
        place = bisect_left(self.prints, fingerprint)
        return place < len(self.prints) and self.prints[place] == fingerprint


def _earlier(upload: Upload, sequence: int) -> _Earlier:
    known = upload.likeness
    return _Earlier(
        sequence=sequence,
        miner_id=upload.miner_id,
        sha256=upload.sha256,
        time=upload.time,
        structure=known.structure if known else None,
        prints=array("I", sorted(known.prints) if known else ()),
    )
