"""The run that a check is about, for the fixtures of every kind of answer, our own and other plugins'."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from bitsec_eval.core.answers.answer import Answer
from bitsec_eval.core.errors import SandboxError
from bitsec_eval.core.reports.report import Report
from bitsec_eval.core.tasks.renaming import Renaming
from bitsec_eval.core.tasks.task import Limits, Task
from bitsec_eval.plugin.collection.tasks import CHECK
from bitsec_eval.plugin.running.runs import Runs
from bitsec_eval.sandbox.api import Session
from bitsec_eval.schedule.runs import RunKey


class CanFail(Protocol):
    """What a check works with and may lose: `fault` is None until then.

    An `AnswerFault` is the agent's doing; a `SandboxError` is ours, and the check is made again.
    """

    @property
    def fault(self) -> Exception | None:
        """Why the check cannot pass, whatever it made of that."""


USED = pytest.StashKey[CanFail]()
"""What a check works with; its fault decides how the check ends."""


class CheckedRun:
    """One run, waited for, and what its checks may use; ask for it by the fixture `bitsec_run`."""

    def __init__(self, item: pytest.Item, runs: Runs, seed: int) -> None:
        self._item = item
        self._runs = runs
        self._seed = seed
        self.key: RunKey = item.stash[CHECK].key
        self.fault: SandboxError | None = None

    @property
    def task(self) -> Task:
        """The TASK of the file that the check stands in."""
        return self._runs.task(self.key).task

    @property
    def folder(self) -> Path:
        """The folder of that file, beside which its workspaces lie."""
        return self._runs.task(self.key).path.parent

    @property
    def answers(self) -> tuple[Answer, ...]:
        """What the agent printed on the workspace and, where the task has one, on the twin.

        Raises:
            AnswerFault: the agent's run ended by its own fault; let it through, it costs the check.
            SandboxError, InferenceError: the run is void; let it through.
        """
        return self._runs.answers(self.key)

    def report(self, index: int = 0) -> Report:
        """Return the findings reported on the workspace (0) or on the twin (1), under the names the task knows.

        Raises:
            AnswerFault: there is no report.
            SandboxError: the run is void, or what its pocs are run in was lost; then the check is made again.
        """
        assert self.answers  # noqa: S101 - raises what keeps a report from being read
        with self._losses():
            return self._runs.proven_report(self.key, index)

    @property
    def renaming(self) -> Renaming:
        """The names this evaluation gave to what the task renames."""
        return self._runs.task(self.key).renaming(self._seed)

    @contextmanager
    def open_sandbox(self, limits: Limits) -> Iterator[Session]:
        """Open a fresh sandbox for this check; where a fault of ours takes it away, the check is made again.

        Raises:
            SandboxError: no sandbox could be had, or it was lost.
        """
        with self._losses(), self._runs.open_sandbox(self.key, limits) as session:
            yield session

    @contextmanager
    def _losses(self) -> Iterator[None]:
        """Have the check made again whose sandbox was lost."""
        try:
            yield
        except SandboxError as error:
            self.fault, self._item.stash[USED] = error, self
            raise
