"""The seam to answers of earlier evaluations: a schedule asks it before a run, and tells it what came of one."""

from typing import Protocol

from bitsec_eval.schedule.work import Done, Work


class Memory(Protocol):
    """What is known of runs; called from many threads at once."""

    def recall(self, work: Work) -> Done | None:
        """Return what came of this very run earlier, or None where it must be done."""

    def keep(self, work: Work, done: Done) -> None:
        """Take note of what came of a run."""


class NoMemory:
    """Knows nothing and keeps nothing."""

    def recall(self, work: Work) -> Done | None:  # noqa: ARG002 - as the Protocol has it
        return None

    def keep(self, work: Work, done: Done) -> None:
        """Forget it."""
