"""Validators of one machine have agents or checks on it, never both at once, and each gets its turn."""

import multiprocessing
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event as ProcessEvent
from pathlib import Path

import pytest

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.sandbox.machine_turn import MachineTurn
from bitsec_eval.sandbox.turn_claims import STILL_SECONDS, TurnClaim, TurnOwner, turn_group
from bitsec_eval.sandbox.turn_claims import listed as listed_in

NEVER = threading.Event()
AGENTS, CHECKS = "agents", "checks"
GROUP = f"turns-{os.getpid()}"
"""Evaluations that happen to run beside these tests have other turns."""
machine_turn = partial(MachineTurn, group=GROUP)
listed = partial(listed_in, GROUP)


def in_time(turn: MachineTurn, name: str, seconds: float) -> bool:
    stopped = threading.Event()
    timer = threading.Timer(seconds, stopped.set)
    timer.start()
    turn.take(name, stopped)
    timer.cancel()
    return not stopped.is_set()


def test_who_wants_the_same_goes_together_and_who_does_not_waits():
    one, other, third = machine_turn(), machine_turn(), machine_turn()
    one.take(AGENTS, NEVER)

    assert in_time(other, AGENTS, 5)
    assert not in_time(third, CHECKS, 0.4)
    one.leave()
    assert not in_time(third, CHECKS, 0.4)
    other.leave()
    assert in_time(third, CHECKS, 5)
    third.leave()
    assert [each for each in listed() if each.turn in (AGENTS, CHECKS)] == []


def test_who_has_waited_longer_is_not_overtaken():
    agents, checks, late = machine_turn(), machine_turn(), machine_turn()
    agents.take(AGENTS, NEVER)
    order: list[str] = []

    def wait(turn: MachineTurn, name: str) -> None:
        turn.take(name, NEVER)
        order.append(name)
        time.sleep(0.2)
        turn.leave()

    first = threading.Thread(target=wait, args=(checks, CHECKS))
    first.start()
    while not checks.waits_for:
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
    turn = machine_turn()
    turn.take(AGENTS, NEVER)
    since = [each.since for each in listed() if each.turn == AGENTS]
    turn.take(AGENTS, NEVER)
    assert [each.since for each in listed() if each.turn == AGENTS] == since

    turn.take(CHECKS, NEVER)
    assert [each.state for each in listed() if each.turn in (AGENTS, CHECKS)] == ["holds"]
    turn.leave()


def test_groups_take_turns_apart():
    ours, theirs = machine_turn(), MachineTurn(group=f"{GROUP}-b")
    ours.take(AGENTS, NEVER)
    theirs.take(CHECKS, NEVER)

    assert [each.turn for each in listed()] == [AGENTS]
    assert [each.turn for each in listed_in(f"{GROUP}-b")] == [CHECKS]
    ours.leave()
    theirs.leave()


def test_a_group_has_a_plain_name():
    assert turn_group({}) == ""
    assert turn_group({"BITSEC_TURN_GROUP": "tests-1"}) == "tests-1"
    with pytest.raises(SettingsError, match="BITSEC_TURN_GROUP=a:b: give at most 40 of a-z, 0-9 and -"):
        turn_group({"BITSEC_TURN_GROUP": "a:b"})


def _hold(turn: str, taken: ProcessEvent) -> None:
    machine_turn().take(turn, threading.Event())
    held = machine_turn()
    held.take(turn, threading.Event())
    taken.set()
    time.sleep(60)


def test_a_turn_ends_with_its_process():
    context = multiprocessing.get_context("fork")
    taken = context.Event()
    holder = context.Process(target=_hold, args=(AGENTS, taken))
    holder.start()
    assert taken.wait(20)
    mine = machine_turn()
    assert not in_time(mine, CHECKS, 0.3)

    assert holder.pid is not None
    os.kill(holder.pid, signal.SIGKILL)
    holder.join()

    assert in_time(mine, CHECKS, 5)
    mine.leave()


def _contend(number: int, log: str, rounds: int) -> None:
    for each in range(rounds):
        name = (AGENTS, CHECKS)[(number + each) % 2]
        turn = machine_turn()
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


