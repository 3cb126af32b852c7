"""Registers what an evaluation needs in each kind of process."""

import os

import pytest

from bitsec_eval.plugin.check_retry import Rechecks
from bitsec_eval.plugin.config.settings import settings_from
from bitsec_eval.plugin.evaluation import Evaluation
from bitsec_eval.plugin.leaderboard import Board
from bitsec_eval.plugin.progress.reporter import Progress
from bitsec_eval.plugin.reporting.assertions import Comparisons
from bitsec_eval.plugin.reporting.timeline import CheckTimes
from bitsec_eval.plugin.reporting.void_summary import Voids, arguments_of
from bitsec_eval.plugin.signals import Termination
from bitsec_eval.plugin.xdist import Controller, Worker


def register(config: pytest.Config) -> None:
    """Register the evaluation with pytest.

    Raises:
        SettingsError: an option is wrong.
    """
    settings = settings_from(config)
    evaluation = Evaluation(settings)
    config.pluginmanager.register(evaluation, "bitsec-evaluation")
    config.pluginmanager.register(Rechecks(evaluation), "bitsec-rechecks")
    config.pluginmanager.register(Comparisons(), "bitsec-comparisons")
    if hasattr(config, "workerinput"):
        config.pluginmanager.register(Worker(evaluation), "bitsec-worker")
    elif not config.option.collectonly:
        times, voids = CheckTimes(), Voids(arguments_of(config, os.environ))
        config.pluginmanager.register(times, "bitsec-check-times")
        config.pluginmanager.register(voids, "bitsec-voids")
        config.pluginmanager.register(Board(settings, evaluation, times, voids, config), "bitsec-board")
        config.pluginmanager.register(Controller(settings), "bitsec-controller")
        config.pluginmanager.register(Progress(evaluation.standing, config), "bitsec-progress")
        config.pluginmanager.register(Termination(), "bitsec-termination")
