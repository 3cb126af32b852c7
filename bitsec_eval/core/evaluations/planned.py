"""Bounds an evaluation by its plan: the runs that it knows, and no more of them than a file can pay for.

Whoever hands in a junit file made by hand can write anything into it; what is refused here is what no evaluation
writes: an agent, a task or a repeat that was never planned, a task declared in another way, a plan of runs that are
not there.
"""

from bitsec_eval.core.evaluations.evaluation import Evaluation, Plan, PlannedTask, Run
from bitsec_eval.core.text import one_line

MOST_REPEATS = 1000
MOST_RUNS = 10_000_000
UNTOLD_RUNS = 100_000
"""So many planned runs may leave no trace; beyond that a hundredth of all must."""


def too_many(plan: Plan) -> str:
    """Return what is wrong with the size of `plan`, "" where nothing is; nothing is allocated for it."""
    if plan.repeats > MOST_REPEATS:
        return f"plans {plan.repeats} repeats, the most is {MOST_REPEATS}"
    runs = len(plan.agents) * len(plan.tasks) * plan.repeats
    return f"plans {runs} runs, the most is {MOST_RUNS}" if runs > MOST_RUNS else ""


def unplanned(evaluation: Evaluation) -> str:
    """Return what `evaluation` holds that its plan does not know, "" where there is nothing of that kind."""
    plan = evaluation.plan
    if plan is None:
        return ""
    runs = len(plan.agents) * len(plan.tasks) * plan.repeats
    if runs > UNTOLD_RUNS and len(evaluation.runs) * 100 < runs:
        return f"plans {runs} runs and tells of {len(evaluation.runs)}, as one that has hardly begun"
    declared = {task: _declared(planned) for task, planned in plan.tasks.items()}
    for run in evaluation.runs:
        if (
            run.agent not in plan.agents
            or run.repeat >= plan.repeats
            or declared.get(run.task) != (run.declared_checks, run.declared_weight, run.task_weight)
        ):
            return _stranger(run, plan)
    return ""


def _declared(planned: PlannedTask) -> tuple[int, float, float]:
    return planned.checks, planned.declared_weight, planned.weight


def _stranger(run: Run, plan: Plan) -> str:
    told = f"holds a run of {run.agent} on {one_line(run.task, 100)}"
    if run.agent not in plan.agents:
        return f"{told}, an agent that its plan does not know"
    if run.task not in plan.tasks:
        return f"{told}, a task that its plan does not know"
    if run.repeat >= plan.repeats:
        return f"{told} as repeat {run.repeat + 1}, and its plan has {plan.repeats}"
    return f"{told} that declares other checks or weights than its plan"
