"""One evaluation of several validators': what a run is worth by a rule, and which validator stands apart.

| rule | a run counts |
|---|---|
| `mean` | as every validator says, each being a repeat |
| `median` | as the validator in the middle says, or as the two there say |
| `all` | with a check where every validator says that it passed |
| `best-of-3` | with a check where two of three validators say so |

A validator's void run is pending, and only where it could decide: by `all` a check that one saw fail has failed.
An agent is stopped (screened or pruned) if more than half of the validators stopped it, by `all` if one did. The runs
that a validator did not spend on one that is not stopped are no runs: the others' count.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import median

from bitsec_eval.core.errors import ResultsError
from bitsec_eval.core.evaluations.evaluation import Check, Evaluation, Outcome, Run
from bitsec_eval.core.evaluations.merging import merge, plan_of, runs_of
from bitsec_eval.core.evaluations.stages import Stop
from bitsec_eval.core.scoring.common_plan import common_plan, is_stopped, shared_by_most, stops_by, stops_told, under
from bitsec_eval.core.scoring.run_points import State, run_score, run_state
from bitsec_eval.core.scoring.stopped import unfounded_stops
from bitsec_eval.core.text import one_line

MEAN, MEDIAN, ALL, BEST_OF_3 = "mean", "median", "all", "best-of-3"
AGREEMENTS = (MEAN, MEDIAN, ALL, BEST_OF_3)
THREE = 3
MOST_NAMED = 3
OLD_DAYS = 7
"""A record that began so many days before most may have been signed before."""

Key = tuple[str, str, int]
Records = Mapping[str, Evaluation]
"""What each validator evaluated, by the validator's name."""

Told = Sequence[Run]
"""One run as every validator that planned it tells of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """A validator whose scores differ from the median of all: on which of its runs, how, and how many were void.

    `runs` holds agent, task and repeat with the validator's score and the median. `stopped` are the agents that it
    stopped and most did not, `let_through` the other way round. `days_behind` is how many days it began before most,
    0 for fewer than `OLD_DAYS`.
    """

    validator: str
    compared: int
    void: int
    runs: tuple[tuple[Key, float, float], ...]
    days_behind: int = 0
    stopped: tuple[str, ...] = ()
    let_through: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """How often it stands apart and where, as one line; "" where it does not."""
        told = []
        if self.runs:
            where = ", ".join(_where(*each) for each in self.runs[:MOST_NAMED])
            more = f" and {len(self.runs) - MOST_NAMED} more" if len(self.runs) > MOST_NAMED else ""
            told.append(f"stands apart in {len(self.runs)} of {self.compared} runs: {where}{more}")
        if self.void:
            told.append(f"has {self.void} void")
        if self.stopped:
            told.append(f"stopped {_named(self.stopped)}, as most did not")
        if self.let_through:
            told.append(f"let {_named(self.let_through)} through, as most did not")
        if self.days_behind:
            told.append(f"began {self.days_behind} days before most did: is the record a new one?")
        return f"validator {self.validator} {'; '.join(told)}" if told else ""


def _days_behind(evaluation: Evaluation, start: datetime | None) -> int:
    started = plan_of(evaluation).started
    days = (start - started).days if start and started else 0
    return days if days >= OLD_DAYS else 0


def _named(agents: Sequence[str]) -> str:
    more = f" and {len(agents) - MOST_NAMED} more" if len(agents) > MOST_NAMED else ""
    return ", ".join(one_line(agent, 100) for agent in agents[:MOST_NAMED]) + more


def _where(key: Key, own: float, middle: float) -> str:
    agent, task, repeat = key
    again = f" (repeat {repeat + 1})" if repeat else ""
    return f"{agent} on {one_line(task, 100)}{again} {own:.1f}, not {middle:.1f}"


def agreed(records: Records, rule: str) -> tuple[Evaluation, ...]:
    """Return the evaluations that a board of several validators is computed from.

    Raises: ResultsError for a rule that does not go with so many validators, and where they evaluated different
    versions of an agent.
    """
    _check(records, rule)
    evaluations = shared_by_most([records[name] for name in sorted(records)])
    plan = common_plan(evaluations)
    stopped = stops_by(evaluations, by_one=rule == ALL)
    told = _told(evaluations, stopped)
    if rule == MEAN:
        return tuple(_stopping(under(each, plan), stopped, told.keys()) for each in evaluations)
    plan = replace(plan, stopped=stopped)
    if rule == MEDIAN:
        middle = {key: _middle(runs) for key, runs in told.items()}
        return tuple(
            Evaluation(id=f"{MEDIAN} {side + 1} of {_names(records)}", plan=plan, runs=tuple(_side(middle, side)))
            for side in range(max((len(runs) for runs in middle.values()), default=1))
        )
    verdict = _unanimous if rule == ALL else _majority
    runs = tuple(_by_check(each, verdict) for _, each in sorted(told.items()))
    return (Evaluation(id=f"{rule} of {_names(records)}", plan=plan, runs=runs),)


def standing_apart(records: Records) -> tuple[Apart, ...]:
    """Return for each validator, in order of names, where its scores differ from the median of all validators'."""
    scores: dict[Key, dict[str, float]] = defaultdict(dict)
    void: dict[str, int] = defaultdict(int)
    for name, evaluation in records.items():
        for run in _spent_runs(evaluation):
            if run_state(run) is State.VOID:
                void[name] += 1
            else:
                scores[_key(run)][name] = run_score(run)
    several = {key: told for key, told in sorted(scores.items()) if len(told) > 1}
    middles = {key: median(told.values()) for key, told in several.items()}
    stops = stops_told(records.values())
    middle_start = common_plan(tuple(records.values())).started if records else None
    return tuple(
        Apart(
            validator=name,
            compared=sum(name in told for told in several.values()),
            void=void[name],
            runs=tuple(
                (key, told[name], middles[key])
                for key, told in several.items()
                if name in told and told[name] != middles[key]
            ),
            days_behind=_days_behind(records[name], middle_start),
            stopped=tuple(sorted(agent for agent in plan_of(records[name]).stopped if not is_stopped(stops[agent]))),
            let_through=tuple(
                sorted(
                    agent
                    for agent in plan_of(records[name]).agents.keys() - plan_of(records[name]).stopped.keys()
                    if is_stopped(stops[agent])
                )
            ),
        )
        for name in sorted(records)
    )


