"""The files of a task whose answers are run: both projects, the scenario, and what of them becomes a `ProofCase`."""

import hashlib
import importlib.util
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

from bitsec_eval.core.errors import AnswerFault, TaskError
from bitsec_eval.core.proof.build import Build, compiler_input, read_build
from bitsec_eval.core.proof.case import ProofCase
from bitsec_eval.core.proof.poc import behind_neutral_entry
from bitsec_eval.core.proof.scenario import Scenario
from bitsec_eval.core.text import one_line
from bitsec_eval.plugin.collection.tasks import CollectedTask
from bitsec_eval.sandbox.evm.places import EvmSandboxes

SCENARIO_FILE = "scenario.py"
EXPLOIT, POC = "Exploit", "Poc"
REACHED = "reached"
"""What the task's own exploits call that they came as far as the attack: under its own name a patch could ask for it,
and so turn them away by it."""

_OTHERS = {"exploit": POC, "patch": POC, "": EXPLOIT}
"""Which of the scenario's own exploits a task has no use for, by the kind of its answers."""


def scenario_of(folder: Path) -> type[Scenario]:
    """Return the scenario that scenario.py in `folder` defines; the file is run once, in this process.

    Raises:
        TaskError: it is not there, fails, or defines no scenario or several.
    """
    return _loaded(folder.resolve())


@cache
def _loaded(folder: Path) -> type[Scenario]:
    path = folder / SCENARIO_FILE
    spec = importlib.util.spec_from_file_location(f"bitsec_scenario_{folder.name}", path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise TaskError(f"no {path}; write the task's scenario there")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise TaskError(f"{path}: {one_line(f'{type(error).__name__}: {error}')}") from error
    found: list[type[Scenario]] = [each for each in vars(module).values() if _is_scenario(each)]
    found = [each for each in found if each.__module__ == module.__name__]
    if len(found) != 1:
        raise TaskError(f"{path} defines {len(found) or 'no'} subclasses of Scenario; it takes one")
    return found[0]


def _is_scenario(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Scenario)


def scenario_sources(task: CollectedTask) -> dict[str, str]:
    """Return the scenario's Solidity files by path, the ones that every scenario has among them."""
    other = _OTHERS[task.task.answer]
    paths = [path for path in sorted(_folder(task).glob("*.sol")) if path.stem != other]
    return {**_support(), **{f"scenario/{path.name}": path.read_text() for path in paths}}


@cache
def _support() -> Mapping[str, str]:
    folder = files("bitsec_eval.core.proof").joinpath("support")
    return {f"scenario/{each.name}": each.read_text() for each in folder.iterdir() if each.name.endswith(".sol")}


def _folder(task: CollectedTask) -> Path:
    assert task.task.scenario is not None  # noqa: S101 - such a task has one
    return task.path.parent / task.task.scenario


class CaseFiles:
    """The sources of a task under the names of a run."""

    def __init__(self, task: CollectedTask, seed: int) -> None:
        self._task = task
        self._seed = seed
        self._case: ProofCase | None = None
        self._renaming = renaming = task.renaming(seed)
        self.path = task.path
        self.kind = task.task.answer
        scenario = scenario_of(_folder(task))
        self.scenario = scenario if self.kind else behind_neutral_entry(scenario)
        self.version = task.task.compiler
        self.project, self.twin = (_texts(renaming.project(files)) for files in task.drawn_projects(seed)[:2])
        self._reached = REACHED + hashlib.sha256(f"{seed}:{task.id}".encode()).hexdigest()[:8]
        self.support = {
            path: self._own_names(path, renaming.apply(task.drawn_text(text, seed)))
            for path, text in scenario_sources(task).items()
        }
        self.editable = tuple(map(renaming.path, task.task.editable))

    def _own_names(self, path: str, text: str) -> str:
        is_exploit = Path(path).stem in (EXPLOIT, POC)
        return re.sub(rf"\b{REACHED}\b", self._reached, text) if is_exploit else text

    def case(self, places: EvmSandboxes) -> ProofCase:
        """Return the case, compiled once.

        Raises:
            TaskError: something of it does not compile, or there is no exploit among it.
            SandboxError: the compiler's sandbox failed.
        """
        if self._case is None:
            self._case = self._compiled(places)
        return self._case

    def _compiled(self, places: EvmSandboxes) -> ProofCase:
        build = self._built(places, {**solidity(self.project), **self.support}, "the faulty project and its scenario")
        twin = self._built(places, solidity(self.twin), "the mended twin")
        own = EXPLOIT if self.kind else POC
        try:
            exploit = build.named(own)
        except LookupError as error:
            raise TaskError(f"{self._task.id}: {error}; the scenario needs a file {own}.sol") from None
        return ProofCase(
            scenario=self.scenario,
            faulty=build,
            twin=self.with_code_of(build, twin),
            mended=twin,
            exploit=exploit,
            seed=f"{self._seed}:{self._task.id}",
            names={**self._renaming.new, REACHED: self._reached},
        )

    def original(self, name: str) -> str:
        """Return the task's own words for "Contract.function" of the run."""
        old = {new: old for old, new in self._renaming.new.items()}
        return ".".join(old.get(part, part) for part in name.split("."))

    def with_code_of(self, build: Build, other: Build) -> Build:
        """Return `build`, whose project, but not whose scenario, has the code of another one."""
        return build.with_code_of(other, solidity(self.project))

    def _built(self, places: EvmSandboxes, sources: Mapping[str, str], what: str) -> Build:
        output = places.compile_task(self.version, compiler_input(sources))
        try:
            return read_build(output)
        except AnswerFault as fault:
            raise TaskError(f"{self._task.id}: {what}: {fault}") from None


def _texts(project: Mapping[str, bytes]) -> dict[str, str]:
    return {path: content.decode("utf-8", "replace") for path, content in project.items()}


def solidity(project: Mapping[str, str]) -> dict[str, str]:
    """Return the Solidity files among a project's."""
    return {path: text for path, text in project.items() if path.endswith(".sol")}
