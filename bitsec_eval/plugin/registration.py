"""Registers what an evaluation needs in each kind of process."""

import os

import pytest

from bitsec_eval.plugin.board import Board
from bitsec_eval.plugin.comparisons import Comparisons
from bitsec_eval.plugin.distribution import Controller, Worker
from bitsec_eval.plugin.evaluation import Evaluation
from bitsec_eval.plugin.progress import Progress
from bitsec_eval.plugin.rechecks import Rechecks
from bitsec_eval.plugin.settings import settings_from
from bitsec_eval.plugin.termination import Termination
from bitsec_eval.plugin.timeline import CheckTimes
from bitsec_eval.plugin.voids import Voids, arguments_of


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
