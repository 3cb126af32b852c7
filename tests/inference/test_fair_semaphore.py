"""Nobody queues behind a slow run, and an agent's clock stands still while it waits for us."""

import threading
import time

import pytest

from bitsec_eval.inference.excluded_time import ExcludedTime
from bitsec_eval.inference.fair_semaphore import FairSemaphore
from bitsec_eval.inference.phase import PhaseOver

NEVER = PhaseOver()


def test_a_place_that_is_free_is_had_at_once():
    slots = FairSemaphore(2)

    assert slots.acquire("a", NEVER)
    assert slots.acquire("a", NEVER)


def test_who_has_the_fewest_calls_under_way_is_next():
    slots = FairSemaphore(3)
    order: list[str] = []
    for _ in range(3):
        slots.acquire("greedy", NEVER)

    def wait_for_one(owner: str) -> None:
        slots.acquire(owner, NEVER)
        order.append(owner)

    threads = [threading.Thread(target=wait_for_one, args=(owner,)) for owner in ("greedy", "greedy", "modest")]
    for thread in threads:
        thread.start()
        time.sleep(0.05)
    for done in range(3):
        slots.release("greedy")
        while len(order) <= done:
            time.sleep(0.01)
    for thread in threads:
        thread.join()

    assert order == ["modest", "greedy", "greedy"]


def test_who_waits_for_nothing_any_more_gets_no_place():
    slots, over = FairSemaphore(1), PhaseOver()
    slots.acquire("a", NEVER)
    threading.Timer(0.05, over.set).start()

    assert not slots.acquire("b", over)
    slots.release("a")
    assert slots.acquire("c", NEVER)


def test_a_release_wakes_one_waiter_and_no_other():
    slots, woken = FairSemaphore(1), []
    slots.acquire("a", NEVER)

    def wait_for_one(owner: int) -> None:
        slots.acquire(owner, NEVER)
        woken.append(owner)

    threads = [threading.Thread(target=wait_for_one, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    while sum(len(queue) for queue in slots._queues.values()) < 20:
        time.sleep(0.01)
    slots.release("a")
    time.sleep(0.2)

    assert len(woken) == 1
    for count in range(2, 21):
        slots.release(woken[-1])
        while len(woken) < count:
            time.sleep(0.005)
    for thread in threads:
        thread.join()


def test_an_owner_that_has_its_share_waits_for_itself():
    slots = FairSemaphore(4)
    for _ in range(4):
        slots.acquire("greedy", NEVER)

    assert slots.has_fair_share("greedy")
    assert not slots.has_fair_share("modest")


@pytest.fixture
def clock() -> list[float]:
    return [100.0]


def test_time_that_overlaps_counts_once(clock: list[float]):
    excluded = ExcludedTime(lambda: clock[0])
    with excluded.claim() as one, excluded.claim() as other:
        with one.excluding():
            clock[0] += 3
            with other.excluding():
                clock[0] += 2
            clock[0] += 1
        assert not excluded.is_running
        clock[0] += 50
        with one.excluding():
            clock[0] += 4

            assert excluded.is_running
            assert excluded.excluded_seconds == 10
    assert excluded.excluded_seconds == 10


def test_a_try_that_failed_counts_from_its_beginning(clock: list[float]):
    excluded = ExcludedTime(lambda: clock[0])
    clock[0] += 7
    with excluded.claim() as claim:
        claim.exclude_since(101)
        claim.exclude_since(102)

    assert excluded.excluded_seconds == 6


def test_what_turns_out_to_be_the_requests_doing_is_not_excluded(clock: list[float]):
    excluded = ExcludedTime(lambda: clock[0])
    with excluded.claim() as honest, excluded.claim() as guilty:
        with honest.excluding():
            clock[0] += 2
        with guilty.excluding():
            clock[0] += 100
        guilty.retract()

    assert excluded.excluded_seconds == 2
