"""Running: every selected run is started, then pytest goes through the checks, each of which waits for its run."""

from collections import Counter
from collections.abc import Generator, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bitsec_eval.core.text import one_line
from bitsec_eval.plugin.cache.resume import note_begun
from bitsec_eval.plugin.collection.plugin import TaskCollection
from bitsec_eval.plugin.collection.tasks import CHECK
from bitsec_eval.plugin.config.settings import Settings
from bitsec_eval.plugin.reporting.junit_properties import plan_of
from bitsec_eval.plugin.reporting.run_files import RunFiles
from bitsec_eval.plugin.running.runs import Runs
from bitsec_eval.plugin.staging.stages import Stages
from bitsec_eval.schedule.runs import RunKey

NOT_USED = "not used: "


def will_be_interrupted(session: pytest.Session) -> bool:
    """Whether pytest will run nothing, because a file could not be collected."""
    return bool(session.testsfailed and not session.config.option.continue_on_collection_errors)


def worker_of(config: pytest.Config) -> str:
    """Return the name of this worker of xdist, "" in any other process."""
    return str(getattr(config, "workerinput", {}).get("workerid", ""))


def tell_refused(config: pytest.Config, refused: Iterable[str]) -> None:
    """Say which machines of several serve nobody, and why, before the first run."""
    reporter: pytest.TerminalReporter | None = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        for why in sorted(set(refused)):
            reporter.ensure_newline()
            reporter.write_line(f"{NOT_USED}{one_line(why, 400)}", yellow=True)


class RunLoop:
    """Runs what was selected; `plan` is None until an engine is there for it, `totals` counts runs by task."""

    def __init__(
        self, settings: Settings, collection: TaskCollection, runs: Runs, files: RunFiles, stages: Stages
    ) -> None:
        self._settings = settings
        self._collection = collection
        self._runs = runs
        self._files = files
        self._stages = stages
        self._left: Counter[RunKey] = Counter()  # checks still to be done
        self._noted = ""
        self.plan: dict[str, Any] | None = None

    @property
    def totals(self) -> Mapping[str, int]:
        """How many runs of each task there are, without those that are not spent."""
        return Counter(key.task for key in self._left if not self._stages.is_known_unspent(key))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Start every selected run, then let pytest go through the checks.

        Whoever may refuse an evaluation for want of an image is called before, with `tryfirst`.
        """
        checks = [item.stash[CHECK] for item in session.items if CHECK in item.stash]
        self._left = Counter(check.key for check in checks)
        if not checks or will_be_interrupted(session):
            return (yield)
        is_worker = hasattr(session.config, "workerinput")
        self._stages.begin(session.items, worker_of(session.config))
        # A worker of xdist is told bit by bit what is its own.
        first = [] if is_worker else list(self._stages.entered(next(iter(self._left))))
        with self._runs.opened(self._left.keys(), check_llm=not is_worker, first=first):
            tell_refused(session.config, self._runs.refused)
            self.plan = self._planned({check.key for check in checks}, session.config.rootpath)
            for key in first:
                self._runs.want(key)
            if not is_worker:
                self._runs.check_engine()
            return (yield)

    def _planned(self, selected: set[RunKey], root: Path) -> dict[str, Any]:
        collection = self._collection
        left_out = collection.left_out({key.task for key in selected}, root)
        plan = plan_of(self._settings, collection.tasks, selected, self._runs.image, self._runs.engine, left_out)
        return plan | self._stages.plan

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Generator[None, object, object]:
        """Wait for the run outside pytest-timeout's clock, then check it."""
        check = item.stash.get(CHECK, None)
        if check is None:
            return (yield)
        following = nextitem.stash.get(CHECK, None) if nextitem is not None else None
        self._start_round(item, check.key)
        if self._stages.is_unspent(check.key):
            return (yield)
        self._runs.want(check.key)
        if following is not None and not self._stages.may_be_unspent(following.key, check.key):
            self._runs.want(following.key)
        self._files.keep(check.key)
        result = yield
        self._left[check.key] -= 1
        if not self._left[check.key]:
            self._files.finish(check.key)
            self._runs.forget(check.key)
        elif following is None or following.key != check.key:
            self._runs.release(check.key)
        return result

    def _start_round(self, item: pytest.Item, key: RunKey) -> None:
        """Start the runs of a round that begins, and say which checks will not be made."""
        if worker_of(item.config):
            return
        known = set(self._stages.stopped)
        for each in self._stages.entered(key):
            self._runs.want(each)
        self._note_stage()
        fresh = self._stages.stopped.keys() - known
        if fresh:
            items = [each for each in item.session.items if self._is_unspent(each)]
            item.ihook.pytest_deselected(items=[each for each in items if each.stash[CHECK].key.agent in fresh])

    def _note_stage(self) -> None:
        """Write down what goes on, for a hub to show."""
        stage = self._stages.stage
        if stage != self._noted and self._settings.staging.screen:
            self._noted = stage
            with suppress(OSError):
                note_begun(self._settings.results, replace(self._settings.begun, stage=stage))

    def _is_unspent(self, item: pytest.Item) -> bool:
        return CHECK in item.stash and self._stages.is_known_unspent(item.stash[CHECK].key)
