"""Nobody queues behind a slow run, and an agent's clock stands still while it waits for us."""

import threading
import time

import pytest

from bitsec_eval.inference.slots import Slots
from bitsec_eval.inference.waiting import Waiting

NEVER = threading.Event()


def test_a_place_that_is_free_is_had_at_once():
    slots = Slots(2)

    assert slots.take("a", NEVER)
    assert slots.take("a", NEVER)


def test_who_has_the_fewest_calls_under_way_is_next():
    slots = Slots(3)
    order: list[str] = []
    for _ in range(3):
        slots.take("greedy", NEVER)

    def wait_for_one(owner: str) -> None:
        slots.take(owner, NEVER)
        order.append(owner)

    threads = [threading.Thread(target=wait_for_one, args=(owner,)) for owner in ("greedy", "greedy", "modest")]
    for thread in threads:
        thread.start()
        time.sleep(0.05)
    for done in range(3):
        slots.free("greedy")
        while len(order) <= done:
            time.sleep(0.01)
    for thread in threads:
        thread.join()

    assert order == ["modest", "greedy", "greedy"]


def test_who_waits_for_nothing_any_more_gets_no_place():
    slots, over = Slots(1), threading.Event()
    slots.take("a", NEVER)
    threading.Timer(0.05, over.set).start()

    assert not slots.take("b", over)
    slots.free("a")
    assert slots.take("c", NEVER)


@pytest.fixture
def clock() -> list[float]:
    return [100.0]


def test_time_that_overlaps_counts_once(clock: list[float]):
    waiting = Waiting(lambda: clock[0])
    with waiting.held_up():
        clock[0] += 3
        with waiting.held_up():
            clock[0] += 2
        clock[0] += 1
    clock[0] += 50
    with waiting.held_up():
        clock[0] += 4

        assert waiting.held_up_seconds == 10


def test_a_try_that_failed_counts_from_its_beginning(clock: list[float]):
    waiting = Waiting(lambda: clock[0])
    clock[0] += 7
    waiting.was_held_up(101)
    waiting.was_held_up(102)

    assert waiting.held_up_seconds == 6
