"""A clock that stands still means a sandbox that stands still, and no longer than the agent's own time."""

import time
from collections.abc import Callable, Mapping

import pytest

from bitsec_eval.core.answers.answer import Answer, Ending
from bitsec_eval.core.errors import InferenceError
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.api import Sandbox
from bitsec_eval.sandbox.execution.agent_run import AgentOrder, run_agent

COUNTING = """
import sys, time
last, steps = time.monotonic(), 0
while steps < STEPS:
    time.sleep(0.05)
    now = time.monotonic()
    if now - last > 0.7:
        print("stood still", flush=True)
    last, steps = now, steps + 1
print("done")
"""


class HeldUp:
    """A way to an LLM on which nobody asks anything, and whose agent is held up from one moment to another."""

    request_bytes = 1000
    failure = None
    environment: Mapping[str, str] = {}

    def __init__(self, after: float, until: float) -> None:
        self._after = after
        self._until = until
        self._began: float | None = None

    @property
    def _passed(self) -> float:
        now = time.monotonic()
        self._began = self._began or now
        return now - self._began

    @property
    def is_held_up(self) -> bool:
        return self._after < self._passed < self._until

    @property
    def excluded_seconds(self) -> float:
        return min(max(0.0, self._passed - self._after), self._until - self._after)

    def ask(self, question: object, reply: Callable[..., None]) -> None:
        raise AssertionError

    def close(self) -> None:
        """Nothing was open."""

    def usage(self) -> None:
        return None


def ran(sandbox: Sandbox, steps: int, line: HeldUp, limits: Limits) -> Answer:
    source = COUNTING.replace("STEPS", str(steps)).encode()
    with sandbox.open(limits) as session:
        return run_agent(session, AgentOrder(source=source, prompt="", files={}), limits, line)


def test_an_agent_whose_clock_stands_still_does_nothing_meanwhile(sandbox: Sandbox):
    answer = ran(sandbox, 60, HeldUp(1.0, 3.5), Limits(wall_seconds=30))

    assert answer.text == "stood still\ndone\n", answer
    assert answer.seconds > 5


def test_an_agent_that_is_held_up_is_given_that_time_back(sandbox: Sandbox):
    answer = ran(sandbox, 50, HeldUp(0.5, 4.5), Limits(wall_seconds=5))

    assert (answer.ending, answer.text) == (Ending.EXITED, "stood still\ndone\n")


def test_no_clock_stands_still_for_longer_than_the_agents_own_time(sandbox: Sandbox):
    started = time.monotonic()
    with pytest.raises(InferenceError, match="held up an agent for longer than its task's timeout"):
        ran(sandbox, 10_000, HeldUp(0.2, 1e9), Limits(wall_seconds=1.5))

    assert 2.9 < time.monotonic() - started < 12


def test_a_sandbox_that_is_frozen_is_removed_all_the_same(sandbox: Sandbox):
    started = time.monotonic()
    with sandbox.open(Limits()) as session:
        session.pause()

    assert time.monotonic() - started < 15


@pytest.mark.parametrize("times", [1, 2])
def test_a_guest_answers_again_when_it_is_resumed(sandbox: Sandbox, times: int):
    with sandbox.open(Limits()) as session:
        for _ in range(times):
            session.pause()
            session.resume()
        order = AgentOrder(source=b"print(1)", prompt="", files={})

        assert run_agent(session, order, Limits()).text == "1\n"
