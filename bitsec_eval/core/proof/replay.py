"""Sends the steps of a scenario all at once where they are known from an earlier time, instead of one by one.

A scenario is deterministic: its seed, its contracts and so its steps are the same for every answer, up to where the
answer comes into play. Everything is run anew each time; what is saved is the wait for a sandbox between two steps.
Where the scenario turns out to do something else than last time, the chain is made again as far as it was the same
and goes on step by step; so a wrong guess costs time and changes nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bitsec_eval.core.answers.values import ValueFault
from bitsec_eval.core.proof.build import Build
from bitsec_eval.core.proof.machine import Machine

Step = list[Any]
DEPLOY, CODE = "deploy", 3
"""The step that deploys, and where in it the code stands."""


class Replay:
    """A `Machine` for one chain, whose first steps are expected to be `expected`."""

    def __init__(self, machine: Machine, expected: Sequence[Step] = ()) -> None:
        self._machine = machine
        self._expected = expected
        self._outcomes: list[Any] | None = None
        self._live = not expected
        self.done: list[Step] = []

    def run(self, steps: Sequence[Sequence[object]]) -> list[Any]:
        """See `Machine.run`."""
        return [self._step(list(step)) for step in steps]

    def _step(self, step: Step) -> Any:
        outcome = self._one(step) if self._live else self._expected_one(step)
        self.done.append(step)
        return outcome

    def _expected_one(self, step: Step) -> Any:
        place = len(self.done)
        if place < len(self._expected) and self._expected[place] == step:
            if self._outcomes is None:
                self._outcomes = self._all(self._expected)
            return self._outcomes[place]
        self._live = True
        if self._outcomes is not None and place < len(self._expected):
            self._all(self.done)
        return self._one(step)

    def _one(self, step: Step) -> Any:
        return self._all([step])[0]

    def _all(self, steps: Sequence[Step]) -> list[Any]:
        outcomes = self._machine.run(steps)
        if not isinstance(outcomes, list) or len(outcomes) != len(steps):
            raise ValueFault("no outcome of a step")
        return outcomes


def recoded(steps: Sequence[Step], old: Build, new: Build) -> list[Step]:
    """Return steps in which every contract of `old` that is deployed has its code of `new`."""
    changed = {
        artifact.code: other.code
        for key, artifact in old.artifacts.items()
        if artifact.code and (other := new.artifacts.get(key)) and other.code and other.code != artifact.code
    }
    return [_recoded(step, changed) for step in steps]


def _recoded(step: Step, changed: Mapping[bytes, bytes]) -> Step:
    if step[0] != DEPLOY:
        return step
    data = step[CODE]
    code = max((code for code in changed if data.startswith(code)), key=len, default=b"")
    return [*step[:CODE], changed[code] + data[len(code) :], *step[CODE + 1 :]] if code else step
