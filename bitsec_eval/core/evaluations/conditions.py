"""Under which conditions evaluations were made, and where they differ: scores of different tasks do not compare."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial

from bitsec_eval.core.evaluations.evaluation import Evaluation, Plan, PlannedTask
from bitsec_eval.core.text import one_line

MOST_NAMED = 3

_SETTINGS: Mapping[str, Callable[[Plan], str]] = {
    "images": lambda plan: plan.image,
    "LLM modes": lambda plan: plan.llm,
    "LLM models": lambda plan: ", ".join(sorted(plan.models)),
    "treatments of pocs": lambda plan: plan.pocs,
    "judges": lambda plan: plan.judge,
    "versions of bitsec-eval": lambda plan: plan.version,
    "screenings": lambda plan: f"{plan.screen.suite} from {plan.screen.points:g} points" if plan.screen else "none",
    "prunings": lambda plan: f"behind rank {plan.prune}" if plan.prune else "none",
}
_TERMS: Mapping[str, tuple[str, Callable[[Plan], str]]] = {
    "emission": ("emissions", lambda plan: plan.emission or ""),
    "rewards": ("reward rules", lambda plan: plan.rewards or ""),
    "tiebreak": ("tiebreaks", lambda plan: plan.tiebreak or ""),
    "at_least": ("runs that must pass", lambda plan: _number(plan.at_least)),
    "baseline": ("baselines", lambda plan: _number(plan.baseline)),
    "half_life": ("half-lives", lambda plan: _number(plan.half_life)),
}


def _number(told: float | None) -> str:
    return "none" if told is None else f"{told:g}"


_Told = Sequence[tuple[Plan, Collection[str]]]
"""Plans, each with the agents whose runs rest on it."""


def differences_between(evaluations: Iterable[Evaluation]) -> tuple[str, ...]:
    """Return a line for each condition that is not the same in all evaluations that tell of it, and who met what.

    Those are what sandboxes hold, the LLM's mode, models and prices, the judge, whether pocs are run, our version,
    which agents were to be stopped early, the number of repeats, which tasks there are, and of each task what makes
    it by digest, its checks and weights. What a file does not tell, as older ones do not, is not compared.
    """
    told = _told(evaluations)
    repeats = _of_setting(told, "different numbers of repeats", lambda plan: str(plan.repeats))
    return (*_of_settings(told), *((repeats,) if repeats else ()), *_of_tasks(told), *_of_missing_tasks(told))


def setting_differences(evaluations: Iterable[Evaluation]) -> tuple[str, ...]:
    """Return the lines of `differences_between` that are not about tasks."""
    return _of_settings(_told(evaluations))


def _of_settings(told: _Told) -> tuple[str, ...]:
    settings = (_of_setting(told, f"different {what}", read) for what, read in _SETTINGS.items())
    return (*(line for line in settings if line), *_of_prices(told))


def engines_of(evaluations: Iterable[Evaluation]) -> tuple[str, ...]:
    """Return a line on what opened sandboxes where that is not the same in all: scores compare all the same."""
    line = _of_setting(_told(evaluations), "different engines", lambda plan: plan.engine)
    return (line,) if line else ()


def terms_of(evaluations: Iterable[Evaluation], *, given: Collection[str] = ()) -> dict[str, str]:
    """Return a line for each term of payment that is not the same in all, by its setting, without those `given`.

    Settings are those that `leaderboard` takes: emission, rewards, tiebreak, at_least, baseline and half_life.
    """
    told = _told(evaluations)
    lines = {name: _of_setting(told, f"different {what}", read) for name, (what, read) in _TERMS.items()}
    return {name: line for name, line in lines.items() if line and name not in given}


def _told(evaluations: Iterable[Evaluation]) -> _Told:
    in_turn = sorted(evaluations, key=lambda each: each.age_key)
    return [(each.plan, each.plan.agents) for each in in_turn if each.plan and each.runs]


def _of_setting(told: _Told, what: str, read: Callable[[Plan], str]) -> str:
    rests: dict[str, set[str]] = defaultdict(set)
    for plan, agents in told:
        value = read(plan)
        if value:
            rests[value].update(agents)
    if len(rests) < 2:
        return ""
    return f"evaluated with {what}: {_resting(rests)}"


def _resting(rests: Mapping[str, Collection[str]]) -> str:
    """Return each value with the agents whose runs rest on it."""
    return "; ".join(f"{one_line(value, 60)} ({_some(rests[value])})" for value in sorted(rests)[:MOST_NAMED])


def _some(names: Collection[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"{', '.join(one_line(name, 100) for name in sorted(names)[:MOST_NAMED])}{more}"


def _of_prices(told: _Told) -> Iterator[str]:
    for model in sorted({model for plan, _ in told for model in plan.models})[:MOST_NAMED]:
        line = _of_setting(told, f"different prices of {model}", partial(_price, model))
        if line:
            yield line


def _price(model: str, plan: Plan) -> str:
    return plan.models.get(model, "")


def _of_tasks(told: _Told) -> Iterator[str]:
    met: dict[str, list[tuple[PlannedTask, Collection[str]]]] = defaultdict(list)
    for plan, agents in told:
        for task, planned in plan.tasks.items():
            met[task].append((planned, agents))
    changed = {task: each for task, each in sorted(met.items()) if _differ([planned for planned, _ in each])}
    if changed:
        yield f"evaluated on different versions of {_some(changed)}"
    for task, each in list(changed.items())[:MOST_NAMED]:
        yield f"{one_line(task, 100)} differs in {_what_changed(each)}"


def _of_missing_tasks(told: _Told) -> Iterator[str]:
    """Yield a line for each task that not every agent's latest version was evaluated on."""
    met: dict[str, tuple[str, set[str]]] = {}
    for plan, _ in told:
        for agent, version in plan.agents.items():
            before, tasks = met.get(agent, (version, set()))
            met[agent] = version, {*plan.tasks, *(tasks if before == version else ())}
    everything = {task for _, tasks in met.values() for task in tasks}
    lacking = {task: [agent for agent, (_, tasks) in met.items() if task not in tasks] for task in sorted(everything)}
    for task, agents in [(task, agents) for task, agents in lacking.items() if agents][:MOST_NAMED]:
        yield f"{one_line(task, 100)} was not there for {_some(agents)}"


