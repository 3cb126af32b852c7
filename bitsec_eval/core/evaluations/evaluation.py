"""The values that junit is read into and a leaderboard is computed from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bitsec_eval.core.evaluations.stages import Screen, Stop
from bitsec_eval.core.usage import Usage


class Outcome(StrEnum):
    """How a check ended: an error is ours and voids the run, a failure is the agent's and costs points."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"


_SEVERITY = {Outcome.PASSED: 0, Outcome.FAILED: 1, Outcome.ERROR: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check of a run: its name, outcome and weight, and a reason its agent's author may read."""

    name: str
    outcome: Outcome
    weight: float = 1
    reason: str = ""

    def worse(self, other: "Check") -> "Check":
        """Return the worse of two tellings of one check: error before failed before passed.

        Among equals the choice depends on the values alone, so any order of tellings gives the same answer.
        """
        return max(self, other, key=lambda check: (_SEVERITY[check.outcome], check.reason, check.weight))


def outcomes_of(checks: Iterable[Check]) -> dict[str, str]:
    """Return the outcome of each check by its name, in words."""
    return {check.name: check.outcome.value for check in checks}


def weights_of(checks: Iterable[Check]) -> dict[str, float]:
    """Return the weight of each check by its name: its share of the run's points is that of their sum."""
    return {check.name: check.weight for check in checks}


def reasons_of(checks: Iterable[Check]) -> dict[str, str]:
    """Return the reason of each check that has one, by its name."""
    return {check.name: check.reason for check in checks if check.reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One agent on one task, once; `checks` are in order of their names and may be fewer than declared.

    `usage` is what it used of the LLM, None where none was offered.
    `print` is what is kept of its answer for comparison with others', see `core.behaviour`; "" for none.
    `origin` names the evaluation whose answers were checked again, "" where the run was done in this one.
    """

    agent: str
    task: str
    repeat: int = 0
    checks: tuple[Check, ...] = ()
    declared_checks: int
    declared_weight: float
    task_weight: float = 1
    ending: str | None = None
    seconds: float | None = None
    attempts: int = 1
    origin: str = ""
    usage: Usage | None = None
    print: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTask:
    """A task as an evaluation set out to run it.

    `digest` is that of all that makes it, `parts` are those of its prompt, its checks, its limits and so on by name.
    """

    weight: float = 1
    checks: int
    declared_weight: float
    kind: str = ""
    digest: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an evaluation set out to do: every agent here was to be run on every task here, `repeats` times.

    `submitted` says when agents were handed in, where that is known.
    `at_least`, `baseline`, `half_life` and `tiebreak` are what `leaderboard` takes by these names.
    `llm` is the LLM's mode, `models` are the models agents may ask, each with its price as a text, and `judge` is who
    decides on findings. `pocs` says whether proofs of findings were run, "" where no task takes them. `image` is what
    sandboxes hold and `engine` what opens them, with versions.
    `left_out` names tasks that were there and not run: deselected, ignored, or written wrongly.
    `screen` and `prune` (a rank) say which agents were to be stopped, and `stopped` which were: what is missing of
    them was not spent.
    """

    started: datetime | None = None
    version: str = ""
    seed: int | None = None
    emission: str | None = None
    rewards: str | None = None
    tiebreak: str | None = None
    image: str = ""
    engine: str = ""
    llm: str = ""
    models: Mapping[str, str] = field(default_factory=dict)
    judge: str = ""
    pocs: str = ""
    repeats: int = 1
    at_least: int | None = None
    baseline: float | None = None
    half_life: float | None = None
    agents: Mapping[str, str] = field(default_factory=dict)
    submitted: Mapping[str, datetime] = field(default_factory=dict)
    tasks: Mapping[str, PlannedTask] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    screen: Screen | None = None
    prune: int | None = None
    stopped: Mapping[str, Stop] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """One evaluation: its plan (None where the file had none) and the runs it got to, in any order."""

    id: str
    plan: Plan | None = None
    runs: tuple[Run, ...] = ()

    @property
    def age_key(self) -> tuple[float, str]:
        """Orders evaluations from the oldest to the latest, the same way whatever order they come in."""
        started = self.plan.started if self.plan else None
        return (started.timestamp() if started else float("-inf"), self.id)
