"""In which order an evaluation uses a machine: agents and then checks, or both at once."""

from enum import StrEnum
from threading import Event
from typing import Protocol


class RunOrder(StrEnum):
    """With `AGENTS_FIRST` no agent runs while a sandbox holds a hidden input; `INTERLEAVED` is as fast as can be."""

    AGENTS_FIRST = "agents-first"
    INTERLEAVED = "interleaved"


class MachineUse(StrEnum):
    """What has a machine: agents, or the checks of answers, whose sandboxes hold hidden inputs."""

    AGENTS = "agents"
    CHECKS = "checks"


class SharedMachine(Protocol):
    """Whatever keeps the evaluations of one machine from having agents and checks at the same time."""

    @property
    def waits_for(self) -> str:
        """For whom this evaluation waits at the moment, in words; "" where it waits for nobody."""

    def take(self, turn: MachineUse, stopped: Event) -> None:
        """Wait until nobody on this machine has the other turn, then hold this one; give up once `stopped` is set."""

    def get_on(self, stopped: Event) -> None:
        """Say that work goes on; where the turn has passed on meanwhile, wait for it anew."""

    def leave(self) -> None:
        """Hold none."""


class OwnMachine:
    """A machine that nobody else uses."""

    waits_for = ""

    def take(self, turn: MachineUse, stopped: Event) -> None:
        """Take it at once."""

    def get_on(self, stopped: Event) -> None:
        """Nobody needs to know."""

    def leave(self) -> None:
        """Leave it."""
