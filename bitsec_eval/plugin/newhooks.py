"""The hooks that bitsec-eval adds to pytest: for engines, matchers, answer kinds and artifacts of other plugins.

Implement them in a conftest.py or a plugin; tests/plugin/example_engine.py is a whole example.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from bitsec_eval.core.evaluations.evaluation import Evaluation
    from bitsec_eval.core.scoring.leaderboard import Leaderboard
    from bitsec_eval.plugin.extension import AnswerKind, FindingMatcher, SandboxEngine


@pytest.hookspec
def pytest_bitsec_engines(config: pytest.Config) -> "Iterable[SandboxEngine]":
    """Return sandbox engines that --bitsec-sandbox=NAME can choose."""
    raise NotImplementedError


@pytest.hookspec
def pytest_bitsec_matchers(config: pytest.Config) -> "Iterable[FindingMatcher]":
    """Return matchers of findings that --bitsec-matcher=NAME can choose."""
    raise NotImplementedError


@pytest.hookspec
def pytest_bitsec_answer_kinds(config: pytest.Config) -> "Iterable[AnswerKind]":
    """Return kinds of answers that tasks may ask for, each with the fixtures its checks use."""
    raise NotImplementedError


@pytest.hookspec
def pytest_bitsec_write_artifacts(
    config: pytest.Config, results: Path, evaluation: "Evaluation", board: "Leaderboard"
) -> Iterable[str]:
    """Write files beside junit when an evaluation has ended, and return a line for each that could not be written.

    `results` is the results folder, `evaluation` what junit says, `board` the leaderboard computed from it.
    Whatever is written may be published: no text that came from an agent or a call of its solution belongs in it.
    """
    raise NotImplementedError
