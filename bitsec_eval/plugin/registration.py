"""Registers what an evaluation needs in each kind of process."""

import os

import pytest

from bitsec_eval.plugin.builtin import Builtin
from bitsec_eval.plugin.check_retry import CheckRetry
from bitsec_eval.plugin.collection.refused import RefusedTasks
from bitsec_eval.plugin.config.pytest_options import adapt_pytest, require_plugins, runs_nothing, without_effect
from bitsec_eval.plugin.config.settings import Settings, settings_from
from bitsec_eval.plugin.evaluation import EvaluationPlugin
from bitsec_eval.plugin.leaderboard import BoardReporter
from bitsec_eval.plugin.progress.reporter import ProgressReporter
from bitsec_eval.plugin.progress.scores_so_far import ScoresSoFar
from bitsec_eval.plugin.reporting.artifacts import ArtifactWriter
from bitsec_eval.plugin.reporting.assertions import AssertionLimits
from bitsec_eval.plugin.reporting.check_letters import CheckLetters
from bitsec_eval.plugin.reporting.foreign import AgentFailures
from bitsec_eval.plugin.reporting.timeline import CheckTimes
from bitsec_eval.plugin.reporting.void_summary import VoidSummary, arguments_of
from bitsec_eval.plugin.signals import Termination
from bitsec_eval.plugin.xdist import Controller, XdistWorker


def register(config: pytest.Config) -> None:
    """Register the evaluation with pytest.

    Raises:
        SettingsError: an option is wrong.
    """
    manager = config.pluginmanager
    require_plugins(manager)
    manager.register(Builtin(), "bitsec-builtin")
    settings = settings_from(config)
    adapt_pytest(config)
    refused = RefusedTasks()
    evaluation = EvaluationPlugin(settings, refused)
    manager.register(refused, "bitsec-refused-tasks")
    evaluation.register_collection(manager)
    if runs_nothing(config):
        return
    evaluation.register_running(manager)
    manager.register(CheckRetry(evaluation), "bitsec-check-retry")
    manager.register(AssertionLimits(), "bitsec-assertion-limits")
    manager.register(AgentFailures(), "bitsec-agent-failures")
    if hasattr(config, "workerinput"):
        manager.register(XdistWorker(evaluation), "bitsec-worker")
    else:
        _register_reporters(config, settings, evaluation)


def _register_reporters(config: pytest.Config, settings: Settings, evaluation: EvaluationPlugin) -> None:
    """Register what one process does for all: the results, the terminal, xdist's workers and signals."""
    manager = config.pluginmanager
    times, voids = CheckTimes(), VoidSummary(arguments_of(config, os.environ))
    manager.register(times, "bitsec-check-times")
    manager.register(voids, "bitsec-void-summary")
    manager.register(ArtifactWriter(times, os.environ), "bitsec-artifacts")
    manager.register(BoardReporter(settings, evaluation, voids, config), "bitsec-board")
    manager.register(Controller(settings), "bitsec-controller")
    scores = ScoresSoFar()
    manager.register(scores, "bitsec-scores-so-far")
    manager.register(ProgressReporter(evaluation.progress, settings.progress, scores.now), "bitsec-progress")
    manager.register(Termination(), "bitsec-termination")
    manager.register(CheckLetters(without_effect(config)), "bitsec-check-letters")
