"""From collected test functions to runs: which check belongs to which task, agent and declared total."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from bitsec_eval.core.errors import TaskError
from bitsec_eval.core.matching.expected import ExpectedFinding
from bitsec_eval.core.matching.task_expectation import HoldsReports
from bitsec_eval.core.proof.answer import may_change
from bitsec_eval.core.proof.diff import diff_of
from bitsec_eval.core.tasks.renaming import Renaming
from bitsec_eval.core.tasks.task import AGENT_MAIN, CLI, PATCH, Task
from bitsec_eval.core.tasks.variants import Variants
from bitsec_eval.plugin.agents import Agent, Turn
from bitsec_eval.plugin.collection.task_parts import SUITES, parts_of
from bitsec_eval.plugin.extension import AnswerKind, AnswerKinds
from bitsec_eval.sandbox.execution.agent_run import AgentOrder
from bitsec_eval.sandbox.execution.protocols import program_of
from bitsec_eval.sandbox.execution.workspace import read_workspace
from bitsec_eval.schedule.runs import RunKey, RunSpec

AGENT_FIXTURE = "bitsec_agent"


@dataclass(frozen=True, slots=True)
class DeclaredCheck:
    """One pytest item as a check of a run."""

    key: RunKey
    name: str
    weight: float


CHECK = pytest.StashKey[DeclaredCheck]()


def task_of(module: object) -> Task | None:
    """Return the TASK of a test module, or None for a module that is no task.

    Raises:
        TaskError: there is a TASK that is something else.
    """
    task = getattr(module, "TASK", None)
    if task is None or isinstance(task, Task):
        return task
    raise TaskError(f"TASK must be a bitsec_eval.Task, got {type(task).__name__}")


def task_id(path: Path, root: Path) -> str:
    """Return a task's id: its path without suite folder, test_ and .py.

    >>> task_id(Path("/r/task_suites/coding/test_reverse_string.py"), Path("/r"))
    'coding/reverse_string'
    """
    try:
        parts = list(path.relative_to(root).parts)
    except ValueError:  # a suite outside the root is known by its last folder
        parts = list(path.parts[-2:])
    if SUITES in parts[:-1]:
        parts = parts[parts.index(SUITES) + 1 :]
    return "/".join([*parts[:-1], path.stem.removeprefix("test_")])


@dataclass(slots=True)
class CollectedTask:
    """One task file and every check it declares, whether or not it was selected."""

    id: str
    task: Task
    path: Path
    kinds: AnswerKinds
    declared: dict[RunKey, dict[str, DeclaredCheck]] = field(default_factory=dict)  # by node id
    fixtures: set[str] = field(default_factory=set)
    expected: ExpectedFinding | HoldsReports | None = None
    protocol: str = CLI
    includes_solution: bool = False

    @property
    def kind(self) -> AnswerKind:
        """The kind of answer the task asks for."""
        return self.kinds.named(self.task.answer) if self.task.answer else self.kinds.of(self.fixtures)

    def declare(self, items: Iterable[pytest.Function]) -> None:
        """Take note of the items one test function became; told twice, they count once."""
        seen: Counter[RunKey] = Counter()
        listed = list(items)
        made = Counter(id(_turn_of(item)) for item in listed)
        for item in listed:
            turn = _turn_of(item)
            key = RunKey(turn.agent.name, self.id, turn.repeat)
            seen[key] += 1
            name = _name(item) + (f"#{seen[key]}" if made[id(turn)] > 1 else "")
            check = DeclaredCheck(key, name, _weight(item))
            self.declared.setdefault(key, {})[item.nodeid] = item.stash[CHECK] = check
            self.fixtures.update(each for each in self.kinds.fixtures if each in item.fixturenames)

    def of_run(self, key: RunKey) -> list[DeclaredCheck]:
        """Return the checks declared for one run."""
        return list(self.declared[key].values())

    def work(self, key: RunKey, agent: Agent, seed: int) -> RunSpec:
        """Return the run `key`, which is of `agent` on this task."""
        return RunSpec(
            key=key,
            orders=partial(self._orders, agent, seed),
            limits=self.task.limits,
            calls=self.loads_solution,
            llm=self.task.llm,
            image=self.task.image,
        )

    def _orders(self, agent: Agent, seed: int) -> tuple[AgentOrder, ...]:
        renaming = self.renaming(seed)
        prompt = renaming.quoted(self.task.prompt) if self.task.answer else self.task.prompt
        drawn = self.drawn_projects(seed)
        shown = drawn[:1] if self.task.answer else drawn  # what is to be run has a hidden twin
        solution = self._solution([renaming.project(files) for files in drawn]) if self.gives_solution else None
        program = program_of(agent.source, self.started_by, self.task.limits.wall_seconds, solution)
        return tuple(AgentOrder(source=program, prompt=prompt, files=renaming.project(files)) for files in shown)

    @property
    def started_by(self) -> str:
        """The protocol by which agents are started."""
        return self.task.protocol or self.protocol

    @property
    def gives_solution(self) -> bool:
        """Whether agents are given the patch that they are asked for, to try themselves out with."""
        return self.includes_solution and self.task.answer == PATCH and self.started_by == AGENT_MAIN

    def _solution(self, projects: Sequence[Mapping[str, bytes]]) -> bytes:
        """Return the patch that makes a project its twin, of the files that may be changed."""
        before, after = (
            {path: content.decode() for path, content in files.items() if may_change(path, self.task.editable)}
            for files in projects
        )
        return diff_of(before, after).encode()

    def shown_files(self, seed: int) -> dict[str, bytes]:
        """Return the files of the workspace as agents see them in this evaluation."""
        return self.renaming(seed).project(self.drawn_projects(seed)[0])

    @property
    def loads_solution(self) -> bool:
        """Whether its checks call an answer's functions, in a sandbox of their own."""
        return any(kind.loads_solution for kind in self.kinds.used(self.fixtures))

    @property
    def sandboxes(self) -> int:
        """How many sandboxes a run needs for its agent."""
        return 2 if self.task.twin and not self.task.answer else 1

    def projects(self) -> list[dict[str, bytes]]:
        """Return the files of the workspace, and of the twin if there is one.

        Raises:
            TaskError: a folder cannot be a workspace.
        """
        named = [name for name in (self.task.workspace, self.task.twin) if name is not None]
        return [read_workspace(self.path.parent / name) for name in named] or [{}]

    def parts(self) -> dict[str, str]:
        """Return the SHA-256 of each part of the task: its prompt, its checks, its limits and so on, by its name."""
        return parts_of(
            self.task,
            self.path,
            projects=self.projects(),
            scenario=read_workspace(self.path.parent / self.task.scenario) if self.task.scenario else {},
            drawn=self.variants().names(),
            kind=self.kind.name,
            protocol=self.started_by,
            gives_solution=self.gives_solution,
        )

    def drawn_projects(self, seed: int) -> list[dict[str, bytes]]:
        """Return the same with this evaluation's variants of statements.

        Raises:
            TaskError: the file of variants is wrong.
        """
        variants = self.variants()
        found = enumerate(self.projects())
        return [variants.drawn(files, self._drawn_by(seed), is_twin=side > 0) for side, files in found]

    def drawn_text(self, text: str, seed: int) -> str:
        """Return a text of the scenario with this evaluation's variants of the symbols in it."""
        return self.variants().filled(text, self._drawn_by(seed)) if self.task.variants else text

    def _drawn_by(self, seed: int) -> str:
        return f"{seed}:{self.id}"

    def variants(self) -> Variants:
        """Return what the task varies beside names."""
        if self.task.variants is None:
            return Variants()
        path = self.path.parent / self.task.variants
        try:
            return Variants.read(path.read_text("utf-8"), self.task.variants)
        except (OSError, UnicodeDecodeError) as error:
            raise TaskError(f"variants {self.task.variants}: cannot be read ({error}); correct the path") from None

    def renaming(self, seed: int) -> Renaming:
        """Return this evaluation's names for what the task renames."""
        more = (self.scenario_files(), {"variants": self.variants().names().encode()})
        return Renaming.of_projects(self.task.rename, self._drawn_by(seed), *self.projects(), *more)

    def scenario_files(self) -> dict[str, bytes]:
        """Return the Solidity of the task's scenario, if it has one, whose names are taken as well."""
        if self.task.scenario is None:
            return {}
        files = read_workspace(self.path.parent / self.task.scenario)
        return {path: content for path, content in files.items() if path.endswith(".sol")}


def _turn_of(item: pytest.Function) -> Turn:
    turn = item.callspec.params[AGENT_FIXTURE]
    assert isinstance(turn, Turn)  # noqa: S101 - our own parameter
    return turn


def _name(item: pytest.Function) -> str:
    owner = f"{item.cls.__name__}." if item.cls is not None else ""
    return f"{owner}{item.originalname}"


def _weight(item: pytest.Function) -> float:
    marker = item.get_closest_marker("weight")
    if marker is None:
        return 1.0
    value = marker.args[0] if len(marker.args) == 1 and not marker.kwargs else None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e9:
        raise TaskError(f"{item.nodeid}: the weight marker takes one positive number, as in weight(2)")
    return float(value)
