"""Scores so far: what the checks that are done gave each agent, while others still wait."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum

import pytest

from bitsec_eval.plugin.reporting.check_letters import IS_CHECK
from bitsec_eval.plugin.reporting.junit_properties import CHECK, run_key
from bitsec_eval.plugin.reporting.junit_properties import RUN as RUN_PROPERTY
from bitsec_eval.schedule.runs import RunKey


@dataclass(slots=True)
class _Weights:
    done: float = 0.0
    passed: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreSoFar:
    """An agent's mean score, 0..100, over the `runs` of which checks are done; void checks are left out."""

    agent: str
    score: float
    runs: int


class ScoresSoFar:
    """Listens to pytest's reports of checks, those of xdist's workers too."""

    def __init__(self) -> None:
        self._runs: dict[RunKey, _Weights] = {}
        self._open: defaultdict[str, dict[str, str]] = defaultdict(dict)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a check once its teardown, which tells of it, is done."""
        if not getattr(report, IS_CHECK, False):
            return
        self._open[report.nodeid][report.when or ""] = report.outcome
        told = dict(report.user_properties)
        if report.when == "teardown" and RUN_PROPERTY in told:
            self._count(self._open.pop(report.nodeid), told)

    def _count(self, outcomes: Mapping[str, str], told: Mapping[str, object]) -> None:
        if outcomes.get("setup") == "failed":  # void: nothing is known of the agent
            return
        weights = self._runs.setdefault(run_key(str(told[RUN_PROPERTY])), _Weights())
        weight = float(json.loads(str(told[CHECK]))["weight"])
        weights.done += weight
        weights.passed += weight * (outcomes.get("call") == "passed" and set(outcomes.values()) == {"passed"})

    def now(self) -> list[ScoreSoFar]:
        """Return the score of every agent of which a check is done, best first."""
        points: dict[str, list[float]] = {}
        for key, weights in tuple(self._runs.items()):
            if weights.done:
                points.setdefault(key.agent, []).append(100 * weights.passed / weights.done)
        scores = [
            ScoreSoFar(agent=agent, score=fsum(each) / len(each), runs=len(each)) for agent, each in points.items()
        ]
        return sorted(scores, key=lambda one: (-one.score, one.agent))
