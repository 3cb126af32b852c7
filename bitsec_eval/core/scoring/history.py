"""An agent's score over time: one moment for each evaluation it took part in."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bitsec_eval.core.evaluations.evaluation import Evaluation
from bitsec_eval.core.scoring.scores import scores


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What an agent scored in one evaluation alone, and in which version."""

    time: datetime
    score: float
    version: str


def histories(evaluations: Sequence[Evaluation], *, at_least: int | None = None) -> dict[str, tuple[Moment, ...]]:
    """Return the moments of each agent, oldest first; nothing for a single evaluation, which has no past."""
    found: dict[str, list[Moment]] = defaultdict(list)
    if len(evaluations) > 1:
        for evaluation in evaluations:
            for agent, moment in _moments(evaluation, at_least):
                found[agent].append(moment)
    return {agent: tuple(moments) for agent, moments in found.items()}


def _moments(evaluation: Evaluation, at_least: int | None) -> list[tuple[str, Moment]]:
    started = evaluation.plan.started if evaluation.plan else None
    if started is None:
        return []
    return [
        (agent.agent, Moment(time=started, score=agent.score, version=agent.version))
        for agent in scores([evaluation], at_least=at_least).agents
        if agent.score is not None
    ]
