"""Stops agents early: after the screening suite, and when they can no longer reach a rank that counts.

Runs go in rounds. When the first check of a round comes up, everything before it was checked, and whoever is stopped
then has none of its runs started and none of its checks made. A worker of xdist is given all runs of an agent where
agents are screened; whom to prune it decides by what it and the others know so far, which is late but never wrong.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

import pytest

from bitsec_eval.core.agents.behaviour import first_alike
from bitsec_eval.core.evaluations.evaluation import Check, Outcome, Run
from bitsec_eval.core.evaluations.stages import Field, RunPoints, Screen, Stop
from bitsec_eval.core.scoring.rewards import PAYS_ONCE
from bitsec_eval.core.scoring.run_points import points_of
from bitsec_eval.plugin.collection.tasks import CHECK, CollectedTask, DeclaredCheck
from bitsec_eval.plugin.config.settings import Settings
from bitsec_eval.plugin.progress.status import folder_of
from bitsec_eval.plugin.reporting.junit_properties import RUN
from bitsec_eval.plugin.staging.rounds import rounds_of, screen_of, tasks_in
from bitsec_eval.plugin.staging.shared_outcomes import SharedOutcomes
from bitsec_eval.schedule.runs import RunKey

SCREENING, EVALUATING = "screening", "evaluating"
TROUBLE = "bitsec_trouble"
"""Under this name a worker of xdist tells its controller what the operator has to mend."""


class Stages:
    """Knows which round comes when, and which agents were `stopped`; `begin` is called once, before the first run."""

    def __init__(self, settings: Settings, tasks: Mapping[str, CollectedTask]) -> None:
        self._settings = settings
        self._tasks = tasks
        self._screen: Screen | None = None
        self._round: dict[str, int] = {}
        self._entered = -1
        self._field = Field((), {}, 1, None)
        self._checks: defaultdict[RunKey, dict[str, Check]] = defaultdict(dict)
        self._kept: defaultdict[RunKey, str] = defaultdict(str)
        self._prints: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self._decided: dict[RunKey, bool] = {}
        self._shared: SharedOutcomes | None = None
        self._keys: tuple[RunKey, ...] = ()
        self.stopped: dict[str, Stop] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """Put the checks in the order of the rounds."""
        if self._settings.staging.active and items and not session.testsfailed:
            try:
                screen_of(self._settings.staging, tasks_in(items))
            except pytest.UsageError as error:
                self._refuse(session, error)
                items.clear()
            rounds = self._rounds_of(tasks_in(items))
            items.sort(key=lambda item: rounds[item.stash[CHECK].key.task] if CHECK in item.stash else -1)

    def _refuse(self, session: pytest.Session, error: pytest.UsageError) -> None:
        """Raise an error, or have xdist's controller tell of it: a worker that raises looks like one that crashed."""
        if not hasattr(session.config, "workeroutput"):
            raise error
        session.config.workeroutput[TROUBLE] = str(error)

    def _rounds_of(self, tasks: list[str]) -> dict[str, int]:
        weights = {task: self._tasks[task].task.weight for task in tasks}
        rounds = rounds_of(self._settings.staging, tasks, weights)
        return {task: number for number, each in enumerate(rounds) for task in each}

    def begin(self, items: Iterable[pytest.Item], worker: str) -> None:
        """Take note of the checks that will be made; `worker` names this one of several processes, else "".

        Raises:
            pytest.UsageError: no task is of the screening suite, or every one is.
        """
        items = list(items)
        tasks = tasks_in(items)
        settings = self._settings
        self._keys = tuple(dict.fromkeys(item.stash[CHECK].key for item in items if CHECK in item.stash))
        self._screen = screen_of(settings.staging, tasks)
        self._round = self._rounds_of(tasks) if settings.staging.active else dict.fromkeys(tasks, 0)
        weights = {task: self._tasks[task].task.weight for task in tasks}
        agents = {key.agent for key in self._keys}
        self._field = Field(agents, weights, settings.repeats, settings.at_least)
        if worker and settings.staging.active:
            self._shared = SharedOutcomes(folder_of(settings.results, settings.evaluation), worker)

    @property
    def stage(self) -> str:
        """What goes on, in a word; nothing where agents are not screened, or where a worker of xdist is asked."""
        if self._screen is None or self._entered < 0:
            return ""
        return SCREENING if self._entered == 0 else EVALUATING

    @property
    def plan(self) -> dict[str, Any]:
        """What the record says of how agents are stopped; nothing where none may be."""
        screen = {**asdict(self._screen), "tasks": list(self._screen.tasks)} if self._screen else None
        told = {"screen": screen, "prune": self._settings.staging.prune}
        return {name: value for name, value in told.items() if value is not None}

    def stopped_anywhere(self) -> dict[str, str]:
        """Return the agents that this process or a worker of xdist has stopped, and why."""
        told = SharedOutcomes(folder_of(self._settings.results, self._settings.evaluation)).news()
        found = {each["agent"]: str(each["stop"]) for each in told if "stop" in each}
        return found | {agent: stop.value for agent, stop in self.stopped.items()}

    def entered(self, key: RunKey) -> Iterator[RunKey]:
        """Yield the runs to start when a check of `key` comes up: those of its round, if it is the first of it."""
        number = self._round[key.task]
        if number <= self._entered:
            return
        self._entered = number
        self._stop_agents()
        for each in self._keys:
            if self._round[each.task] == number and each.agent not in self.stopped:
                yield each

    def is_unspent(self, key: RunKey) -> bool:
        """Whether a run is not to be done, since its agent was stopped; asked again it is the same."""
        if self._round.get(key.task, 0) == 0:
            return False
        if key not in self._decided:
            if self._shared is not None:
                self._stop_agents()
            self._decided[key] = key.agent in self.stopped
        return self._decided[key]

    def is_known_unspent(self, key: RunKey) -> bool:
        """Whether it is decided by now that a run is not to be done; for other threads, which decide nothing."""
        return self._decided.get(key, self._round.get(key.task, 0) > 0 and key.agent in self.stopped)

    def may_be_unspent(self, key: RunKey, before: RunKey) -> bool:
        """Whether a run that comes after that of `before` is not to be done, or that is not decided yet."""
        return self._round[key.task] > self._round[before.task] or self.is_unspent(key)

    def take(self, check: DeclaredCheck, reports: Iterable[pytest.TestReport]) -> None:
        """Take note of how a check ended; a run counts when all of its checks did."""
        if not self._settings.staging.active:
            return
        declared = self._tasks[check.key.task].of_run(check.key)
        known = self._checks[check.key]
        self._kept[check.key] = self._kept[check.key] or _print_in(reports)
        known[check.name] = Check(name=check.name, outcome=_outcome(reports), weight=check.weight)
        if len(known) < len(declared):
            return
        run = Run(
            agent=check.key.agent,
            task=check.key.task,
            checks=tuple(known.values()),
            declared_checks=len(declared),
            declared_weight=sum(each.weight for each in declared),
            print=self._kept.pop(check.key),
        )
        points = points_of(run)
        del self._checks[check.key]
        if points is not None:
            self._field.add(run.agent, run.task, points)
            self._note_print(run.agent, run.task, run.print)
            self._tell({"agent": run.agent, "task": run.task, "print": run.print, **asdict(points)})

    def _stop_agents(self) -> None:
        """Stop whoever is to be stopped by what is known now."""
        for told in self._shared.news() if self._shared else ():
            if "stop" not in told:
                points = RunPoints(points=told["points"], passed=told["passed"])
                self._field.add(told["agent"], told["task"], points)
                self._note_print(told["agent"], told["task"], told["print"])
        screened = self._field.screened(self._screen) if self._screen else set()
        prune = self._settings.staging.prune
        pruned = self._field.pruned(prune, self._screen, self._copies()) if prune else set()
        self._stop(screened, Stop.SCREENED)
        self._stop(pruned, Stop.PRUNED)

    def _copies(self) -> Collection[str]:
        """Return the agents that answer as others do so far, where the rule pays such agents once."""
        if self._settings.rewards not in PAYS_ONCE:
            return ()
        return first_alike(self._prints, sorted(self._prints))

    def _stop(self, agents: set[str], stop: Stop) -> None:
        for agent in sorted(agents - self.stopped.keys()):
            self.stopped[agent] = stop
            self._tell({"agent": agent, "stop": stop})

    def _note_print(self, agent: str, task: str, kept: str) -> None:
        if kept:
            self._prints[agent].setdefault(task, kept)

    def _tell(self, told: dict[str, Any]) -> None:
        if self._shared is not None:
            self._shared.tell(told)


def _print_in(reports: Iterable[pytest.TestReport]) -> str:
    """Return what is kept of a run's answer to compare it, "" where these reports of a check do not tell."""
    told = (json.loads(str(value)) for report in reports for name, value in report.user_properties if name == RUN)
    return next((each["print"] for each in told if isinstance(each, dict) and "print" in each), "")


def _outcome(reports: Iterable[pytest.TestReport]) -> Outcome:
    """Return how a check ended, as junit will have it."""
    failed = [report for report in reports if report.failed]
    if any(report.when != "call" for report in failed):
        return Outcome.ERROR
    return Outcome.FAILED if failed else Outcome.PASSED
