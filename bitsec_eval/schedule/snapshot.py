"""How far a schedule has got, as a value."""

from dataclasses import dataclass

from bitsec_eval.schedule.work import RunKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A run that goes on: for how many seconds, and how many its agent has."""

    key: RunKey
    seconds: float
    limit_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The runs that go on, longest first, and how many are done; `void` and `reused` are among `done`."""

    running: tuple[Running, ...] = ()
    done: int = 0
    void: int = 0
    reused: int = 0
    seconds: float = 0.0
