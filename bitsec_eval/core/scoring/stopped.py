"""Which agents several evaluations together say were stopped, and whose screening void runs leave open."""

from collections.abc import Mapping, Sequence

from bitsec_eval.core.evaluations.evaluation import Evaluation
from bitsec_eval.core.evaluations.merging import plan_of, version_of
from bitsec_eval.core.evaluations.stages import Field, Screen, Stop
from bitsec_eval.core.scoring.run_points import points_of


def stops_of(evaluations: Sequence[Evaluation], latest: Mapping[str, str]) -> dict[str, Stop]:
    """Return the agents that every evaluation of their `latest` version stopped, as the last of them did.

    One that let an agent through has all of its runs, which say more than a screening.
    """
    stops: dict[str, Stop] = {}
    through: set[str] = set()
    for evaluation in evaluations:
        plan = plan_of(evaluation)
        for agent in plan.agents:
            if version_of(evaluation, agent) != latest[agent]:
                continue
            if agent in plan.stopped:
                stops[agent] = plan.stopped[agent]
            else:
                through.add(agent)
    return {agent: stop for agent, stop in stops.items() if agent not in through}


def open_screenings(evaluations: Sequence[Evaluation], latest: Mapping[str, str], at_least: int | None) -> set[str]:
    """Return the agents that no evaluation of their `latest` version has surely let through its screening."""
    found: set[str] = set()
    through: set[str] = set()
    for evaluation in evaluations:
        plan = plan_of(evaluation)
        current = {agent for agent in plan.agents if version_of(evaluation, agent) == latest[agent]}
        unsure = current & _unsure(evaluation, plan.screen, at_least) if plan.screen else set()
        found |= unsure
        through |= current - unsure - plan.stopped.keys()
    return found - through


def _unsure(evaluation: Evaluation, screen: Screen, at_least: int | None) -> set[str]:
    plan = plan_of(evaluation)
    tasks = [task for task in screen.tasks if task in plan.tasks]
    if not tasks:
        return set()
    weights = {task: plan.tasks[task].weight for task in tasks}
    field = Field(plan.agents, weights, plan.repeats, at_least)
    for run in evaluation.runs:
        points = points_of(run) if run.task in weights else None
        if points is not None:
            field.add(run.agent, run.task, points)
    bounds = {agent: field.bounds(agent) for agent in plan.agents}
    return {agent for agent, each in bounds.items() if not (screen.passes(each) or screen.fails(each))}
