"""Which agent was here first: every version ever stored, compared by bytes, by structure and by shape.

By shape an upload is compared with few others. Whoever has nine tenths of a program's fingerprints has at least one
of any tenth of them and one more: its rarest are its marks, and only uploads that hold a mark of one another can be
alike. So that it takes a quarter of the memory, only fingerprints that 4 divides are marks or are looked for.
Of uploads with the same fingerprints only the first stands in the indexes: whoever is like one is like all.
"""

import threading
from array import array
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from heapq import merge, nsmallest
from itertools import groupby

from bitsec_eval.core.agents.agent_check import Caution
from bitsec_eval.core.agents.similarity import COMPARED_PRINTS, Likeness, resemblance
from bitsec_eval.hub.storage.records import CopyOf
from bitsec_eval.hub.uploads.print_index import PrintIndex

SIMILAR = 0.9
"""Unrelated modules of the standard library reach 0.41 and sister modules (bz2, lzma) 0.63."""

MOST_MISSING = 10
"""One of so many fingerprints of the smaller program may be missing in the other; see SIMILAR."""

SAMPLE = 4
"""Fingerprints that this divides stand in the indexes."""

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
        self._same: dict[bytes, list[int]] = {}
        """The sequences, in order, that have the same fingerprints; the first stands for them all."""
        self._sampled = PrintIndex()
        self._marked = PrintIndex()
        self._unmarked: list[int] = []
        """The sequences, in order, whose sample is too small for marks: every upload is compared with them."""

    def restore(self, upload: Upload, sequence: int) -> None:
        """Take in a stored upload; those of one miner come in their order."""
        with self._lock:
            self._add(self._compared(upload, sequence))

    def take_place(self, upload: Upload) -> UploadPlace:
        """Give an upload the next place and say what it copies or resembles of another miner's, if it does."""
        with self._lock:
            new = self._compared(upload, self._last + 1)
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
            self._take_from_same(gone)

    def _add(self, new: "_Earlier") -> None:
        self._last = max(self._last, new.sequence)
        self._uploads[new.sequence] = new
        for key in new.keys:
            insort(self._first[key], new.sequence)
        self._add_to_same(new)

    def _add_to_same(self, new: "_Earlier") -> None:
        same = self._same.setdefault(new.shape, [])
        if same and new.sequence < same[0]:  # uploads are restored in their order, but nobody relies on it
            self._unlist(self._uploads[same[0]])
        insort(same, new.sequence)
        if same[0] == new.sequence:
            self._list(new)

    def _take_from_same(self, gone: "_Earlier") -> None:
        same = self._same[gone.shape]
        was_first = same[0] == gone.sequence
        same.remove(gone.sequence)
        if was_first:
            self._unlist(gone)
        if not same:
            del self._same[gone.shape]
        elif was_first:
            self._list(self._uploads[same[0]])

    def _list(self, new: "_Earlier") -> None:
        self._sampled.add(new.sample, new.sequence)
        self._marked.add(new.marks, new.sequence)
        if new.is_unmarked:
            insort(self._unmarked, new.sequence)

    def _unlist(self, gone: "_Earlier") -> None:
        self._sampled.remove(gone.sample, gone.sequence)
        self._marked.remove(gone.marks, gone.sequence)
        if gone.is_unmarked:
            self._unmarked.remove(gone.sequence)

    def _compared(self, upload: Upload, sequence: int) -> "_Earlier":
        known = upload.likeness
        prints = array("I", sorted(known.prints) if known else ())
        return _Earlier(
            sequence=sequence,
            miner_id=upload.miner_id,
            sha256=upload.sha256,
            time=upload.time,
            structure=known.structure if known else None,
            prints=prints,
            shape=blake2b(prints, digest_size=16).digest(),
            marks=array("I", self._marks(prints)),
        )

    def _marks(self, prints: "array[int]") -> Iterable[int]:
        """The rarest fingerprints of which one cannot be missing in a program that is alike; none if they are few."""
        if len(prints) < COMPARED_PRINTS:
            return ()
        needed = len(prints) // MOST_MISSING + 1
        sample = _sample(prints)
        return nsmallest(needed, sample, key=self._sampled.count) if len(sample) >= needed else ()

    def _copy_of(self, new: "_Earlier") -> CopyOf | None:
        sequences = [sequence for key in new.keys for sequence in self._first.get(key, [])[:1]]
        first = self._uploads[min(sequences)] if sequences else None
        if first is None or first.miner_id == new.miner_id:
            return None
        kind = "exact" if first.sha256 == new.sha256 else "renamed"
        return CopyOf(miner_id=first.miner_id, time=first.time, kind=kind)

    def _resembling(self, new: "_Earlier") -> tuple[Caution, ...]:
        prints = frozenset(new.prints)
        shares = ((earlier, earlier.share_of(prints)) for earlier in self._candidates(new))
        first, share = next((pair for pair in shares if pair[1] >= SIMILAR), (None, 0.0))
        if first is None or first.miner_id == new.miner_id:
            return ()
        sentence = f"{share:.0%} of the smaller program's shape is also in {first.miner_id}'s of {first.time}."
        return (Caution(reason="similar", sentence=sentence),)

    def _candidates(self, new: "_Earlier") -> Iterator["_Earlier"]:
        """Yield every earlier upload that can be alike, in the order of uploads, and few others."""
        if len(new.prints) < COMPARED_PRINTS:
            return
        larger = [self._sampled.holders(each) for each in new.marks]
        smaller = [self._marked.holders(each) for each in new.sample]
        found = (
            merge(*larger, *smaller, self._unmarked)
            if new.marks
            else iter(sorted(same[0] for same in self._same.values()))
        )
        yield from (self._uploads[sequence] for sequence, _ in groupby(found))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Earlier:
    sequence: int
    miner_id: str
    sha256: str
    time: str
    structure: str | None
    prints: "array[int]"  # 4 bytes each, sorted; a set takes 15 times that
    shape: bytes  # a digest of the prints
    marks: "array[int]"

    @property
    def keys(self) -> tuple[str, ...]:
        """What an equal upload has in common with this one."""
        return (self.sha256,) if self.structure is None else (self.sha256, f"structure {self.structure}")

    @property
    def sample(self) -> list[int]:
        """Those of the fingerprints that stand in the indexes."""
        return _sample(self.prints) if len(self.prints) >= COMPARED_PRINTS else []

    @property
    def is_unmarked(self) -> bool:
        """Whether it is compared, and has no marks to be found by."""
        return len(self.prints) >= COMPARED_PRINTS and not self.marks

    def share_of(self, prints: frozenset[int]) -> float:
        """The share of the smaller program's fingerprints that the other has; time grows with the smaller one."""
        if len(self.prints) <= FEW_TIMES * len(prints):
            return resemblance(prints, self.prints, len(self.prints))
        return resemblance(prints, filter(self._has, prints), len(self.prints))

    def _has(self, fingerprint: int) -> bool:
        place = bisect_left(self.prints, fingerprint)
        return place < len(self.prints) and self.prints[place] == fingerprint


def _sample(prints: Iterable[int]) -> list[int]:
    return [each for each in prints if not each % SAMPLE]