CONTEXT = multiprocessing.get_context("fork")


def _hold_and_tick(turn: str, taken: ProcessEvent, again: ProcessEvent) -> None:
    mine = machine_turn(STOPPED)
    mine.take(turn, NEVER)
    taken.set()
    while True:
        time.sleep(0.05)
        mine.get_on(NEVER)
        if mine.waits_for == "" and again.is_set():
            again.clear()


STOPPED = 1.0


@pytest.fixture
def holder() -> Iterator[tuple[int, ProcessEvent]]:
    """A process that has the agents' turn and gets on with its work; it clears the event once it has it again."""
    taken, again = CONTEXT.Event(), CONTEXT.Event()
    process = CONTEXT.Process(target=_hold_and_tick, args=(AGENTS, taken, again))
    process.start()
    assert taken.wait(20)
    assert process.pid is not None
    yield process.pid, again
    os.kill(process.pid, signal.SIGKILL)
    process.join()


def test_a_stopped_process_is_passed_over_and_waits_its_turn_when_it_goes_on(holder: tuple[int, ProcessEvent]):
    pid, again = holder
    mine = machine_turn(STOPPED)
    os.kill(pid, signal.SIGSTOP)
    assert not in_time(mine, CHECKS, STOPPED / 2)
    assert in_time(mine, CHECKS, 20)

    os.kill(pid, signal.SIGCONT)
    _until(lambda: {each.state for each in listed() if each.turn == AGENTS} == {"waits"})
    mine.leave()
    _until(lambda: {each.state for each in listed() if each.turn == AGENTS} == {"holds"})
    again.set()
    _until(lambda: not again.is_set())


def test_whom_one_waits_for_is_told_and_how_to_end_it(holder: tuple[int, ProcessEvent]):
    pid, _ = holder
    mine = machine_turn()
    told: list[str] = []
    stopped = threading.Event()
    waiting = threading.Thread(target=mine.take, args=(CHECKS, stopped))
    waiting.start()
    _until(lambda: mine.waits_for != "")
    told.append(mine.waits_for)
    os.kill(pid, signal.SIGSTOP)
    _until(lambda: "stopped" in mine.waits_for)
    told.append(mine.waits_for)
    stopped.set()
    waiting.join()

    assert re.fullmatch(rf"the {AGENTS} of process {pid}, for \d+ s", told[0])
    assert told[1].endswith(f"; it is stopped: resume it with kill -CONT {pid} or end it with kill -KILL {pid}")
    assert mine.waits_for == ""


def test_one_that_lives_and_gets_on_with_nothing_is_told_with_the_remedy():
    ago = time.monotonic_ns() - int((STILL_SECONDS + 80) * 1e9)
    holds = TurnClaim("holds", "checks", ago, "0" * 8, TurnOwner(os.getpid(), ago))
    elsewhere = holds._replace(owner=TurnOwner(0, ago))

    assert holds.told == (
        f"the checks of process {os.getpid()}, for 200 s; nothing has gone on there for 200 s:"
        f" if it hangs, end it with kill {os.getpid()}"
    )
    assert elsewhere.told.endswith("if it hangs, end it")
    assert holds._replace(state="waits").told == f"process {os.getpid()}, which waits to run checks, for 200 s"


def _leave_a_child(turn: str, child: "Synchronized[int]") -> None:
    mine = machine_turn()
    mine.take(turn, NEVER)
    if pid := os.fork():
        child.value = pid
    else:
        time.sleep(60)
    os._exit(0)


def test_a_child_that_lives_on_holds_no_turn_for_the_dead():
    child = CONTEXT.Value("i", 0)
    holder = CONTEXT.Process(target=_leave_a_child, args=(AGENTS, child))
    holder.start()
    holder.join()
    try:
        assert f"@bitsec-eval-turn-{GROUP}:holds:{AGENTS}" in Path("/proc/net/unix").read_text()
        mine = machine_turn()
        assert in_time(mine, CHECKS, 5)
        mine.leave()
    finally:
        os.kill(child.value, signal.SIGKILL)


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
