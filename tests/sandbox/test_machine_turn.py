"""Validators of one machine have agents or checks on it, never both at once, and each gets its turn."""

import multiprocessing
import os
import signal
import threading
import time
from multiprocessing.synchronize import Event as ProcessEvent
from pathlib import Path

import pytest

from bitsec_eval.sandbox.machine_turn import MachineTurn, claims

NEVER = threading.Event()
AGENTS, CHECKS = "testagents", "testchecks"
"""Turns of these tests: evaluations that happen to run beside them have others."""


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the claims of these tests only."""
    monkeypatch.setattr(
        "bitsec_eval.sandbox.machine_turn.claims", lambda: [each for each in claims() if each.turn.startswith("test")]
    )


def in_time(turn: MachineTurn, name: str, seconds: float) -> bool:
    stopped = threading.Event()
    timer = threading.Timer(seconds, stopped.set)
    timer.start()
    turn.take(name, stopped)
    timer.cancel()
    return not stopped.is_set()


def test_who_wants_the_same_goes_together_and_who_does_not_waits():
    one, other, third = MachineTurn(), MachineTurn(), MachineTurn()
    one.take(AGENTS, NEVER)

    assert in_time(other, AGENTS, 5)
    assert not in_time(third, CHECKS, 0.4)
    one.leave()
    assert not in_time(third, CHECKS, 0.4)
    other.leave()
    assert in_time(third, CHECKS, 5)
    third.leave()
    assert [each for each in claims() if each.turn in (AGENTS, CHECKS)] == []


def test_who_has_waited_longer_is_not_overtaken():
    agents, checks, late = MachineTurn(), MachineTurn(), MachineTurn()
    agents.take(AGENTS, NEVER)
    order: list[str] = []

    def wait(turn: MachineTurn, name: str) -> None:
        turn.take(name, NEVER)
        order.append(name)
        time.sleep(0.2)
        turn.leave()

    first = threading.Thread(target=wait, args=(checks, CHECKS))
    first.start()
    while not checks.waits:
        time.sleep(0.01)
    second = threading.Thread(target=wait, args=(late, AGENTS))
    second.start()
    time.sleep(0.3)
    assert order == []
    agents.leave()
    first.join()
    second.join()

    assert order == [CHECKS, AGENTS]


def test_the_same_turn_is_held_on_and_another_is_waited_for():
    turn = MachineTurn()
    turn.take(AGENTS, NEVER)
    since = [each.since for each in claims() if each.turn == AGENTS]
    turn.take(AGENTS, NEVER)
    assert [each.since for each in claims() if each.turn == AGENTS] == since

    turn.take(CHECKS, NEVER)
    assert [each.state for each in claims() if each.turn in (AGENTS, CHECKS)] == ["holds"]
    turn.leave()


def _hold(turn: str, taken: ProcessEvent) -> None:
    MachineTurn().take(turn, threading.Event())
    held = MachineTurn()
    held.take(turn, threading.Event())
    taken.set()
    time.sleep(60)


def test_a_turn_ends_with_its_process():
    context = multiprocessing.get_context("fork")
    taken = context.Event()
    holder = context.Process(target=_hold, args=(AGENTS, taken))
    holder.start()
    assert taken.wait(20)
    mine = MachineTurn()
    assert not in_time(mine, CHECKS, 0.3)

    assert holder.pid is not None
    os.kill(holder.pid, signal.SIGKILL)
    holder.join()

    assert in_time(mine, CHECKS, 5)
    mine.leave()


def _contend(number: int, log: str, rounds: int) -> None:
    for each in range(rounds):
        name = (AGENTS, CHECKS)[(number + each) % 2]
        turn = MachineTurn()
        turn.take(name, threading.Event())
        with Path(log).open("a", encoding="ascii", buffering=1) as file:
            file.write(f"+{name}\n")
            time.sleep(0.01)
            file.write(f"-{name}\n")
        turn.leave()


def test_nobody_has_both_at_once_however_many_contend(tmp_path):
    log = str(tmp_path / "log")
    context = multiprocessing.get_context("fork")
    contenders = [context.Process(target=_contend, args=(number, log, 12)) for number in range(5)]
    for each in contenders:
        each.start()
    for each in contenders:
        each.join(90)
        assert each.exitcode == 0

    inside: list[str] = []
    for line in (tmp_path / "log").read_text().splitlines():
        if line[0] == "+":
            inside.append(line[1:])
        else:
            inside.remove(line[1:])
        assert len(set(inside)) <= 1
