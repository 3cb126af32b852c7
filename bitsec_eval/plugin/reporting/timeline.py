"""The timeline of a run, for its author: from the queue to the last check.

Published times are told by how long something took at most, in steps of 1, 2 and 5: an agent sees hidden files and
its solution hidden inputs, and each could otherwise tell them by how long it takes. The validator has exact times.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from math import fsum
from typing import Any

import pytest

from bitsec_eval.core.answers.answer import Answer
from bitsec_eval.plugin.reporting.junit_properties import CHECK, RUN, run_key
from bitsec_eval.render.timeline import at_most
from bitsec_eval.schedule.runs import RunKey, RunResult

Step = Mapping[str, Any]


def public_steps(done: RunResult) -> Iterator[Step]:
    """Yield the same for everybody: rounded up, without moments that an agent chooses, its parts as one."""
    at = at_most(done.waited_seconds)
    yield _step("queue", "queued", 0.0, at)
    if done.reused:
        return
    ran = fsum(answer.seconds for answer in done.answers)
    opened = at_most(max(0.0, done.took_seconds - ran))
    yield _step("run", "started: a sandbox is made ready", at, opened)
    if done.answers:
        yield _step("run", "the agent runs", at + opened, at_most(ran))


def steps_of(done: RunResult) -> Iterator[Step]:
    """Yield what happened up to the answers, in seconds since the run was queued."""
    at = done.waited_seconds
    yield _step("queue", "queued", 0.0, at)
    if done.reused:
        return
    opened = max(0.0, done.took_seconds - fsum(answer.seconds for answer in done.answers))
    yield _step("run", "started: a sandbox is made ready", at, opened)
    at += opened
    for answer, where in zip(done.answers, ("", " on the twin"), strict=False):
        yield from _answered(answer, at, where)
        at += answer.seconds


def _answered(answer: Answer, at: float, where: str) -> Iterator[Step]:
    yield _step("run", f"the agent runs{where}", at, answer.seconds)
    for number, call in enumerate(answer.calls, start=1):
        yield _step("call", f"LLM call {number}{where}", at + call.at_seconds, call.seconds)
    if answer.first_byte_seconds is not None:
        yield _step("moment", f"first byte of the answer{where}", at + answer.first_byte_seconds)
    yield _step("moment", f"{answer.ending}{where}", at + answer.seconds)


def _step(kind: str, what: str, at: float, seconds: float | None = None) -> Step:
    return {
        "kind": kind,
        "what": what,
        "at": round(at, 3),
        "seconds": None if seconds is None else round(seconds, 3),
    }


class CheckTimes:
    """Takes note of how long each check took, in whatever process; `of_run` tells it in the order they were done."""

    def __init__(self) -> None:
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._runs: defaultdict[RunKey, dict[str, float]] = defaultdict(dict)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add up the phases of a check; its last one says which check of which run it is."""
        self._seconds[report.nodeid] += report.duration
        told = {name: value for name, value in report.user_properties if name in (RUN, CHECK)}
        if len(told) == 2:
            key, check = run_key(str(told[RUN])), json.loads(str(told[CHECK]))["check"]
            self._runs[key][check] = at_most(self._seconds.pop(report.nodeid))

    def of_run(self, key: RunKey) -> Mapping[str, float]:
        """Return the most seconds each check of a run took."""
        return self._runs.get(key, {})
