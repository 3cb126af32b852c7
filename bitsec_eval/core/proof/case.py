"""A task's side of a verdict: both projects, the scenario, its own exploit, and what each part took last time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bitsec_eval.core.proof.build import Artifact, Build
from bitsec_eval.core.proof.replay import Step, deploys, recoded, with_code
from bitsec_eval.core.proof.scenario import Scenario
from bitsec_eval.core.proof.verdict import Attack

USE, OWN_ATTACK, WALLET_ATTACK = "use", "own attack", "own attack from a wallet"
"""The parts of a verdict that are the task's own: honest use, and the attack of its own exploit.

The last is made once more from a contract account with the code that honest users' accounts have.
"""


@dataclass(frozen=True, slots=True)
class Recording:
    """A part of a verdict as it went: its steps, what came of each, and what was made of that."""

    steps: Sequence[Step]
    outcomes: Sequence[Any]
    attack: Attack | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofCase:
    """A task's side of a verdict: both projects as built, its scenario and its own exploit, under the run's names.

    `twin` has the interface of the faulty project, whose functions are called on it too; `mended` is the twin's own.
    """

    scenario: type[Scenario]
    faulty: Build
    twin: Build
    mended: Build
    exploit: Artifact
    seed: str
    names: dict[str, str] = field(default_factory=dict)
    recordings: dict[tuple[str, str], Recording] = field(default_factory=dict, repr=False, compare=False)
    """How each part went last time on one of the task's own builds; see `replay`."""

    def called(self, build: Build) -> str:
        """Return what one of the projects is called where a verdict is told."""
        return (
            "mended twin" if build is self.twin else "faulty project" if build is self.faulty else "patched project"
        )

    def recorded(self, part: str, build: Build) -> Recording | None:
        """Return how a part went last time on one of the task's own builds; None for the first time."""
        return self.recordings.get((part, self.called(build)))

    def record(self, part: str, build: Build, recording: Recording) -> None:
        """Keep how a part went on one of the task's own builds; what a patch does is no other patch's."""
        if build is self.faulty or build is self.twin:
            self.recordings[part, self.called(build)] = recording

    def expected(self, part: str, build: Build) -> list[Step]:
        """Return the steps that a part of the task's own probably takes on a build."""
        found = self.recorded(part, build)
        if found is not None:
            return list(found.steps)
        found = self.recorded(part, self.faulty)
        return recoded(found.steps, self.faulty, build) if found else []

    def expected_of(self, exploit: Artifact, build: Build, *, calls: bool) -> list[Step]:
        """Return the steps that an answer's exploit probably takes: those of the task's own, but for its code.

        Where the answer lists `calls` of its own, they end with its deployment.
        """
        steps = self.expected(OWN_ATTACK, build)
        places = [place for place, step in enumerate(steps) if deploys(step, self.exploit.code)]
        if not places or exploit.code is None:
            return []
        place = places[-1]
        following = [] if calls else steps[place + 1 : -1]  # the last one asks what only the task's own can tell
        return [*steps[:place], with_code(steps[place], exploit.code), *following]
