"""The results folder of a watch: one junit file for each agent, and what each was made of.

The file is results/agent.NAME.xml: a dot is in no agent's name, so it is nobody else's file, and whoever reads
results/*.xml reads the board.
Drafts, logs and the watch's own notes are in results/watch/.
"""

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from bitsec_eval.core.errors import ResultsError, SettingsError
from bitsec_eval.core.evaluations.watch_notes import (
    HISTORY,
    KEPT_DURATIONS,
    KEPT_SCORES,
    QUEUE,
    VersionScore,
    queue_note,
    version_scores,
)
from bitsec_eval.core.junit.reader import read_junit
from bitsec_eval.core.scoring.leaderboard import Leaderboard, leaderboard
from bitsec_eval.support.atomic_files import read_json, write_json

Made = tuple[str, str]
"""The digests of an agent and of the conditions it was evaluated under."""


class Publication:
    """One results folder; `sole_watch` says that nobody else publishes there."""

    def __init__(self, results: Path) -> None:
        self.results = results
        self.folder = results / "watch"
        self._notes = self.folder / "evaluated.json"
        self._seeds = self.folder / "seeds.json"

    def prepare(self) -> None:
        """Make the folders.

        Raises:
            SettingsError: they cannot be made.
        """
        try:
            (self.folder / "agents").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(f"--results {self.results}: {error.strerror}; give a folder to write in") from None

    def draft(self, agent: str) -> Path:
        """Where an evaluation writes the agent's junit before it is published."""
        return self.folder / f"{agent}.xml"

    def log(self, agent: str) -> Path:
        """Where an evaluation's own output goes."""
        return self.folder / f"{agent}.log"

    def staged(self, agent: str) -> Path:
        """Where the agent lies while it is evaluated."""
        return self.folder / "agents" / f"{agent}.py"

    def is_current(self, agent: str, made: Made) -> bool:
        """Whether the published result is of this agent under these conditions, with every run scored."""
        return self._published(agent).is_file() and self._known().get(agent) == list(made)

    def seed(self, agent: str, version: str, draw: Callable[[], int]) -> int:
        """Return the seed of an agent's version: the one of its first evaluation, for its answers to stay valid.

        Another version draws another: whoever has read the names of one evaluation meets others in the next.
        """
        known = read_json(self._seeds) or {}
        match known.get(agent):
            case [str(last), int(seed)] if last == version:
                return seed
        seed = draw()
        write_json(self._seeds, {**known, agent: [version, seed]})
        return seed

    def publish(self, agent: str, made: Made) -> Leaderboard:
        """Publish the agent's draft and return the board of it alone.

        A result in which nothing could be scored is not published: it says nothing of the agent.

        Raises:
            ResultsError: there is no draft that can be read.
        """
        draft, published = self.draft(agent), self._published(agent)
        board = _board(draft)
        if all(row.score is None for row in board.rows):
            return board
        draft.replace(published)
        self._note(agent, None if board.provisional else made)
        self._remember(agent, made, board)
        return board

    def note_queue(self, evaluating: str, queue: Sequence[str], *, since: float = 0.0) -> None:
        """Note whom is evaluated since when (seconds since 1970), and who is next, for whoever shows it."""
        known = read_json(self.results / QUEUE) or {}
        write_json(self.results / QUEUE, {**known, "evaluating": evaluating, "since": since, "queue": list(queue)})

    def note_duration(self, seconds: float) -> None:
        """Note how long an evaluation took."""
        known = read_json(self.results / QUEUE) or {}
        durations = [*queue_note(known).durations, round(seconds, 1)][-KEPT_DURATIONS:]
        write_json(self.results / QUEUE, {**known, "durations": durations})

    def _remember(self, agent: str, made: Made, board: Leaderboard) -> None:
        """Keep what this version scored; a later evaluation of it under the same conditions takes its place."""
        version, conditions = made
        known = read_json(self.results / HISTORY) or {}
        others = [each for each in version_scores(known, agent) if (each.sha256, each.conditions) != made]
        news = (
            VersionScore(sha256=version, time=row.last_evaluated.isoformat(), score=row.score, conditions=conditions)
            for row in board.rows
            if row.agent == agent and row.score is not None and row.last_evaluated is not None
        )
        kept = [asdict(each) for each in (*others, *news)][-KEPT_SCORES:]
        write_json(self.results / HISTORY, {**known, agent: kept})

    def retire(self, agents: set[str]) -> list[str]:
        """Take every published agent that is none of `agents` off the board, and return their names."""
        gone = sorted(agent for path in self.results.glob("agent.*.xml") if (agent := path.name[6:-4]) not in agents)
        for agent in gone:
            self._published(agent).replace(self.folder / f"{agent}.retired.xml")
            self._note(agent, None)
        return gone

    def _published(self, agent: str) -> Path:
        return self.results / f"agent.{agent}.xml"

    def _known(self) -> dict[str, object]:
        return read_json(self._notes) or {}

    def _note(self, agent: str, made: Made | None) -> None:
        known = self._known()
        known.pop(agent, None)
        write_json(self._notes, known if made is None else {**known, agent: made})


def _board(junit: Path) -> Leaderboard:
    try:
        with junit.open("rb") as stream:
            return leaderboard([read_junit(stream, junit.name)])
    except FileNotFoundError:
        raise ResultsError(f"{junit.name}: pytest wrote no results") from None


@contextmanager
def sole_watch(publication: Publication) -> Iterator[int]:
    """Hold the results folder and return the lock's descriptor.

    A process that inherits it holds the folder as well, so an evaluation whose watch was killed is waited for.

    Raises:
        SettingsError: another watch holds the folder.
    """
    lock = os.open(publication.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _hold(lock, publication.results)
        yield lock
    finally:
        os.close(lock)


def _hold(lock: int, results: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        who = "another watch, or an evaluation it left, is at work there"
        raise SettingsError(f"--results {results}: {who}; stop it or give another folder") from None