def _differ(told: Sequence[PlannedTask]) -> bool:
    return len({_declared(each) for each in told}) > 1 or len({each.digest for each in told} - {""}) > 1


def _what_changed(told: Sequence[tuple[PlannedTask, Collection[str]]]) -> str:
    """Return which parts of a task differ, and who met which version of it."""
    parts = sorted({part for planned, _ in told for part in changed_parts(told[0][0], planned)})
    rests: dict[str, set[str]] = defaultdict(set)
    for planned, agents in told:
        rests[planned.digest[:8] or f"{planned.checks} checks"].update(agents)
    return f"its {', '.join(parts)}: {_resting(rests)}"


def changed_parts(one: PlannedTask, other: PlannedTask) -> tuple[str, ...]:
    """Return what differs between two versions of a task, by names; "files" where it is not told which.

    >>> changed_parts(PlannedTask(checks=1, declared_weight=1), PlannedTask(checks=2, declared_weight=1))
    ('checks',)
    """
    told = one.parts.keys() | other.parts.keys() if one.parts and other.parts else ()
    parts = {name for name in told if one.parts.get(name) != other.parts.get(name)}
    if one.checks != other.checks:
        parts.add("checks")
    if (one.declared_weight, one.weight) != (other.declared_weight, other.weight) and one.checks == other.checks:
        parts.add("weight")
    if not parts and one.digest and other.digest and one.digest != other.digest:
        parts.add("files")
    return tuple(sorted(parts))


def _declared(planned: PlannedTask) -> tuple[int, float, float]:
    return planned.checks, planned.declared_weight, planned.weight
