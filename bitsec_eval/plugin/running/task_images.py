"""The images that tasks ask for: each is opened as an engine of its own, once what it holds is what the task says."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest

from bitsec_eval.core.errors import SandboxError, SettingsError
from bitsec_eval.core.tasks.image_name import PinnedImage, pinned
from bitsec_eval.core.text import one_line
from bitsec_eval.plugin.collection.tasks import CollectedTask
from bitsec_eval.plugin.extension import EngineRequest, SandboxEngine
from bitsec_eval.sandbox.engines import Engine, other_image, with_remedy
from bitsec_eval.sandbox.image_digest import content_digest

MOST_NAMED = 3


def tasks_by_image(tasks: Iterable[CollectedTask]) -> Mapping[str, list[str]]:
    """Return the ids of the tasks that ask for an image, by that image as they write it."""
    found: dict[str, list[str]] = {}
    for task in sorted(tasks, key=lambda each: each.id):
        if task.task.image:
            found.setdefault(task.task.image, []).append(task.id)
    return found


@contextmanager
def opened_image(engine: SandboxEngine, request: EngineRequest, image: str, tasks: list[str]) -> Iterator[Engine]:
    """Return an engine of the image that `tasks` ask for.

    Raises:
        pytest.UsageError: it is not there or holds something else; the message says how to make it.
    """
    asked = pinned(image)
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(
                engine.open(replace(request, task_image=asked.name, task_digest=asked.digest))
            )
        except (SandboxError, SettingsError) as error:
            raise pytest.UsageError(f"{_named(tasks)}: {with_remedy(str(error), asked.name)}") from error
        _check(opened, request, asked, tasks)
        yield opened


def _check(engine: Engine, request: EngineRequest, asked: PinnedImage, tasks: list[str]) -> None:
    """Refuse an image of another digest, whether the task names the engine's id of it or what it holds."""
    if engine.image == asked.digest:
        return
    try:
        held = content_digest(engine, request.state)
    except SandboxError as error:
        raise pytest.UsageError(f"{_named(tasks)}: image {asked.name}: {error}") from error
    if held != asked.digest:
        raise pytest.UsageError(f"{_named(tasks)}: {other_image(asked.name, held, asked.digest)}")


def _named(tasks: list[str]) -> str:
    more = f" and {len(tasks) - MOST_NAMED} more" if len(tasks) > MOST_NAMED else ""
    return one_line(", ".join(tasks[:MOST_NAMED]), 300) + more
