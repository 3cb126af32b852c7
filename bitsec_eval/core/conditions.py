"""Under which conditions evaluations were made, and where they differ: scores of different tasks do not compare."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from bitsec_eval.core.evaluation import Evaluation, Plan, PlannedTask
from bitsec_eval.core.text import one_line

MOST_NAMED = 3


def differences_between(evaluations: Iterable[Evaluation]) -> tuple[str, ...]:
    """Return a line for each condition that is not the same in all evaluations that tell of it.

    Those are what sandboxes hold, the LLM's mode, our version, and of each task its files and limits by digest, its
    checks and its weights. What a file does not tell, as older ones do not, is not compared.
    """
    plans = [evaluation.plan for evaluation in evaluations if evaluation.plan and evaluation.runs]
    return (*_of_settings(plans), *_of_tasks(plans))


def _of_settings(plans: Sequence[Plan]) -> Iterator[str]:
    for what, field in (("images", "image"), ("LLM modes", "llm"), ("versions of bitsec-eval", "version")):
        told = sorted({getattr(plan, field) for plan in plans} - {""})
        if len(told) > 1:
            yield f"evaluated with different {what}: {', '.join(one_line(each, 30) for each in told[:MOST_NAMED])}"


def _of_tasks(plans: Sequence[Plan]) -> Iterator[str]:
    told: dict[str, set[object]] = defaultdict(set)
    digests: dict[str, set[str]] = defaultdict(set)
    for plan in plans:
        for task, planned in plan.tasks.items():
            told[task].add(_declared(planned))
            digests[task] |= {planned.digest} - {""}
    changed = sorted(task for task in told if len(told[task]) > 1 or len(digests[task]) > 1)
    if changed:
        more = f" and {len(changed) - MOST_NAMED} more" if len(changed) > MOST_NAMED else ""
        named = ", ".join(one_line(task, 100) for task in changed[:MOST_NAMED])
        yield f"evaluated on different versions of {named}{more}"


def _declared(planned: PlannedTask) -> tuple[int, float, float]:
    return planned.checks, planned.declared_weight, planned.weight
