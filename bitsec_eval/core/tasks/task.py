"""`Task`, which a task author writes above the checks: the half of the page that an agent may see."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from bitsec_eval.core.errors import TaskError
from bitsec_eval.core.tasks.image_name import check_image
from bitsec_eval.core.tasks.llm import LLM

PROMPT_BYTES = 120_000
"""A prompt travels as one argument of a process, which the kernel caps at 131,071 bytes."""

EXPLOIT, PATCH = "exploit", "patch"
PROOF_ANSWERS = (EXPLOIT, PATCH)
"""Answers that are judged by running them."""

COMPILERS = ("0.8.26", "0.8.30")
"""The Solidity compilers that patch and exploit tasks may pin."""

CLI, AGENT_MAIN = "cli", "agent_main"
PROTOCOLS = (CLI, AGENT_MAIN)
"""How an agent is started: `python agent.py --task PROMPT`, or by its agent_main(), as at Bitsec and Ridges."""

_IDENTIFIER = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one sandbox may use; every limit is set, there is no "unlimited"."""

    wall_seconds: float = 10.0
    call_seconds: float = 5.0
    memory_mib: int = 256
    cpus: float = 1.0
    pids: int = 64
    output_bytes: int = 1 << 20
    tmp_mib: int = 64

    def __post_init__(self) -> None:
        __tracebackhide__ = True
        for name, most in _MOST.items():
            _check_limit(name, getattr(self, name), most)


_MOST = {
    "wall_seconds": 24 * 3600,
    "call_seconds": 3600,
    "memory_mib": 64 * 1024,
    "cpus": 256,
    "pids": 4096,
    "output_bytes": 64 << 20,
    "tmp_mib": 16 * 1024,
}
_LEAST = {"memory_mib": 16, "cpus": 0.01, "pids": 4}


