"""A snapshot of a schedule, as a value."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bitsec_eval.schedule.runs import RunKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A run that goes on: for how many seconds its agent has run, 0 before its sandbox is ready, and may run.

    `engine` names the engine its sandbox is on; it is empty where there is only one.
    """

    key: RunKey
    seconds: float
    limit_seconds: float
    engine: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The runs of one task: how many are done, and how many seconds the `timed` ones took, those not reused."""

    done: int = 0
    timed: int = 0
    seconds: float = 0.0

    def __add__(self, other: "Pace") -> "Pace":
        return Pace(done=self.done + other.done, timed=self.timed + other.timed, seconds=self.seconds + other.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The runs that go on, longest first, and those done by their tasks; `void` and `reused` are among them.

    `elapsed_seconds` is how long it is since the first one began; `waits_for` names the evaluation on the same
    machine that this one waits for, "" if none.
    """

    running: tuple[Running, ...] = ()
    tasks: Mapping[str, Pace] = field(default_factory=dict)
    void: int = 0
    reused: int = 0
    elapsed_seconds: float = 0.0
    waits_for: str = ""

    @property
    def done(self) -> int:
        """How many runs are done."""
        return sum(pace.done for pace in self.tasks.values())
