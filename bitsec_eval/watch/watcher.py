"""Look for what is new or changed, evaluate it, publish what came of it, and never give up."""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Protocol

from bitsec_eval.core.errors import BitsecError, SandboxError
from bitsec_eval.core.scoring.leaderboard import Leaderboard
from bitsec_eval.core.tasks.renaming import SEEDS
from bitsec_eval.core.text import one_line
from bitsec_eval.evaluate.process import Order, Stopped
from bitsec_eval.evaluate.trouble import no_result
from bitsec_eval.render.figures import points
from bitsec_eval.support.backoff import Backoff
from bitsec_eval.watch.publication import Made, Publication
from bitsec_eval.watch.submissions import Submission, conditions, submissions

REWARDS = "--bitsec-rewards=distinct"
"""Where anybody may hand in under any name, a copy under another name must not be paid; an option says otherwise."""

ENGINE = "engine"
"""What is retried with backoff besides agents."""

LONGEST_PAUSE_SECONDS = 1800.0


class WatchedEngine(Protocol):
    """The container engine, as far as a watch must know it."""

    def ask(self) -> None:
        """Return if it answers.

        Raises:
            SandboxError: it does not.
        """

    def sweep(self) -> None:
        """Remove the containers that killed evaluations left."""


Evaluate = Callable[[Order, Event], int]
"""Evaluates one agent and returns pytest's exit status; see `bitsec_eval.evaluate.process.evaluate`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchSettings:
    """What is watched: `tasks` are folders or files, `options` further arguments for pytest."""

    agents: Path
    tasks: tuple[Path, ...]
    results: Path
    interval_seconds: float = 60.0
    options: tuple[str, ...] = ()


class Watcher:
    """Looks once at a time; `say` is given one line for everything an operator should know."""

    def __init__(
        self,
        settings: WatchSettings,
        publication: Publication,
        *,
        engine: WatchedEngine,
        evaluate: Evaluate,
        log: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        draw: Callable[[], int] = lambda: secrets.randbelow(SEEDS),
    ) -> None:
        self._settings = settings
        self._publication = publication
        self._engine = engine
        self._evaluate = evaluate
        self._log = log
        self._draw = draw
        self._backoff = Backoff(settings.interval_seconds, LONGEST_PAUSE_SECONDS, clock)
        self._complaints: set[str] = set()

    def watch(self, stop: Event) -> None:
        """Look, wait and look again until `stop` is set."""
        while not stop.is_set():
            self.look(stop)
            stop.wait(self._settings.interval_seconds)

    def look(self, stop: Event) -> bool:
        """Evaluate what is due; return whether every agent's result is now that of its current version, in full."""
        try:
            return self._look(stop)
        except Exception as error:  # noqa: BLE001 - a loop that ends on a surprise evaluates nobody
            self._log(f"not now: {_told(error)}; looking again in {self._settings.interval_seconds:g} s")
            return False

    def _look(self, stop: Event) -> bool:
        found = submissions(self._settings.agents)
        self._complain(found.complaints)
        if not found.agents:
            return not found.complaints  # a folder that is empty by mistake must not empty the board
        self._retire(found.agents)
        condition = conditions(self._settings.tasks, self._settings.options)
        wanted = {agent: (agent.sha256, condition) for agent in found.agents}
        stale = {agent: made for agent, made in wanted.items() if not self._publication.is_current(agent.name, made)}
        due = [agent for agent, made in stale.items() if self._backoff.is_over((agent.name, made))]
        due.sort(key=lambda agent: (agent.submitted, agent.name))
        if not due or not self._engine_answers():
            return not stale and not found.complaints
        try:
            scored = list(self._renewed(due, stale, stop))
        finally:
            self._publication.note_queue("", ())
        return len(scored) == len(stale) and all(scored) and not found.complaints

    def _renewed(self, due: Sequence[Submission], stale: Mapping[Submission, Made], stop: Event) -> Iterator[bool]:
        """Evaluate in the order of submission; yield whether every run of each was scored."""
        for place, agent in enumerate(due):
            if stop.is_set():
                return
            self._publication.note_queue(agent.name, [each.name for each in due[place + 1 :]], since=time.time())
            begun = time.monotonic()
            yield self._renew(agent, stale[agent], stop)
            if not stop.is_set():
                self._publication.note_duration(time.monotonic() - begun)

    def _complain(self, complaints: Iterable[str]) -> None:
        """Say each complaint once for as long as it lasts."""
        found = set(complaints)
        for complaint in sorted(found - self._complaints):
            self._log(complaint)
        self._complaints = found

    def _retire(self, agents: Iterable[Submission]) -> None:
        for name in self._publication.retire({agent.name for agent in agents}):
            self._log(f"{name}: gone, and off the board")

    def _engine_answers(self) -> bool:
        if not self._backoff.is_over(ENGINE):
            return False
        try:
            self._engine.ask()
        except SandboxError as error:
            self._log(f"{error}; asking again in {self._backoff.failed(ENGINE):g} s")
            return False
        self._backoff.succeeded(ENGINE)
        return True

    def _renew(self, agent: Submission, made: Made, stop: Event) -> bool:
        """Evaluate one agent and publish it; return whether every run was scored."""
        board, doubt = self._evaluated(agent, made, stop)
        if stop.is_set():
            return False
        if board is not None:
            self._log(f"{agent.name}: {_verdict(board)}")
        if not doubt:
            self._backoff.succeeded((agent.name, made))
            return True
        seconds = self._backoff.failed((agent.name, made))
        log = self._publication.log(agent.name)
        self._log(f"{agent.name}: {doubt}; trying again in {seconds:g} s, see {log}")
        return False

    def _evaluated(self, agent: Submission, made: Made, stop: Event) -> tuple[Leaderboard | None, str]:
        """Evaluate one agent; return the board of it alone, if there is one, and why it must be done again."""
        publication = self._publication
        try:
            publication.draft(agent.name).unlink(missing_ok=True)
            publication.staged(agent.name).write_bytes(agent.source)
            order = self._order(agent)
            reason = no_result(self._evaluate(order, stop), order)
            if stop.is_set() or reason:
                return None, reason
            board = publication.publish(agent.name, made)
        except Stopped as stopped:
            if stopped.forced:
                self._engine.sweep()
            return None, str(stopped)
        except Exception as error:  # noqa: BLE001 - of this agent alone: the others are evaluated all the same
            return None, _told(error)
        finally:
            publication.staged(agent.name).unlink(missing_ok=True)
            publication.draft(agent.name).unlink(missing_ok=True)
        return board, ", ".join(board.doubts)

    def _order(self, agent: Submission) -> Order:
        name = agent.name
        seed = self._publication.seed(name, agent.sha256, self._draw)
        return Order(
            agent=self._publication.staged(name),
            tasks=self._settings.tasks,
            results=self._publication.results,
            junit=self._publication.draft(name),
            log=self._publication.log(name),
            more=(
                "--bitsec-reuse",
                f"--bitsec-seed={seed}",
                f"--bitsec-submitted={agent.submitted}",
                REWARDS,
                *self._settings.options,
            ),
        )


def _told(error: Exception) -> str:
    """Return an error in one line; a surprise says what kind it is."""
    expected = isinstance(error, (BitsecError, OSError))
    return one_line(str(error) if expected else f"{type(error).__name__}: {error}")


def _verdict(board: Leaderboard) -> str:
    scores = [points(row.score) for row in board.rows if row.score is not None]
    runs = "1 run" if board.runs.scored == 1 else f"{board.runs.scored} runs"
    stopped = next((f", {row.stopped}" for row in board.rows if row.stopped), "")
    return f"scored {', '.join(scores) or 'nothing'} over {runs}{stopped}"
