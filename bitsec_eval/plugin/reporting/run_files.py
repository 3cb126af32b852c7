"""The files of each run: one for everybody, one for the validator, and its findings beside the truth."""

from contextlib import suppress
from functools import partial

from bitsec_eval.plugin.config.settings import Settings
from bitsec_eval.plugin.reporting.findings import write_page, write_sheet
from bitsec_eval.plugin.reporting.run_details import private_details, public_details
from bitsec_eval.plugin.running.runs import Runs
from bitsec_eval.render.artifacts import RunName, write_run
from bitsec_eval.schedule.runs import RunKey


class RunFiles:
    """Writes each run's files once; a full disk is told by junit, which matters more."""

    def __init__(self, settings: Settings, runs: Runs) -> None:
        self._settings = settings
        self._runs = runs
        self._kept: set[RunKey] = set()

    def keep(self, key: RunKey) -> None:
        """Wait for a run and write down how it ended and what its agent printed."""
        done = self._runs.done(key)
        if key not in self._kept:
            self._kept.add(key)
            with suppress(OSError):
                task = self._runs.task(key)
                settings, kind = self._settings, task.kind
                details = public_details(task.task, done, settings, self._runs.image)
                write_run(
                    settings.results,
                    RunName(agent=key.agent, task=key.task, evaluation=settings.evaluation, repeat=key.repeat),
                    done.answers,
                    public={**details, **kind.publish(done.answers)},
                    private={"kind": kind.name, **private_details(key, done, settings)},
                    published=kind.is_public and settings.publishes_answers,
                )

    def finish(self, key: RunKey) -> None:
        """Write a run's findings beside the truth, or what its answer did, when all of its checks are done."""
        ran = self._runs.sheet(key)
        if ran is not None:
            write_page(key, self._settings, ran)
        write_sheet(self._runs.task(key), key, self._settings, partial(self._runs.proven_report, key))
