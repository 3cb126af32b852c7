"""What one run is worth: whether it can be used, and its points."""

import math
from enum import StrEnum

from bitsec_eval.core.evaluations.bounds import rounded
from bitsec_eval.core.evaluations.evaluation import Outcome, Run
from bitsec_eval.core.evaluations.stages import RunPoints


class State(StrEnum):
    """Whether a run can be used: scored in full, incomplete (checks are missing) or void (an error, ours)."""

    SCORED = "scored"
    INCOMPLETE = "incomplete"
    VOID = "void"


def run_state(run: Run) -> State:
    """Return the state of `run`; one error among its checks makes all of it void."""
    for check in run.checks:
        if check.outcome is Outcome.ERROR:
            return State.VOID
    return State.SCORED if len(run.checks) == run.declared_checks else State.INCOMPLETE


def run_score(run: Run) -> float:
    """Return 0 to 100: the passed share of the weight that the task declares, all of it checked or not."""
    passed = math.fsum([check.weight for check in run.checks if check.outcome is Outcome.PASSED])
    return rounded(100 * passed / run.declared_weight)


def points_of(run: Run) -> RunPoints | None:
    """Return the points of a run that was scored, None for one that is void or incomplete."""
    if run_state(run) is not State.SCORED:
        return None
    points = run_score(run)
    return RunPoints(points=points, passed=points == 100.0)
