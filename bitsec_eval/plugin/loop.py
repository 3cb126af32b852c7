"""Running: every selected run is started, then pytest goes through the checks, each of which waits for its run."""

from collections import Counter
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bitsec_eval.plugin.collection.plugin import TaskCollection
from bitsec_eval.plugin.collection.tasks import CHECK
from bitsec_eval.plugin.config.settings import Settings
from bitsec_eval.plugin.reporting.junit_properties import plan_of
from bitsec_eval.plugin.reporting.run_files import RunFiles
from bitsec_eval.plugin.running.runs import Runs
from bitsec_eval.schedule.runs import RunKey


def will_be_interrupted(session: pytest.Session) -> bool:
    """Whether pytest will run nothing, because a file could not be collected."""
    return bool(session.testsfailed and not session.config.option.continue_on_collection_errors)


class RunLoop:
    """Runs what was selected; `plan` is None until an engine is there for it, `totals` counts runs by task."""

    def __init__(self, settings: Settings, collection: TaskCollection, runs: Runs, files: RunFiles) -> None:
        self._settings = settings
        self._collection = collection
        self._runs = runs
        self._files = files
        self._left: Counter[RunKey] = Counter()  # checks still to be done
        self.plan: dict[str, Any] | None = None

    @property
    def totals(self) -> Mapping[str, int]:
        """How many runs of each task there are."""
        return Counter(key.task for key in self._left)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Start every selected run, then let pytest go through the checks."""
        checks = [item.stash[CHECK] for item in session.items if CHECK in item.stash]
        self._left = Counter(check.key for check in checks)
        if not checks or will_be_interrupted(session):
            return (yield)
        is_worker = hasattr(session.config, "workerinput")
        with self._runs.opened(Counter(key.agent for key in self._left), check_llm=not is_worker):
            self.plan = self._planned({check.key for check in checks}, session.config.rootpath)
            if not is_worker:  # a worker of xdist is told bit by bit what is its own
                for key in self._left:
                    self._runs.want(key)
                self._runs.check_engine()
            return (yield)

    def _planned(self, selected: set[RunKey], root: Path) -> dict[str, Any]:
        collection = self._collection
        left_out = collection.left_out({key.task for key in selected}, root)
        return plan_of(self._settings, collection.tasks, selected, self._runs.image, self._runs.engine, left_out)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Generator[None, object, object]:
        """Wait for the run outside pytest-timeout's clock, then check it."""
        check = item.stash.get(CHECK, None)
        if check is None:
            return (yield)
        following = nextitem.stash.get(CHECK, None) if nextitem is not None else None
        for wanted in (check, following):
            if wanted is not None:
                self._runs.want(wanted.key)
        self._files.keep(check.key)
        result = yield
        self._left[check.key] -= 1
        if not self._left[check.key]:
            self._files.finish(check.key)
            self._runs.forget(check.key)
        elif following is None or following.key != check.key:
            self._runs.release(check.key)
        return result
