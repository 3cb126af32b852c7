"""The board as the result files say it now: read again whenever one of them changes, so never stale."""

import threading
from dataclasses import dataclass
from pathlib import Path

from bitsec_eval.core.errors import BitsecError
from bitsec_eval.core.evaluations.evaluation import Evaluation
from bitsec_eval.core.evaluations.watch_notes import (
    BEGUN,
    HISTORY,
    QUEUE,
    QueueNote,
    VersionScore,
    queue_note,
    version_scores,
)
from bitsec_eval.core.junit.reader import read_junit
from bitsec_eval.core.scoring.leaderboard import Leaderboard, leaderboard
from bitsec_eval.core.scoring.scores import Cell
from bitsec_eval.core.text import one_line
from bitsec_eval.hub.views.runs import RunOutput, RunReport, outputs_in, runs_in
from bitsec_eval.support.atomic_files import read_json

_Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardState:
    """The board, and one line for each result file that could not be used."""

    board: Leaderboard
    problems: tuple[str, ...] = ()


class Results:
    """One results folder; safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._files: dict[Path, tuple[_Stamp, Evaluation | str]] = {}
        self._standings: BoardState | None = None

    def standings(self) -> BoardState:
        """Return what `*.xml` in the folder say together, read anew if any of them changed."""
        with self._lock:
            stamps = dict(_stamps(self._folder))
            if self._standings is None or stamps != {path: stamp for path, (stamp, _) in self._files.items()}:
                self._files = {path: self._refreshed(path, stamp) for path, stamp in stamps.items()}
                self._standings = _standings([found for _, found in self._files.values()])
            return self._standings

    def runs(self, agent: str, cell: Cell) -> tuple[RunReport, ...]:
        """Return what is kept of an agent's runs on a task."""
        return tuple(runs_in(self._folder, agent, cell, self.standings().board.evaluations))

    def queue(self) -> QueueNote:
        """Return whom a watch over this folder evaluates and who is next."""
        return queue_note(read_json(self._folder / QUEUE), read_json(self._folder / BEGUN))

    def version_scores(self, agent: str) -> tuple[VersionScore, ...]:
        """Return what a watch noted of each version's score, oldest first."""
        return version_scores(read_json(self._folder / HISTORY), agent)

    def weights(self) -> dict[str, float]:
        """Return the tasks' weights; the latest evaluation has the last word."""
        self.standings()
        read = [found for _, found in self._files.values() if isinstance(found, Evaluation)]
        plans = [found.plan for found in sorted(read, key=lambda found: found.age_key) if found.plan]
        return {task: planned.weight for plan in plans for task, planned in plan.tasks.items()}

    def outputs(self, agent: str, cell: Cell) -> tuple[RunOutput, ...]:
        """Return what an agent printed in its runs on a task, for its owner."""
        evaluations = self.standings().board.evaluations
        return tuple(outputs_in(self._folder, agent, cell, evaluations, self._kind))

    def _kind(self, evaluation: str, task: str) -> str:
        """Return the kind of a task as an evaluation planned it, "" where it is not known or its files differ."""
        read = [
            found for _, found in self._files.values() if isinstance(found, Evaluation) and found.id == evaluation
        ]
        kinds = {found.plan.tasks[task].kind for found in read if found.plan and task in found.plan.tasks}
        return kinds.pop() if len(kinds) == 1 else ""

    def _refreshed(self, path: Path, stamp: _Stamp) -> tuple[_Stamp, Evaluation | str]:
        known = self._files.get(path)
        return known if known is not None and known[0] == stamp else (stamp, _read(path))


def _stamps(folder: Path) -> list[tuple[Path, _Stamp]]:
    found = []
    for path in sorted(folder.glob("*.xml")):
        try:
            status = path.stat()
        except OSError:  # removed meanwhile
            continue
        if not path.name.startswith("."):
            found.append((path, (status.st_mtime_ns, status.st_size, status.st_ino)))
    return found


def _read(path: Path) -> Evaluation | str:
    try:
        with path.open("rb") as stream:
            return read_junit(stream, path.name)
    except (BitsecError, OSError) as error:
        return one_line(str(error))


def _standings(found: list[Evaluation | str]) -> BoardState:
    problems = [each for each in found if isinstance(each, str)]
    try:
        board = leaderboard([each for each in found if not isinstance(each, str)])
    except BitsecError as error:
        board = leaderboard([])
        problems.append(one_line(str(error)))
    return BoardState(board=board, problems=tuple(problems))
