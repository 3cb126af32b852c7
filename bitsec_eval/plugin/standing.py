"""How far an evaluation has got, gathered from all of its processes.

A worker of xdist has no channel for this to its controller but the results folder, where it leaves a small file.
"""

import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from bitsec_eval.render.artifacts import read_json, write_json
from bitsec_eval.schedule.snapshot import Running, Snapshot
from bitsec_eval.schedule.work import RunKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """All runs of an evaluation: those that go on, and how many of `total` are done."""

    total: int
    snapshot: Snapshot
    jobs: int = 1
    expected_seconds: float = 0.0

    @property
    def seconds_left(self) -> float | None:
        """What the runs left take if they are like those done, or like the last evaluation's; None if unknown."""
        done = self.snapshot.done - self.snapshot.reused
        each = self.snapshot.seconds / done if done else self.expected_seconds
        left = self.total - self.snapshot.done
        return each * left / self.jobs if each else None


def folder_of(results: Path, evaluation: str) -> Path:
    """Return where the workers of one evaluation leave their files."""
    return results / f".progress-{evaluation}"


def leave(folder: Path, worker: str, total: int, snapshot: Snapshot) -> None:
    """Leave what one worker knows."""
    write_json(folder / f"{worker}.json", {"total": total, **asdict(snapshot)})


def gathered(folder: Path) -> tuple[int, Snapshot]:
    """Return the runs in all and what all workers together say of them."""
    found = [told for path in sorted(folder.glob("*.json")) if (told := read_json(path))]
    snapshots = [_snapshot(told) for told in found]
    return max((told["total"] for told in found), default=0), together(snapshots)


def together(snapshots: Iterable[Snapshot]) -> Snapshot:
    """Return the sum of snapshots."""
    told = list(snapshots)
    running = sorted((run for each in told for run in each.running), key=lambda run: -run.seconds)
    return Snapshot(
        running=tuple(running),
        done=sum(each.done for each in told),
        void=sum(each.void for each in told),
        reused=sum(each.reused for each in told),
        seconds=sum(each.seconds for each in told),
    )


def tidy(folder: Path) -> None:
    """Remove the files."""
    shutil.rmtree(folder, ignore_errors=True)


def _snapshot(told: dict) -> Snapshot:  # type: ignore[type-arg]
    running = tuple(Running(**{**each, "key": RunKey(**each["key"])}) for each in told["running"])
    counts = {name: told[name] for name in ("done", "void", "reused", "seconds")}
    return Snapshot(running=running, **counts)
