"""Which uploads have a fingerprint: 8 bytes for each pair, in arrays that stay sorted."""

from array import array
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator

SHELVES = 16_381  # a prime: fingerprints of one sample have their lowest bits in common
_UPLOAD_BITS = 32


class PrintIndex:
    """Pairs of a fingerprint and the number of an upload, 32 bits each; not safe to use from several threads."""

    def __init__(self) -> None:
        self._shelves: defaultdict[int, array[int]] = defaultdict(lambda: array("Q"))

    def add(self, prints: Iterable[int], upload: int) -> None:
        """Note that an upload has these fingerprints."""
        for each in prints:
            insort(self._shelves[each % SHELVES], each << _UPLOAD_BITS | upload)

    def remove(self, prints: Iterable[int], upload: int) -> None:
        """Forget what was noted."""
        for each in prints:
            shelf = self._shelves[each % SHELVES]
            del shelf[bisect_left(shelf, each << _UPLOAD_BITS | upload)]

    def count(self, fingerprint: int) -> int:
        """Return how many uploads have a fingerprint."""
        shelf = self._shelves.get(fingerprint % SHELVES)
        if shelf is None:
            return 0
        first = fingerprint << _UPLOAD_BITS
        return bisect_left(shelf, first + (1 << _UPLOAD_BITS)) - bisect_left(shelf, first)

    def holders(self, fingerprint: int) -> Iterator[int]:
        """Yield the uploads that have a fingerprint, the earliest first."""
        shelf = self._shelves.get(fingerprint % SHELVES)
        if shelf is None:
            return
        place = bisect_left(shelf, fingerprint << _UPLOAD_BITS)
        while place < len(shelf) and shelf[place] >> _UPLOAD_BITS == fingerprint:
            yield shelf[place] & ((1 << _UPLOAD_BITS) - 1)
            place += 1
