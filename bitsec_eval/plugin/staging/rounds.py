"""In which round each task is run: the screening suite first, then as far as pruning needs to look in between."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import pytest

from bitsec_eval.core.evaluations.stages import Screen, is_of_suite, pruning_rounds
from bitsec_eval.plugin.collection.tasks import CHECK
from bitsec_eval.plugin.config.staging import StagingSettings


def tasks_in(items: Iterable[pytest.Item]) -> list[str]:
    """Return the tasks of checks in their order."""
    return list(dict.fromkeys(item.stash[CHECK].key.task for item in items if CHECK in item.stash))


def screen_of(settings: StagingSettings, tasks: Sequence[str]) -> Screen | None:
    """Return the screening with its tasks.

    Raises:
        pytest.UsageError: none of the tasks is of its suite, or all are.
    """
    if settings.screen is None:
        return None
    suite = settings.screen.suite
    chosen = tuple(task for task in tasks if is_of_suite(task, suite))
    told = f"--bitsec-screen={suite}:{settings.screen.points:g}"
    if not chosen:
        suites = ", ".join(dict.fromkeys(task.rpartition("/")[0] or task for task in tasks))
        raise pytest.UsageError(f"{told}: no selected task is of the suite {suite}; choose one of {suites}")
    if len(chosen) == len(tasks):
        raise pytest.UsageError(f"{told}: every selected task is of that suite; select others too, or leave it out")
    return replace(settings.screen, tasks=chosen)


def rounds_of(settings: StagingSettings, tasks: Sequence[str], weights: Mapping[str, float]) -> list[list[str]]:
    """Return the tasks in rounds; who is stopped after one has no run in those behind it."""
    cheap = [task for task in tasks if settings.screen and is_of_suite(task, settings.screen.suite)]
    rest = [task for task in tasks if task not in cheap]
    ordered = [*cheap, *rest]
    rounds = pruning_rounds(ordered, weights) if settings.prune else [ordered]
    behind = [[task for task in each if task not in cheap] for each in rounds]
    return [each for each in (cheap, *behind) if each]
