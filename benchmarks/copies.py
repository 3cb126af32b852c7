"""What the search for copies costs an upload: `python benchmarks/copies.py [--earlier N] [--prints N]`.

Side by side in one run: the hub's search, and going through all earlier uploads, which finds the same.
"""

import argparse
import os
import random
import time
from collections.abc import Callable, Sequence

from bitsec_eval.core.agents.similarity import Likeness, resemblance
from bitsec_eval.hub.uploads.duplicates import SIMILAR, Duplicates, Upload

TRIED = 50


def main() -> None:
    """Print the milliseconds of both, for uploads that are different and for uploads that are alike."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--earlier", type=int, default=3000)
    parser.add_argument("--prints", type=int, default=700)
    options = parser.parse_args()
    chance = random.Random(1)
    print(f"{options.earlier} earlier uploads of {options.prints} fingerprints, load {os.getloadavg()[0]:.1f}")
    for name, shared in (("a fifth common to all", options.prints // 5), ("all but one common", options.prints - 1)):
        made = uploads(chance, options.earlier + TRIED, options.prints, shared)
        measure(name, made[:-TRIED], made[-TRIED:])


def measure(name: str, earlier: Sequence[Upload], tried: Sequence[Upload]) -> None:
    """Print what both ways take for the same uploads."""
    seen = Duplicates()
    begun = time.perf_counter()
    for number, upload in enumerate(earlier, 1):
        seen.restore(upload, number)
    restoring = (time.perf_counter() - begun) * 1000 / len(earlier)
    ours = milliseconds(seen.take_place, tried)
    theirs = milliseconds(lambda upload: first_alike(earlier, upload), tried)
    print(f"{name}: {ours:.2f} ms, going through all {theirs:.2f} ms, ratio {theirs / ours:.2f};", end=" ")
    print(f"{restoring:.2f} ms to take in a stored one")


def milliseconds(work: Callable[[Upload], object], tried: Sequence[Upload]) -> float:
    """Return the mean time that `work` takes for an upload."""
    begun = time.perf_counter()
    for upload in tried:
        work(upload)
    return (time.perf_counter() - begun) * 1000 / len(tried)


def first_alike(earlier: Sequence[Upload], new: Upload) -> Upload | None:
    """Return the first upload that is alike."""
    prints = new.likeness.prints
    shares = ((each, resemblance(prints, each.likeness.prints, len(each.likeness.prints))) for each in earlier)
    return next((each for each, share in shares if share >= SIMILAR), None)


def uploads(chance: random.Random, count: int, prints: int, shared: int) -> list[Upload]:
    """Return uploads of which `shared` fingerprints are the same in all."""
    common = [chance.getrandbits(32) for _ in range(shared)]
    made = []
    for number in range(count):
        own = [chance.getrandbits(32) for _ in range(prints - shared)]
        likeness = Likeness(structure=str(number), prints=frozenset(common + own))
        made.append(Upload(miner_id=f"m{number}", sha256=str(number), time="t", likeness=likeness))
    return made


if __name__ == "__main__":
    main()
