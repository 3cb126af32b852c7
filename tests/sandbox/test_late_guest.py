"""A guest whose end was not heard of in time: late, or ended in time behind a flood of its own; seldom ours."""

import time
from dataclasses import dataclass, field

import pytest
from sandbox.sessions import answer_of

from bitsec_eval.core.answers.answer import Answer, Ending
from bitsec_eval.core.answers.values import dumps
from bitsec_eval.core.errors import SandboxError, UnprovenError
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.api import Frame, FrameKind, Sandbox
from bitsec_eval.sandbox.docker.engine import seconds_between
from bitsec_eval.sandbox.execution import agent_run
from bitsec_eval.sandbox.execution.agent_run import AgentOrder, run_agent

SECONDS = 0.3
EXIT = Frame(FrameKind.EXITED, dumps({"status": 0}))


@dataclass
class Guest:
    """A session whose guest has begun; `held_up` is what comes only after its time is up."""

    held_up: list[Frame | Ending]
    ended_after: float | None
    error: SandboxError | None = None
    begun: float = field(default_factory=time.monotonic)
    first: list[Frame] = field(default_factory=lambda: [Frame(FrameKind.BEGUN, b"")])

    def send(self, kind: str, payload: bytes = b"") -> None:
        """Take anything."""

    def receive(self, deadline: float) -> Frame | Ending:
        if self.first:
            self.begun = time.monotonic()
            return self.first.pop()
        if time.monotonic() < self.begun + SECONDS:
            time.sleep(max(0.0, deadline - time.monotonic()))
            return Ending.TIMED_OUT
        return self.held_up.pop(0) if self.held_up else Ending.TIMED_OUT

    def ended_at(self) -> float | None:
        if self.error is not None:
            raise self.error
        return None if self.ended_after is None else self.begun + self.ended_after


def answer(guest: Guest) -> Answer:
    order = AgentOrder(source=b"", prompt="", files={})
    return run_agent(guest, order, Limits(wall_seconds=SECONDS))  # type: ignore[arg-type]


FLOOD = [Frame(FrameKind.STDERR, b"x")] * 500


@pytest.mark.parametrize(
    ("guest", "ending"),
    [
        (Guest([*FLOOD, EXIT], ended_after=SECONDS - 0.1), Ending.EXITED),
        (Guest([*FLOOD, EXIT], ended_after=SECONDS + 0.1), Ending.TIMED_OUT),
        (Guest([*FLOOD, Ending.CRASHED], ended_after=SECONDS - 0.1), Ending.CRASHED),
        (Guest([*FLOOD, Ending.TOO_LOUD], ended_after=SECONDS - 0.1), Ending.TOO_LOUD),
        (Guest(FLOOD * 3, ended_after=None), Ending.TIMED_OUT),
        (Guest([], ended_after=None), Ending.TIMED_OUT),
    ],
    ids=["in time", "late", "crashed in time", "too loud", "floods and runs", "runs"],
)
def test_a_flood_before_its_end_makes_no_run_void(guest: Guest, ending: Ending):
    assert answer(guest).ending is ending


def test_an_end_that_the_engine_knows_and_does_not_pass_on_is_ours():
    with pytest.raises(SandboxError, match="the engine kept back how a sandbox ended") as kept_back:
        answer(Guest(FLOOD[:3], ended_after=0.1))

    assert not isinstance(kept_back.value, UnprovenError)


def test_an_engine_that_cannot_be_asked_is_ours():
    gone = SandboxError("could not inspect a container")

    with pytest.raises(SandboxError, match="could not inspect a container"):
        answer(Guest([], ended_after=None, error=gone))


FLOODING = """
import os, time
end = time.monotonic() + SECONDS
while time.monotonic() < end:
    os.write(2, b"x")
"""


def test_a_guest_that_floods_until_just_before_its_time_is_up_has_ended_by_itself(sandbox: Sandbox):
    limits = Limits(wall_seconds=3)

    told = answer_of(sandbox, FLOODING.replace("SECONDS", "2.8"), limits=limits)

    assert told.ending in (Ending.EXITED, Ending.TIMED_OUT)  # a busy machine may start it late


def test_a_guest_that_floods_beyond_its_time_is_late(sandbox: Sandbox):
    assert answer_of(sandbox, FLOODING.replace("SECONDS", "30"), limits=Limits(wall_seconds=1.5)).ending in (
        Ending.TIMED_OUT,
        Ending.TOO_LOUD,
    )


def test_small_writes_leave_in_few_frames(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch):
    frames: list[int] = []

    class Counting(agent_run._Listening):
        def _hear(self, heard: Frame | Ending) -> Ending | None:
            frames.append(1)
            return super()._hear(heard)

    monkeypatch.setattr(agent_run, "_Listening", Counting)
    source = "import os\nfor n in range(20000):\n    os.write(1 + n % 2, b'x')\n"

    told = answer_of(sandbox, source, limits=Limits(wall_seconds=60))

    assert (told.ending, len(told.stdout), len(told.stderr)) == (Ending.EXITED, 10000, 10000)
    assert len(frames) < 10 + 2 * told.seconds / 0.01


def test_the_first_byte_is_not_held_back(sandbox: Sandbox):
    source = "import os, time\nos.write(1, b'a')\nos.write(1, b'b')\ntime.sleep(1.5)\nos.write(1, b'c')\n"

    told = answer_of(sandbox, source)

    assert told.text == "abc"
    assert told.first_byte_seconds is not None
    assert told.first_byte_seconds < told.seconds - 1


def test_the_engines_times_are_read():
    assert seconds_between("2026-03-01T10:00:00.123456789Z", "2026-03-01T10:00:01.623456789Z") == 1.5
    assert seconds_between("2026-03-01T10:00:00Z", "2026-03-01T11:00:01+01:00") == 1.0
    with pytest.raises(SandboxError, match="the engine's times cannot be read: soon never"):
        seconds_between("soon", "never")