def _check_limit(name: str, value: object, most: float) -> None:
    __tracebackhide__ = True
    whole = name in {"memory_mib", "pids", "output_bytes", "tmp_mib"}
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        raise TaskError(f"{name} must be {'a whole number' if whole else 'a number'}, got {value!r}")
    least = _LEAST.get(name, 0)
    if not (math.isfinite(value) and 0 < value <= most and value >= least):
        bounds = f"between {least} and {most}" if least else f"positive and at most {most}"
        raise TaskError(f"{name} must be {bounds}, got {value!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task: what the agent is told, what it finds in its working directory, and what it may use.

    `timeout` is the agent's wall clock in seconds and `call_timeout` one call's of its solution.
    `workspace` names a folder beside the test file that is put, read-only, into the agent's working directory.
    `twin` names a second such folder in which the bug is mended: the agent is run on it as well, in a sandbox of its
    own and with no word of which is which.
    `rename` lists identifiers that get new names in workspace and twin, other ones in every evaluation.
    `variants` names a file beside the test file with statements that are drawn anew in every evaluation, in workspace
    and twin alike (`bitsec_eval.core.tasks.variants`).
    `weight` is the task's share of an agent's score.
    `answer` says what the agent is to print where that is judged by running it: "exploit" or "patch". Such a task has
    a workspace, a twin that no agent sees, a `compiler` (a version of Solidity's) and a `scenario`, the folder of
    scenario.py and its Solidity files; a patch may change the `editable` files and what lies in `editable` folders.
    A findings task with `twin`, `compiler` and `scenario` runs the `poc` that a finding brings (`POC_PROMPT`).
    `llm` is how much of the LLM a run may use, where the validator offers one.
    `protocol` says how the agent is started: "cli" (`python agent.py --task PROMPT`, its stdout is the answer) or
    "agent_main" (its function of that name is called, what it returns is the answer); empty as the evaluation says.
    `image` is the sandbox image in which the agent runs and its solution is called, as NAME@sha256:DIGEST; without it
    that is the evaluation's.

    Raises:
        TaskError: a field is wrong; the message names it.
    """

    prompt: str
    timeout: float = 10.0
    weight: float = 1.0
    workspace: str | None = None
    twin: str | None = None
    rename: Iterable[str] = ()
    variants: str | None = None
    answer: str = ""
    compiler: str = ""
    scenario: str | None = None
    editable: Iterable[str] = ("src",)
    memory_mib: int = 256
    cpus: float = 1.0
    pids: int = 64
    output_bytes: int = 1 << 20
    tmp_mib: int = 64
    call_timeout: float = 5.0
    llm: LLM = field(default_factory=LLM)
    protocol: str = ""
    image: str = ""
    limits: Limits = field(init=False, repr=False)

    @property
    def takes_pocs(self) -> bool:
        """Whether a finding of its reports may bring a proof that is run."""
        return not self.answer and self.scenario is not None

    def __post_init__(self) -> None:
        __tracebackhide__ = True
        _check_prompt(self.prompt)
        _check_weight(self.weight)
        _check_folders(self.workspace, self.twin)
        if not isinstance(self.llm, LLM):
            raise TaskError(f"llm must be a bitsec_eval.LLM, as in llm=LLM(calls=10), got {self.llm!r}")
        if self.variants is not None and (self.workspace is None or not isinstance(self.variants, str)):
            raise TaskError(f"variants must name a file beside the test file, of a workspace, got {self.variants!r}")
        _check_proof(self)
        if self.protocol not in ("", *PROTOCOLS):
            kinds = " or ".join(map(repr, PROTOCOLS))
            raise TaskError(f"protocol must be {kinds}, or left out, got {self.protocol!r}")
        check_image(self.image)
        object.__setattr__(self, "rename", _checked_names(self.rename, self.workspace))
        object.__setattr__(self, "limits", self._limits())

    def _limits(self) -> Limits:
        __tracebackhide__ = True
        for name in ("timeout", "call_timeout"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
                raise TaskError(f"{name} must be positive seconds, got {value!r}")
        return Limits(
            wall_seconds=self.timeout,
            call_seconds=self.call_timeout,
            memory_mib=self.memory_mib,
            cpus=self.cpus,
            pids=self.pids,
            output_bytes=self.output_bytes,
            tmp_mib=self.tmp_mib,
        )


def _check_prompt(prompt: object) -> None:
    __tracebackhide__ = True
    if not isinstance(prompt, str) or not prompt.strip():
        raise TaskError(f"prompt must be a text that says what to do, got {prompt!r}")
    if "\0" in prompt:
        raise TaskError("prompt holds a NUL character, which no process can be given; remove it")
    try:
        size = len(prompt.encode())
    except UnicodeEncodeError as error:
        raise TaskError(f"prompt holds a lone surrogate at character {error.start}; remove it") from None
    if size > PROMPT_BYTES:
        raise TaskError(f"prompt is {size} bytes, the most is {PROMPT_BYTES}; put long material into a workspace")


def _check_weight(weight: object) -> None:
    __tracebackhide__ = True
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 < weight < math.inf:
        raise TaskError(f"weight must be a positive number, got {weight!r}")


def _check_folders(workspace: object, twin: object) -> None:
    __tracebackhide__ = True
    for name, folder in (("workspace", workspace), ("twin", twin)):
        if folder is not None and (not isinstance(folder, str) or not folder.strip("/.")):
            raise TaskError(f"{name} must name a folder beside the test file, got {folder!r}")
    if twin is not None and workspace is None:
        raise TaskError(f"twin {twin!r} has no workspace to be the twin of; give workspace= too")


def _check_proof(task: Task) -> None:
    __tracebackhide__ = True
    kinds = ", ".join(map(repr, PROOF_ANSWERS))
    if task.answer not in ("", *PROOF_ANSWERS):
        raise TaskError(f"answer must be one of {kinds}, or left out, got {task.answer!r}")
    if not task.answer:
        if not task.compiler and task.scenario is None:
            return
        if task.twin is None:
            words = f"compiler and scenario are for tasks with answer= one of {kinds}, or for findings with a twin"
            raise TaskError(f"{words}; give answer= or twin= too")
    if task.compiler not in COMPILERS:
        raise TaskError(f"compiler must be one of {', '.join(COMPILERS)}, got {task.compiler!r}")
    for name in ("workspace", "twin", "scenario"):
        if not isinstance(getattr(task, name), str):
            which = f"answer={task.answer!r}" if task.answer else "compiler="
            raise TaskError(f"a task with {which} needs {name}=, a folder beside the test file")
    editable = (task.editable,) if isinstance(task.editable, str) else tuple(task.editable)
    if not editable or not all(isinstance(each, str) and each.strip("/.") for each in editable):
        raise TaskError(f"editable must list files or folders of the workspace, got {task.editable!r}")
    object.__setattr__(task, "editable", tuple(each.strip("/") for each in editable))


def _checked_names(names: object, workspace: object) -> tuple[str, ...]:
    __tracebackhide__ = True
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise TaskError(f"rename must list identifiers, got {names!r}")
    listed = tuple(names)
    for name in listed:
        if not isinstance(name, str) or not _IDENTIFIER.match(name):
            raise TaskError(f"rename must list identifiers, got {name!r}")
    if listed and workspace is None:
        raise TaskError("rename has no workspace to rename in; give workspace= too")
    return listed
