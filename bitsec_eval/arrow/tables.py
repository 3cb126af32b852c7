"""Runs and checks of evaluations as Arrow tables, for pandas, polars and whatever else reads Arrow.

A run is known by evaluation, agent, task and repeat, and a check by these and its name; the columns have the same
names in both tables, so that they can be joined.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.evaluations.evaluation import Evaluation, Outcome, Run
from bitsec_eval.core.evaluations.merging import merge, plan_of, runs_of, version_of
from bitsec_eval.core.scoring.run_points import State, run_score, run_state

try:
    import pyarrow as pa
except ModuleNotFoundError as error:
    raise SettingsError(f"{error.name} is not installed; pip install 'bitsec-eval[arrow]'") from None


class ResultTables(NamedTuple):
    """Two Arrow tables: one line for each run, and one for each check that left a trace."""

    runs: pa.Table
    checks: pa.Table


TEXT, COUNT, NUMBER, TIME = pa.string(), pa.int64(), pa.float64(), pa.timestamp("us", tz="UTC")
KEY = (("evaluation", TEXT), ("agent", TEXT), ("task", TEXT), ("repeat", COUNT))
RUNS = pa.schema(
    [
        *KEY,
        ("started", TIME),
        ("version", TEXT),
        ("kind", TEXT),
        ("state", TEXT),
        ("score", NUMBER),
        ("passed", COUNT),
        ("checks", COUNT),
        ("task_weight", NUMBER),
        ("ending", TEXT),
        ("seconds", NUMBER),
        ("attempts", COUNT),
        ("calls", COUNT),
        ("prompt_tokens", COUNT),
        ("completion_tokens", COUNT),
        ("cost", NUMBER),
        ("waiting_seconds", NUMBER),
        ("origin", TEXT),
    ]
)
CHECKS = pa.schema([*KEY, ("check", TEXT), ("outcome", TEXT), ("weight", NUMBER), ("reason", TEXT)])


def frames_of(evaluations: Iterable[Evaluation]) -> ResultTables:
    """Return the tables of evaluations; files of one evaluation are one, the oldest evaluation comes first.

    Raises: ResultsError where two files of one evaluation contradict each other.
    """
    merged = merge(evaluations)
    runs = [(evaluation, run) for evaluation in merged for run in _ordered(evaluation)]
    return ResultTables(runs=_runs(runs), checks=_checks(runs))


_Told = Sequence[tuple[Evaluation, Run]]


def _ordered(evaluation: Evaluation) -> list[Run]:
    return sorted(runs_of(evaluation), key=lambda run: (run.agent, run.task, run.repeat))


def _keys(told: _Told) -> dict[str, list[Any]]:
    return {
        "evaluation": [evaluation.id for evaluation, _ in told],
        "agent": [run.agent for _, run in told],
        "task": [run.task for _, run in told],
        "repeat": [run.repeat for _, run in told],
    }


def _runs(told: _Told) -> pa.Table:
    columns = _keys(told) | {name: [of(*each) for each in told] for name, of in _OF_RUN.items()}
    return pa.table(columns, schema=RUNS)


def _checks(told: _Told) -> pa.Table:
    """Return the table of checks, of which all of a run have its key."""
    lengths = [len(run.checks) for _, run in told]
    rows = pa.array([row for row, length in enumerate(lengths) for _ in range(length)], COUNT)
    keys = pa.table(_keys(told), schema=pa.schema(KEY)).take(rows)
    checks = [check for _, run in told for check in run.checks]
    own: Mapping[str, Any] = {
        "check": [check.name for check in checks],
        "outcome": [check.outcome.value for check in checks],
        "weight": [float(check.weight) for check in checks],
        "reason": [check.reason for check in checks],
    }
    columns = {name: keys.column(name) for name, _ in KEY} | dict(own)
    return pa.table(columns, schema=CHECKS)


def _kind(evaluation: Evaluation, run: Run) -> str | None:
    planned = plan_of(evaluation).tasks.get(run.task)
    return planned.kind or None if planned else None


def _score(_: Evaluation, run: Run) -> float | None:
    return None if run_state(run) is State.VOID else run_score(run)


def _used(field: str) -> Callable[[Evaluation, Run], float | None]:
    return lambda _, run: getattr(run.usage, field) if run.usage else None


_USAGE = ("calls", "prompt_tokens", "completion_tokens", "cost", "waiting_seconds")
_OF_RUN: Mapping[str, Callable[[Evaluation, Run], Any]] = {
    "started": lambda evaluation, _: plan_of(evaluation).started,
    "version": lambda evaluation, run: version_of(evaluation, run.agent) or None,
    "kind": _kind,
    "state": lambda _, run: run_state(run).value,
    "score": _score,
    "passed": lambda _, run: sum(check.outcome is Outcome.PASSED for check in run.checks),
    "checks": lambda _, run: run.declared_checks,
    "task_weight": lambda _, run: float(run.task_weight),
    "ending": lambda _, run: run.ending,
    "seconds": lambda _, run: run.seconds,
    "attempts": lambda _, run: run.attempts,
    **{name: _used(name) for name in _USAGE},
    "origin": lambda _, run: run.origin or None,
}
