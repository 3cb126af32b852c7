"""Progress of an evaluation, gathered from all of its processes.

A worker of xdist has no channel for this to its controller but the results folder, where it leaves a small file.
"""

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from math import fsum
from pathlib import Path

from bitsec_eval.schedule.runs import RunKey
from bitsec_eval.schedule.snapshot import Pace, Running, Snapshot
from bitsec_eval.support.atomic_files import read_json, write_json

SETTLED_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProgress:
    """All runs of an evaluation by their tasks: those that go on, and how many of `totals` are done.

    `expected` is how many seconds a run of a task took in the last evaluation.
    `stage` says what goes on where that is not all of the evaluation, `stopped` how many agents were stopped early.
    """

    totals: Mapping[str, int]
    snapshot: Snapshot
    jobs: int = 1
    expected: Mapping[str, float] = field(default_factory=dict)
    stage: str = ""
    stopped: int = 0

    @property
    def total(self) -> int:
        """How many runs there are."""
        return sum(self.totals.values())

    @property
    def seconds_left(self) -> float | None:
        """What the runs left take if they are like those known of their tasks; None where no run is known.

        Runs of tasks of which none is known are left out; see `is_least`.
        """
        known = self._known
        if not known:
            return None
        left = fsum(count * known[task] for task, count in self._left().items() if task in known)
        begun = fsum(min(run.seconds, known[run.key.task]) for run in self.snapshot.running if run.key.task in known)
        return max(0.0, left - begun) / self._at_once

    @property
    def is_least(self) -> bool:
        """Whether `seconds_left` is a lower bound: of some task that has runs left none is known."""
        return any(count and task not in self._known for task, count in self._left().items())

    @property
    def _known(self) -> Mapping[str, float]:
        """Seconds of a run by task, as seen here or else in the last evaluation."""
        seen = {task: pace.seconds / pace.timed for task, pace in self.snapshot.tasks.items() if pace.timed}
        return {**self.expected, **seen}

    @property
    def _at_once(self) -> float:
        """How many runs went on at once so far; checks and xdist's workers make it other than `jobs`."""
        seconds = [pace.seconds for pace in self.snapshot.tasks.values()]
        seconds += [run.seconds for run in self.snapshot.running]
        settled = self.snapshot.elapsed_seconds >= SETTLED_SECONDS and any(seconds)
        return fsum(seconds) / self.snapshot.elapsed_seconds if settled else self.jobs

    def _left(self) -> Mapping[str, int]:
        return {task: total - self.snapshot.tasks.get(task, Pace()).done for task, total in self.totals.items()}


def folder_of(results: Path, evaluation: str) -> Path:
    """Return where the workers of one evaluation leave their files."""
    return results / f".progress-{evaluation}"


def leave(folder: Path, worker: str, totals: Mapping[str, int], snapshot: Snapshot) -> None:
    """Leave what one worker knows."""
    write_json(folder / f"{worker}.json", {"totals": dict(totals), **asdict(snapshot)})


def gathered(folder: Path) -> tuple[Mapping[str, int], Snapshot]:
    """Return the runs in all by their tasks, and what all workers together say of them."""
    found = [told for path in sorted(folder.glob("*.json")) if (told := read_json(path))]
    snapshots = [_snapshot(told) for told in found]
    every: Mapping[str, int] = max((told["totals"] for told in found), key=lambda it: sum(it.values()), default={})
    return every, together(snapshots)


def together(snapshots: Iterable[Snapshot]) -> Snapshot:
    """Return the sum of snapshots."""
    told = list(snapshots)
    running = sorted((run for each in told for run in each.running), key=lambda run: -run.seconds)
    paces: dict[str, Pace] = {}
    for task, pace in (item for each in told for item in each.tasks.items()):
        paces[task] = paces.get(task, Pace()) + pace
    return Snapshot(
        running=tuple(running),
        tasks=paces,
        void=sum(each.void for each in told),
        reused=sum(each.reused for each in told),
        elapsed_seconds=max((each.elapsed_seconds for each in told), default=0.0),
        waits_for=next((each.waits_for for each in told if each.waits_for), ""),
    )


def tidy(folder: Path) -> None:
    """Remove the files."""
    shutil.rmtree(folder, ignore_errors=True)


def _snapshot(told: dict) -> Snapshot:  # type: ignore[type-arg]
    running = tuple(Running(**{**each, "key": RunKey(**each["key"])}) for each in told["running"])
    paces = {task: Pace(**pace) for task, pace in told["tasks"].items()}
    told = {name: told[name] for name in ("void", "reused", "elapsed_seconds", "waits_for")}
    return Snapshot(running=running, tasks=paces, **told)
