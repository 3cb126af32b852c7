"""The seam to answers of earlier evaluations: a schedule asks it before a run, and tells it what came of one."""

from typing import Protocol

from bitsec_eval.schedule.runs import RunResult, RunSpec


class AnswerCache(Protocol):
    """What is known of runs; called from many threads at once."""

    def recall(self, work: RunSpec) -> RunResult | None:
        """Return what came of this very run earlier, or None where it must be done."""

    def keep(self, work: RunSpec, done: RunResult) -> None:
        """Take note of what came of a run."""


class NoCache:
    """Knows nothing and keeps nothing."""

    def recall(self, work: RunSpec) -> RunResult | None:  # noqa: ARG002 - as the Protocol has it
        return None

    def keep(self, work: RunSpec, done: RunResult) -> None:
        """Forget it."""