def _check(records: Records, rule: str) -> None:
    if rule == BEST_OF_3 and len(records) != THREE:
        raise ResultsError(f"--rule={BEST_OF_3} is for three validators, not {len(records)}; choose another rule")
    versions: dict[str, dict[str, str]] = defaultdict(dict)
    for name, evaluation in sorted(records.items()):
        for agent, sha in plan_of(evaluation).agents.items():
            versions[agent].setdefault(sha, name)
    for agent, told in sorted(versions.items()):
        if len(told) > 1:
            names = " and ".join(list(told.values())[:2])
            raise ResultsError(f"{names} evaluated different versions of {agent}; evaluate the same and sign again")
    for name, evaluation in sorted(records.items()):
        wrong = unfounded_stops(evaluation)
        if wrong:
            raise ResultsError(f"{name} {wrong}; leave its record out, or have it evaluated and signed again")
    ids: dict[str, str] = {}
    for name, evaluation in sorted(records.items()):
        first = ids.setdefault(evaluation.id, name)
        if first != name:
            raise ResultsError(f"{name} signed the evaluation of {first}; each validator must evaluate by itself")


def _stopping(evaluation: Evaluation, stopped: Mapping[str, Stop], counted: Collection[Key]) -> Evaluation:
    """Return an evaluation that stopped the agents that all validators together did, with the runs that count."""
    plan = plan_of(evaluation)
    also = {agent: stop for agent, stop in stopped.items() if agent in plan.agents}
    if not also:
        return evaluation
    runs = tuple(run for run in evaluation.runs if run.agent not in also or _key(run) in counted)
    return replace(evaluation, plan=replace(plan, stopped={**plan.stopped, **also}), runs=runs)


def _spent_runs(evaluation: Evaluation) -> Iterator[Run]:
    """Yield the runs that were done, and those that were to be done and left no trace: none of a stopped agent's."""
    stopped = plan_of(evaluation).stopped
    return (run for run in runs_of(evaluation) if run.checks or run.agent not in stopped)


