"""Places go to whoever used least lately, and one key never holds them all."""

import asyncio
import itertools
from collections.abc import Callable, Sequence

from bitsec_eval.hub.uploads.fair_queue import WINDOW_SECONDS, FairQueue, ProcessorTime


class Work:
    """Takes places of a queue by key, in the order given, and lets each go when it is told."""

    def __init__(
        self, places: int, used: dict[str, float] | None = None, clock: Callable[[], float] = lambda: 0.0
    ) -> None:
        time = ProcessorTime(clock)
        for key, seconds in (used or {}).items():
            time.add(key, seconds)
        self.queue = FairQueue(places, time)
        self.running: list[str] = []
        self.done: dict[str, asyncio.Event] = {}

    async def begin(self, names: Sequence[str]) -> list[asyncio.Task[None]]:
        """Ask for a place for each name; the key is what stands before its number."""
        tasks = [asyncio.create_task(self._one(name)) for name in names]
        await self.settled()
        return tasks

    async def end(self, name: str) -> None:
        self.done[name].set()
        await self.settled()

    async def settled(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    async def _one(self, name: str) -> None:
        self.done[name] = asyncio.Event()
        async with self.queue.place(name.rstrip("0123456789")):
            self.running.append(name)
            await self.done[name].wait()
            self.running.remove(name)


def test_one_key_leaves_a_place_to_others():
    async def run() -> list[list[str]]:
        work = Work(3)
        await work.begin(["a1", "a2", "a3", "a4"])
        alone = list(work.running)
        await work.begin(["b1"])
        return [alone, list(work.running)]

    alone, with_another = asyncio.run(run())

    assert alone == ["a1", "a2"]
    assert with_another == ["a1", "a2", "b1"]


def test_who_holds_nothing_is_next_before_who_waited_longer():
    async def run() -> list[str]:
        work = Work(3)
        await work.begin(["a1", "a2", "c1", "a3", "b1"])
        await work.end("a1")
        return list(work.running)

    assert asyncio.run(run()) == ["a2", "c1", "b1"]


def test_among_equals_who_used_least_processor_time_is_next():
    async def run() -> list[str]:
        work = Work(2, used={"heavy": 5.0, "light": 0.1})
        await work.begin(["x1", "y1", "heavy1", "light1"])
        await work.end("x1")
        return list(work.running)

    assert asyncio.run(run()) == ["y1", "light1"]


def test_of_one_key_who_asked_first_is_next_while_the_clock_goes_on():
    seconds = itertools.count()

    async def run() -> list[str]:
        work = Work(2, used={"a": 30.0}, clock=lambda: next(seconds) / 1000)
        await work.begin(["a1", "a2", "a3", "a4"])
        order = []
        for _ in range(4):
            order += work.running
            await work.end(work.running[0])
        return order

    assert asyncio.run(run()) == ["a1", "a2", "a3", "a4"]


def test_who_stops_waiting_holds_up_nobody():
    async def run() -> list[str]:
        work = Work(2)
        await work.begin(["a1", "b1"])
        [gone] = await work.begin(["c1"])
        await work.begin(["d1"])
        gone.cancel()
        await work.end("a1")
        await work.end("b1")
        await work.begin(["e1"])
        return list(work.running)

    assert asyncio.run(run()) == ["d1", "e1"]


def test_a_place_that_is_given_to_whoever_has_just_gone_is_given_on():
    async def run() -> list[str]:
        work = Work(2)
        await work.begin(["a1", "b1"])
        [gone] = await work.begin(["c1"])
        await work.begin(["d1"])
        work.done["a1"].set()
        await asyncio.sleep(0)
        gone.cancel()
        await work.settled()
        return list(work.running)

    assert asyncio.run(run()) == ["b1", "d1"]


def test_processor_time_is_forgotten_within_a_minute():
    now = [0.0]
    time = ProcessorTime(lambda: now[0])
    time.add("a", 6.0)
    now[0] = WINDOW_SECONDS / 2
    half = time.used("a")
    time.add("a", 1.0)

    assert (half, time.used("a"), time.used("b")) == (3.0, 4.0, 0.0)
    now[0] = 2 * WINDOW_SECONDS
    assert time.used("a") == 0.0
