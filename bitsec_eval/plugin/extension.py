"""Extension points, as values: a sandbox engine, a matcher, an answer kind.

`bitsec_eval.plugin.newhooks` holds the hooks that return them, `bitsec_eval.plugin.builtin` our own.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from bitsec_eval.core.answers.answer import Answer
from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.matching import Matcher
from bitsec_eval.core.reports.finding import Finding
from bitsec_eval.core.tasks.task import Task
from bitsec_eval.core.text import one_line
from bitsec_eval.sandbox.engines import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRequest:
    """What an operator said about sandboxes: `image` and `runtime` are None where the engine's own default holds.

    `state` is the folder of this machine's locks, `results` that of the evaluation's results.
    `accepted` names the controls that may be missing (--bitsec-accept-weaker).
    `addresses` are those of several engines, `cluster` that of a Dask scheduler and `cluster_tls` the folder of
    its certificates; our own engines for several machines take them.
    `task_image` names an image that a task asks for, or whose programs judge its answers; then that is to be opened
    in place of `image`. `task_digest` is what it must hold or be called by its engine, where the task says so: that
    is compared afterwards, but an engine over several machines can say which of them has another.
    """

    state: Path
    results: Path
    image: str | None = None
    runtime: str | None = None
    accepted: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    cluster: str = ""
    cluster_tls: Path | None = None
    task_image: str = ""
    task_digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxEngine:
    """An engine for --bitsec-sandbox=NAME.

    `open` returns the engine to be entered; before the first run it raises `SettingsError` for what the operator has
    to mend and `SandboxError` where it cannot be used. Both end pytest with exit code 4 and their own words.
    """

    name: str
    summary: str
    open: Callable[[EngineRequest], AbstractContextManager[Engine]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingMatcher:
    """A matcher for --bitsec-matcher=NAME; `make` gets the environment and raises `SettingsError` where it lacks."""

    name: str
    summary: str
    make: Callable[[Mapping[str, str]], Matcher[Finding]]


def accept_any_task(task: Task, fixtures: Collection[str]) -> None:
    """Find nothing wrong with a task."""


def publish_nothing(answers: Sequence[Answer]) -> Mapping[str, Any]:  # noqa: ARG001 - as publish has it
    """Tell nothing of the answers of a run."""
    return {}


Files = Callable[[], Mapping[str, bytes]]
"""Reads the files of a workspace as an evaluation's agents see them."""


def take_whole(printed: str, files: Files) -> str:  # noqa: ARG001 - as own_text has it
    """Return all that was printed."""
    return printed


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerKind:
    """A kind of answer that tasks ask for; a task is of this kind when a check uses one of `fixtures`.

    The fixtures themselves are ordinary pytest fixtures of the plugin that adds the kind. They ask for `bitsec_run`,
    a `bitsec_eval.plugin.running.checked_run.CheckedRun`, for answers, the task and sandboxes.

    `check_task` raises `TaskError` for a TASK that does not go with the fixtures its checks use.
    `loads_solution` says that the answer is code to be loaded ahead of the checks, as for `solution`.
    `is_public` says that what the agent printed gives nothing hidden away; otherwise nobody is shown it.
    `publish` returns what a run's public file tells of its answers beside their ending.
    `own_text` returns what of a printed text is the agent's own and not its workspace's, whose files it may read, to
    find agents that answer alike.
    """

    name: str
    fixtures: tuple[str, ...]
    summary: str
    check_task: Callable[[Task, Collection[str]], None] = accept_any_task
    loads_solution: bool = False
    is_public: bool = False
    publish: Callable[[Sequence[Answer]], Mapping[str, Any]] = publish_nothing
    own_text: Callable[[str, Files], str] = take_whole


class AnswerKinds:
    """Every kind there is; where a task's checks use the fixtures of several, the one added last counts."""

    def __init__(self, kinds: Iterable[AnswerKind]) -> None:
        self._kinds = tuple(kinds)
        self.fixtures = tuple(dict.fromkeys(name for kind in self._kinds for name in kind.fixtures))

    def used(self, fixtures: Collection[str]) -> list[AnswerKind]:
        """Return the kinds whose fixtures are among those a check uses."""
        return [kind for kind in self._kinds if set(kind.fixtures) & set(fixtures)]

    def named(self, name: str) -> AnswerKind:
        """Return the kind that a TASK names by answer=."""
        return next(kind for kind in reversed(self._kinds) if kind.name == name)

    def of(self, fixtures: Collection[str]) -> AnswerKind:
        """Return the kind of a task whose checks use these fixtures."""
        return (self.used(fixtures) or list(self._kinds))[-1 if self.used(fixtures) else 0]


NamedT = TypeVar("NamedT", SandboxEngine, FindingMatcher)


def chosen(option: str, name: str, offered: Sequence[NamedT]) -> NamedT:
    """Return what is called `name`, the one added last where there are several.

    Raises:
        SettingsError: it lists the names there are.
    """
    found = [each for each in offered if each.name == name]
    if not found:
        known = ", ".join(sorted({each.name for each in offered}))
        raise SettingsError(f"{option} {one_line(name, 60)}: choose one of {known}")
    return found[-1]


def offered_engines(config: pytest.Config) -> list[SandboxEngine]:
    """Return the engines of all plugins, our own first."""
    return _flat(config.hook.pytest_bitsec_engines(config=config))


def offered_matchers(config: pytest.Config) -> list[FindingMatcher]:
    """Return the matchers of all plugins, our own first."""
    return _flat(config.hook.pytest_bitsec_matchers(config=config))


def offered_kinds(config: pytest.Config) -> AnswerKinds:
    """Return the answer kinds of all plugins, our own first."""
    return AnswerKinds(_flat(config.hook.pytest_bitsec_answer_kinds(config=config)))


def _flat(results: Sequence[Iterable[Any]]) -> list[Any]:
    """Return what all plugins offer; pluggy calls the plugin registered last first."""
    return [each for result in reversed(results) for each in result]
