"""What several validators' evaluations have in common: agents that most evaluated, terms, ages, and who was stopped.

No single validator decides any of it, neither by being the last nor by what it alone says.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bitsec_eval.core.evaluations.evaluation import Evaluation, Plan
from bitsec_eval.core.evaluations.merging import agents_of, plan_of
from bitsec_eval.core.evaluations.stages import Stop

TERMS = ("emission", "rewards", "tiebreak", "at_least", "baseline", "half_life", "screen", "prune")
"""What of a plan a board is computed by."""


def shared_by_most(evaluations: Sequence[Evaluation]) -> tuple[Evaluation, ...]:
    """Return evaluations without the agents that no more than half of them planned."""
    counted = {agent for agent, count in _planned_by(evaluations).items() if 2 * count > len(evaluations)}
    return tuple(_with_agents(each, counted) for each in evaluations)


def left_out(evaluations: Sequence[Evaluation]) -> tuple[str, ...]:
    """Return the agents that `shared_by_most` leaves out, in order of names."""
    return tuple(sorted(each for each, count in _planned_by(evaluations).items() if 2 * count <= len(evaluations)))


def _planned_by(evaluations: Iterable[Evaluation]) -> Counter[str]:
    return Counter(agent for each in evaluations for agent in agents_of(each))


def _with_agents(evaluation: Evaluation, counted: set[str]) -> Evaluation:
    if agents_of(evaluation) <= counted:
        return evaluation
    runs = tuple(run for run in evaluation.runs if run.agent in counted)
    plan = evaluation.plan and replace(
        evaluation.plan,
        agents={agent: sha for agent, sha in evaluation.plan.agents.items() if agent in counted},
        stopped={agent: stop for agent, stop in evaluation.plan.stopped.items() if agent in counted},
    )
    return replace(evaluation, plan=plan, runs=runs)


def common_plan(evaluations: Sequence[Evaluation]) -> Plan:
    """Return one plan of all: the terms that most have, every agent and task, and times in the middle of all.

    When an agent was handed in counts if more than half of those that evaluated it say so: of what they say the time
    in the middle. Where as many have one term as another, the later evaluation's counts.
    """
    plans = [plan_of(each) for each in sorted(evaluations, key=lambda each: each.age_key)]
    terms: dict[str, Any] = {name: _of_most([getattr(plan, name) for plan in plans]) for name in TERMS}
    return replace(
        plans[-1],
        **terms,
        started=_middle_time([plan.started for plan in plans if plan.started]),
        agents={agent: sha for plan in plans for agent, sha in plan.agents.items()},
        tasks={task: planned for plan in plans for task, planned in plan.tasks.items()},
        repeats=max(plan.repeats for plan in plans),
        submitted=_submitted(plans),
        notes=tuple(sorted({note for plan in plans for note in plan.notes})),
        left_out=tuple(sorted({task for plan in plans for task in plan.left_out})),
    )


def under(evaluation: Evaluation, common: Plan) -> Evaluation:
    """Return an evaluation by the terms and times of the common plan."""
    plan = plan_of(evaluation)
    terms = {name: getattr(common, name) for name in TERMS}
    submitted = {agent: time for agent, time in common.submitted.items() if agent in plan.agents}
    return replace(evaluation, plan=replace(plan, **terms, started=common.started, submitted=submitted))


def _of_most(values: Sequence[Hashable]) -> Hashable:
    """Return the commonest value, of several the one that comes last."""
    counts = Counter(values)
    return max(reversed(values), key=counts.__getitem__)


def _submitted(plans: Sequence[Plan]) -> dict[str, datetime]:
    told: dict[str, list[datetime]] = defaultdict(list)
    planned = Counter(agent for plan in plans for agent in plan.agents)
    for plan in plans:
        for agent, time in plan.submitted.items():
            told[agent].append(time)
    times = {agent: _middle_time(each) for agent, each in told.items() if 2 * len(each) > planned[agent]}
    return {agent: time for agent, time in times.items() if time is not None}


def _middle_time(times: Sequence[datetime]) -> datetime | None:
    """Return the time in the middle, of two the later; None where there is none."""
    return sorted(times)[len(times) // 2] if times else None


def stops_by(evaluations: Sequence[Evaluation], *, by_one: bool) -> dict[str, Stop]:
    """Return the agents that are stopped by a rule, and why most of those who stopped them did.

    By `all` one validator is enough, as a check counts by it where every validator saw it pass; else it takes more
    than half of those that evaluated the agent.
    """
    found: dict[str, Stop] = {}
    for agent, told in stops_told(evaluations).items():
        stops = [stop for stop in told if stop is not None]
        if stops and (by_one or is_stopped(told)):
            found[agent] = max(sorted(set(stops)), key=stops.count)
    return found


def stops_told(evaluations: Iterable[Evaluation]) -> dict[str, list[Stop | None]]:
    """Return for each agent why it was stopped, None where it was not, in each evaluation that planned it."""
    told: dict[str, list[Stop | None]] = defaultdict(list)
    for plan in map(plan_of, evaluations):
        for agent in plan.agents:
            told[agent].append(plan.stopped.get(agent))
    return told


def is_stopped(told: Sequence[Stop | None]) -> bool:
    """Whether more than half of the validators stopped an agent."""
    return 2 * sum(stop is not None for stop in told) > len(told)
