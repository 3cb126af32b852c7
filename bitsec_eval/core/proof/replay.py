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
    """A `Machine` for one chain, whose first steps are expected to be `expected`.

    `outcomes`, where given, are what came of these a moment ago on a chain that may be another's by now.
    `done` and `came` hold every step that was asked for and what came of it.
    """

    def __init__(
        self, machine: Machine, expected: Sequence[Step] = (), outcomes: Sequence[Any] | None = None
    ) -> None:
        self._machine = machine
        self._expected = expected
        self._outcomes = outcomes
        self._is_there = False
        """Whether the machine's chain is where the expected steps have left it."""
        self._live = not expected
        self.done: list[Step] = []
        self.came: list[Any] = []

    def run(self, steps: Sequence[Sequence[object]]) -> list[Any]:
        """See `Machine.run`."""
        return [self._step(list(step)) for step in steps]

    def _step(self, step: Step) -> Any:
        outcome = self._one(step) if self._live else self._expected_one(step)
        self.done.append(step)
        self.came.append(outcome)
        return outcome

    def _expected_one(self, step: Step) -> Any:
        place = len(self.done)
        if place < len(self._expected) and self._expected[place] == step:
            if self._outcomes is None:
                self._outcomes, self._is_there = run_all(self._machine, self._expected), True
            return self._outcomes[place]
        self._live = True
        if place and not (self._is_there and place == len(self._expected)):
            run_all(self._machine, self.done)
        return self._one(step)

    def _one(self, step: Step) -> Any:
        return run_all(self._machine, [step])[0]


def run_all(machine: Machine, steps: Sequence[Step]) -> list[Any]:
    """Return what came of each step.

    Raises:
        ValueFault: the machine told of more or fewer.
    """
    outcomes = machine.run(steps)
    if not isinstance(outcomes, list) or len(outcomes) != len(steps):
        raise ValueFault("no outcome of a step")
    return outcomes


def deploys(step: Step, code: bytes | None) -> bool:
    """Return whether a step deploys this code, without arguments."""
    return bool(step[0] == DEPLOY and step[CODE] == code)


def with_code(step: Step, code: bytes) -> Step:
    """Return a step that deploys other code."""
    return [*step[:CODE], code, *step[CODE + 1 :]]


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
    return with_code(step, changed[code] + data[len(code) :]) if code else step