def _told(evaluations: Iterable[Evaluation], stopped: Mapping[str, Stop]) -> dict[Key, list[Run]]:
    """Return what is told of each run; of an agent that is `stopped`, of those alone that all who stopped it did."""
    found: dict[Key, list[Run]] = defaultdict(list)
    unspent: set[Key] = set()
    for evaluation in evaluations:
        spent = {_key(run): run for run in _spent_runs(evaluation)}
        unspent |= {key for run in runs_of(evaluation) if run.agent in stopped and (key := _key(run)) not in spent}
        for key, run in spent.items():
            found[key].append(run)
    return {key: runs for key, runs in found.items() if key not in unspent}


def _key(run: Run) -> Key:
    return run.agent, run.task, run.repeat


def _names(records: Records) -> str:
    return ", ".join(sorted(records))


def _middle(runs: Told) -> tuple[Run, ...]:
    """Return the run in the middle of all by score, or the two there; a void one where a void run could be it."""
    low, high = (_in_order(runs, void) for void in (-1.0, 101.0))
    places = sorted({(len(runs) - 1) // 2, len(runs) // 2})
    void = next((run for run in runs if run_state(run) is State.VOID), None)
    return tuple(low[place] if void is None or _same(low[place], high[place]) else void for place in places)


def _same(one: Run, other: Run) -> bool:
    """Whether two runs are worth the same, as neither is void."""
    states = run_state(one), run_state(other)
    return State.VOID not in states and run_score(one) == run_score(other)


def _in_order(runs: Told, void: float) -> list[Run]:
    return sorted(runs, key=lambda run: void if run_state(run) is State.VOID else run_score(run))


def _side(middle: Mapping[Key, Sequence[Run]], side: int) -> Iterator[Run]:
    """Yield one of the runs in the middle of each; where there is only one it stands on both sides."""
    for _, runs in sorted(middle.items()):
        yield replace(runs[min(side, len(runs) - 1)], origin="")


Verdict = Callable[[Sequence[Outcome | None]], Outcome | None]


def _unanimous(outcomes: Sequence[Outcome | None]) -> Outcome | None:
    if Outcome.FAILED in outcomes or None in outcomes:
        return Outcome.FAILED if Outcome.FAILED in outcomes else None
    return Outcome.ERROR if Outcome.ERROR in outcomes else Outcome.PASSED


def _majority(outcomes: Sequence[Outcome | None]) -> Outcome | None:
    """Return what two of three say; what nobody tells of is not passed."""
    padded = [*outcomes, *[None] * (THREE - len(outcomes))]
    lost = sum(outcome is Outcome.FAILED or outcome is None for outcome in padded)
    if padded.count(Outcome.PASSED) >= 2:
        return Outcome.PASSED
    if lost >= 2:
        return Outcome.FAILED if Outcome.FAILED in padded else None
    return Outcome.ERROR


def _by_check(runs: Told, verdict: Verdict) -> Run:
    """Return the run of which each check ended as the verdict on all tellings of it says."""
    told = [_checks_of(run) for run in runs]
    known = {check.name: check for checks in told for check in (checks or {}).values()}
    known = known or {check.name: check for run in runs for check in run.checks}
    found = (_check_of(known[name], told, verdict) for name in sorted(known))
    shown = max(runs, key=lambda run: len(run.checks))
    return replace(shown, origin="", checks=tuple(check for check in found if check is not None))


def _checks_of(run: Run) -> dict[str, Check] | None:
    """Return a run's checks by name, None for a void one: done again, every check of it may end otherwise."""
    return None if run_state(run) is State.VOID else {check.name: check for check in run.checks}


def _check_of(known: Check, told: Sequence[Mapping[str, Check] | None], verdict: Verdict) -> Check | None:
    every = [None if checks is None else checks.get(known.name) for checks in told]
    outcomes = [
        Outcome.ERROR if checks is None else check.outcome if check else None
        for checks, check in zip(told, every, strict=True)
    ]
    outcome = verdict(outcomes)
    if outcome is None:
        return None
    alike = (check for check in every if check is not None and check.outcome is outcome)
    return next(alike, replace(known, outcome=outcome, reason=""))


def joined(evaluations: Iterable[Evaluation], validator: str) -> Evaluation:
    """Return the one evaluation in a validator's files, which may be parts of it.

    Raises: ResultsError where there are several.
    """
    merged = merge(evaluations)
    if len(merged) > 1:
        raise ResultsError(f"{validator} signed {len(merged)} evaluations; give one of each validator")
    return merged[0]
