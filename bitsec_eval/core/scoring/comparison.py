"""Two boards side by side: what moved, and whether that is more than noise."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from bitsec_eval.core.evaluations.conditions import changed_parts, setting_differences
from bitsec_eval.core.evaluations.evaluation import Evaluation, Outcome
from bitsec_eval.core.evaluations.merging import plan_of
from bitsec_eval.core.scoring.scores import AgentScore, Cell, scores
from bitsec_eval.core.scoring.ties import FEWEST_TASKS, LEVEL, differences, paired_p


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedTask:
    """A task whose points differ; `mended` and `broken` are the checks that did, by name.

    `changed` names the parts of the task that are not the same on both sides: then its difference may be the task's.
    """

    task: str
    before: float | None
    after: float | None
    mended: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedAgent:
    """One agent before and after; a score is None where it has none on that side.

    `p` is the paired test's over the tasks both sides have, None where they are too few to tell.
    """

    agent: str
    before: float | None
    after: float | None
    same_version: bool
    p: float | None
    tasks: tuple[MovedTask, ...]
    same_conditions: bool = True

    def cause(self, task: MovedTask) -> str:
        """Whose the difference on a task is: the task's, the agent's, the conditions', or nobody's that is known."""
        whose = [
            f"the task's ({', '.join(task.changed)})" if task.changed else "",
            "" if self.same_version else "the agent's",
            "" if self.same_conditions else "the conditions'",
        ]
        return " or ".join(filter(None, whose)) or "chance: task, agent and conditions are the same"

    @property
    def verdict(self) -> str:
        """Whether the scores differ by more than noise, in words."""
        if self.before is None or self.after is None:
            return "only after" if self.before is None else "only before"
        if not self.tasks:
            return "unchanged"
        if self.p is None:
            return f"fewer than {FEWEST_TASKS} tasks in common: nothing can be told from noise"
        return "more than noise" if self.p < LEVEL else "within noise"


def compare(before: Iterable[Evaluation], after: Iterable[Evaluation]) -> tuple[MovedAgent, ...]:
    """Return every agent of either side, in order of names.

    Raises: ResultsError where files of one side contradict each other.
    """
    before, after = tuple(before), tuple(after)
    old, new = scores(before), scores(after)
    changed = _changed_tasks(before, after)
    same = not setting_differences((*before, *after))
    weights = {**old.weights, **new.weights}
    one = {agent.agent: agent for agent in old.agents}
    other = {agent.agent: agent for agent in new.agents}
    moved = (_moved(name, one.get(name), other.get(name), weights, changed) for name in sorted({*one, *other}))
    return tuple(replace(agent, same_conditions=same) for agent in moved)


_Changed = Mapping[str, tuple[str, ...]]
"""By task, the parts of it that are not the same before and after."""


def _changed_tasks(before: Iterable[Evaluation], after: Iterable[Evaluation]) -> _Changed:
    was, now = ({task: each for one in side for task, each in plan_of(one).tasks.items()} for side in (before, after))
    return {task: changed_parts(was[task], now[task]) for task in was.keys() & now.keys()}


def _moved(
    name: str, old: AgentScore | None, new: AgentScore | None, weights: dict[str, float], changed: _Changed
) -> MovedAgent:
    found = differences(new.by_task, old.by_task, weights) if old and new else ()
    return MovedAgent(
        agent=name,
        before=old.score if old else None,
        after=new.score if new else None,
        same_version=bool(old and new and old.version == new.version),
        p=paired_p(found) if len(found) >= FEWEST_TASKS else None,
        tasks=tuple(_moved_tasks(old, new, changed)) if old and new else (),
    )


def _moved_tasks(old: AgentScore, new: AgentScore, changed: _Changed) -> Iterable[MovedTask]:
    one, other = ({cell.task: cell for cell in agent.cells} for agent in (old, new))
    for task in sorted(one.keys() | other.keys()):
        moved = replace(_moved_task(task, one.get(task), other.get(task)), changed=changed.get(task, ()))
        if moved.before != moved.after or moved.mended or moved.broken:
            yield moved


def _moved_task(task: str, old: Cell | None, new: Cell | None) -> MovedTask:
    was, now = ({check.name: check.outcome for check in cell.checks} if cell else {} for cell in (old, new))
    both = sorted(was.keys() & now.keys())
    return MovedTask(
        task=task,
        before=old.score if old else None,
        after=new.score if new else None,
        mended=tuple(name for name in both if was[name] is not Outcome.PASSED and now[name] is Outcome.PASSED),
        broken=tuple(name for name in both if was[name] is Outcome.PASSED and now[name] is not Outcome.PASSED),
    )
