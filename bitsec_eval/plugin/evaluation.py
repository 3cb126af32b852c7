"""The parts of an evaluation in one pytest process, made and registered together.

Registered only when --bitsec-agents is given, so that other people's pytest runs never meet it.
"""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from bitsec_eval.plugin.cache.answers import AnswerStore
from bitsec_eval.plugin.collection.plugin import TaskCollection
from bitsec_eval.plugin.collection.refused import RefusedTasks
from bitsec_eval.plugin.config.settings import Settings
from bitsec_eval.plugin.loop import RunLoop
from bitsec_eval.plugin.progress.status import RunProgress, folder_of, gathered
from bitsec_eval.plugin.proof.checks import ProofChecks
from bitsec_eval.plugin.proof.foundry_checks import FoundryChecks
from bitsec_eval.plugin.reporting.check_reports import CheckReports
from bitsec_eval.plugin.reporting.run_files import RunFiles
from bitsec_eval.plugin.running.fixtures import AsyncChecks, Fixtures
from bitsec_eval.plugin.running.runs import Runs
from bitsec_eval.plugin.staging.stages import Stages
from bitsec_eval.schedule.snapshot import Snapshot


class EvaluationPlugin:
    """One evaluation in one pytest process: what its other plugins may ask of it."""

    def __init__(self, settings: Settings, refused: RefusedTasks) -> None:
        self.settings = settings
        self._collection = TaskCollection(settings, refused)
        self._proof = ProofChecks(settings, self._collection.tasks)
        self._runs = Runs(settings, self._collection.tasks, self._proof)
        files = RunFiles(settings, self._runs)
        self.stages = Stages(settings, self._collection.tasks)
        self._loop = RunLoop(settings, self._collection, self._runs, files, self.stages)

    def register_collection(self, manager: pytest.PytestPluginManager) -> None:
        """Register what collects checks and says which fixtures they may use."""
        manager.register(self._collection, "bitsec-collection")
        manager.register(self.stages, "bitsec-stages")
        manager.register(Fixtures(self._runs, self.settings.seed), "bitsec-fixtures")
        manager.register(self._proof, "bitsec-proof")
        manager.register(FoundryChecks(self.settings), "bitsec-foundry")

    def register_running(self, manager: pytest.PytestPluginManager) -> None:
        """Register what runs them."""
        manager.register(self._loop, "bitsec-run-loop")
        manager.register(AsyncChecks(), "bitsec-async-checks")
        manager.register(CheckReports(self.settings.evaluation, self._runs), "bitsec-check-reports")

    def withdraw(self, manager: pytest.PytestPluginManager) -> None:
        """Unregister whatever runs checks."""
        for name in (
            "bitsec-proof",
            "bitsec-foundry",
            "bitsec-run-loop",
            "bitsec-check-reports",
            "bitsec-check-retry",
        ):
            manager.unregister(name=name)

    @property
    def plan(self) -> dict[str, Any] | None:
        """What the evaluation sets out to do, once an engine is there for it."""
        return self._loop.plan and self._loop.plan | self._proof.plan

    @property
    def answers(self) -> AnswerStore | None:
        """The answers of earlier runs, once an engine is there."""
        return self._runs.store

    def attempt(self, action: Callable[[], None]) -> None:
        """Try, and try again, what may fail through our fault; see `Attempts.run`."""
        self._runs.attempt(action)

    def progress(self) -> RunProgress | None:
        """How far the runs have got, in this process or in xdist's workers; None before the first begins."""
        own = self.own_progress()
        return own or self._progress(*gathered(folder_of(self.settings.results, self.settings.evaluation)))

    def own_progress(self) -> RunProgress | None:
        """How far the runs of this process have got."""
        snapshot = self._runs.snapshot()
        return None if snapshot is None else self._progress(self._loop.totals, snapshot)

    def _progress(self, totals: Mapping[str, int], snapshot: Snapshot) -> RunProgress | None:
        if not totals:
            return None
        settings = self.settings
        return RunProgress(
            totals=totals,
            snapshot=snapshot,
            jobs=settings.jobs,
            expected=settings.reuse.expected,
            stage=self.stages.stage,
            stopped=len(self.stages.stopped),
        )
