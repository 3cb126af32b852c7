"""The files of each run: what its agent printed, for its author, and its findings beside the truth, for us."""

from contextlib import suppress
from functools import partial

from bitsec_eval.plugin.config.settings import Settings
from bitsec_eval.plugin.reporting.findings import write_sheet
from bitsec_eval.plugin.reporting.run_details import trace_of
from bitsec_eval.plugin.running.runs import Runs
from bitsec_eval.render.artifacts import write_run
from bitsec_eval.schedule.runs import RunKey


class RunFiles:
    """Writes each run's files once; a full disk is told by junit, which matters more."""

    def __init__(self, settings: Settings, runs: Runs) -> None:
        self._settings = settings
        self._runs = runs
        self._kept: set[RunKey] = set()

    def keep(self, key: RunKey) -> None:
        """Wait for a run and write down what its agent printed."""
        done = self._runs.done(key)
        if key not in self._kept:
            self._kept.add(key)
            with suppress(OSError):
                task = self._runs.task(key)
                trace = trace_of(key, task.task, done, self._settings, self._runs.image)
                names = (key.agent, key.task, self._settings.evaluation)
                more = {**trace, **task.kind.publish(done.answers)}
                write_run(self._settings.results, *names, done.answers, key.repeat, more)

    def finish(self, key: RunKey) -> None:
        """Write a run's findings beside the truth, when all of its checks are done."""
        write_sheet(self._runs.task(key), key, self._settings, partial(self._runs.report, key))
