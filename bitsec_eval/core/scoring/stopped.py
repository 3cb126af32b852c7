"""Which agents several evaluations together say were stopped, and whose screening void runs leave open."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from bitsec_eval.core.evaluations.evaluation import Evaluation, Plan
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
    field = _field(evaluation, tasks, at_least)
    bounds = {agent: field.bounds(agent) for agent in plan.agents}
    return {agent for agent, each in bounds.items() if not (screen.passes(each) or screen.fails(each))}


def _field(evaluation: Evaluation, tasks: Collection[str], at_least: int | None) -> Field:
    """Return what an evaluation knows of its agents on some of its tasks."""
    plan = plan_of(evaluation)
    weights = {task: plan.tasks[task].weight for task in tasks}
    field = Field(plan.agents, weights, plan.repeats, at_least)
    for run in evaluation.runs:
        points = points_of(run) if run.task in weights else None
        if points is not None:
            field.add(run.agent, run.task, points)
    return field


def unfounded_stops(evaluation: Evaluation) -> str:
    """Return which agent an evaluation says it stopped against what its own runs say, "" where there is none.

    What is known while an evaluation goes on only grows, so who was out of reach then is in the end as well.
    """
    plan = plan_of(evaluation)
    if not plan.stopped:
        return ""
    field = _field(evaluation, plan.tasks, plan.at_least)
    founded = {Stop.SCREENED: _screened(field, plan), Stop.PRUNED: _pruned(field, plan)}
    wrong = sorted((agent, stop) for agent, stop in plan.stopped.items() if agent not in founded[stop])
    return f"says that {wrong[0][0]} was {wrong[0][1]}, and its own runs say otherwise" if wrong else ""


def _screened(field: Field, plan: Plan) -> set[str]:
    screen = _known(plan)
    return field.screened(screen) if screen else set()


def _pruned(field: Field, plan: Plan) -> set[str]:
    return field.pruned(plan.prune, _known(plan)) if plan.prune else set()


def _known(plan: Plan) -> Screen | None:
    """Return the screening with those of its tasks that were planned, None where there are none."""
    tasks = tuple(task for task in plan.screen.tasks if task in plan.tasks) if plan.screen else ()
    return replace(plan.screen, tasks=tasks) if plan.screen and tasks else None
