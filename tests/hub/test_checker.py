"""Sources are parsed in limited processes: one that crashes, hangs or eats memory ends its process and no other."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from bitsec_eval.agent_check import examiner
from bitsec_eval.agent_check.process import Checked, CheckerError, check, started
from bitsec_eval.hub.uploads.checker import SPARE_BEFORE, Checker
from tests.hub.conftest import agent

T = TypeVar("T")


def with_checker(use: Callable[[Checker], Awaitable[T]], python: str = sys.executable, **options: Any) -> T:
    async def run() -> T:
        checker = Checker(python, **options)
        try:
            return await use(checker)
        finally:
            checker.stop()

    return asyncio.run(run())


def reason(found: Checked) -> str:
    return found.refusal.reason if found.refusal else ""


ENDLESS = f"""
import runpy, sys
sys.path.insert(0, {str(Path(examiner.__file__).parents[2])!r})
from bitsec_eval.core.agents import agent_check

def examine(source, libraries, found=agent_check.examine):
    while b"endless" in source:
        pass
    return found(source, libraries)

agent_check.examine = examine
runpy.run_path(sys.argv[1], run_name="__main__")
"""


@pytest.fixture
def python(tmp_path: Path) -> str:
    """A Python that runs the check and never comes to the end of a source that says `endless`."""
    program = tmp_path / "endless.py"
    program.write_text(ENDLESS)
    script = tmp_path / "python"
    script.write_text(f'#!/bin/sh\nfor file; do :; done\nexec {sys.executable} -I -S -W ignore {program} "$file"\n')
    script.chmod(0o755)
    return str(script)


def test_a_source_that_ends_its_process_is_too_complex_and_the_next_is_checked(python):
    hungry = b"x = [" + b"[]," * 80_000 + b"]\n" + b"".join(b"a%d\n" % n for n in range(1000)) + agent()

    async def three(checker: Checker) -> list[Checked]:
        return [await checker.check(source) for source in (b"endless = 1", hungry, agent())]

    found = with_checker(three, python)

    assert reason(found[0]) == "too_complex"
    assert reason(found[1]) in {"", "too_complex"}
    assert reason(found[2]) == ""
    assert found[2].likeness is not None


def test_the_successor_of_a_process_is_warm_before_it_is_needed():
    async def checks(checker: Checker) -> tuple[int, int]:
        for _ in range(SPARE_BEFORE + 1):
            await checker.check(agent())
        await checker._starting
        warm = checker._idle[0]
        await checker.check(agent())  # the last of the first process
        await checker.check(agent())
        return warm.checks, len(checker._all)

    assert with_checker(checks, processes=1, checks_per_process=SPARE_BEFORE + 2) == (1, 1)


NESTED = (
    *(b"x = " + b"-" * 100_000 + b"1", b"x = " + b"not " * 60_000 + b"1", b"x = " + b"2**" * 50_000 + b"2"),
    *(b"x = " + b"lambda:" * 30_000 + b"1", b"x = " + b"[" * 200 + b"]" * 200, b"x = " + b"(" * 100_000),
    *(b"1" + b"+1" * 130_000, b"a" + b".b" * 130_000, b"a" + b"()" * 130_000, b"a" + b"[0]" * 80_000),
    *(b"if x:\n    pass\n" + b"elif x:\n    pass\n" * 15_000, b"x = " + b"1 if 1 else " * 20_000 + b"1"),
    *(b"a\n" * 130_000, b"x = [a " + b"for a in b " * 23_000 + b"]", b"x = " + b"'" + b"\\z" * 130_000 + b"'"),
    *(
        b"@a\n" * 80_000 + b"def f(): pass",
        b"f(" * 80_000,
        b"{1:" * 80_000,
        b"with a: " * 30_000,
        b"x = " + b"~" * 250_000,
    ),
    *(b"class A:\n" + b" pass\n" * 40_000, b"x = " + b"9" * 260_000, b"\\\n" * 130_000, b"\x0c" * 260_000, b";" * 10),
)


@pytest.mark.parametrize("source", NESTED, ids=range(len(NESTED)))
def test_deep_and_large_sources_are_answered_in_time(source):
    async def timed(checker: Checker) -> tuple[Checked, float]:
        begun = time.monotonic()
        return await checker.check(source), time.monotonic() - begun

    found, seconds = with_checker(timed)

    assert reason(found) in {"", "too_complex", "syntax_error", "no_entry_point"}
    assert seconds < 9


def test_one_process_answers_many_and_is_replaced_in_the_end():
    async def seven(checker: Checker) -> list[int]:
        pids = []
        for _ in range(7):
            await checker.check(agent())
            pids.append(_pids(checker))
        return pids

    first, *_, last = with_checker(seven, checks_per_process=3)
    assert first != last


def _pids(checker: Checker) -> tuple[int, ...]:
    return tuple(sorted(each._examiner._process.pid for each in checker._all))


def test_the_process_is_limited_and_inherits_nothing():
    process = started(sys.executable)
    try:
        root = Path(f"/proc/{process._process.pid}")
        limits = {line[:26].strip(): line[26:].split()[:2] for line in (root / "limits").read_text().splitlines()}
        environment = (root / "environ").read_bytes()
        files = sorted(each.name for each in (root / "fd").iterdir())
    finally:
        process.close()

    assert limits["Max address space"] == [str(examiner.MEMORY_MIB << 20)] * 2
    assert limits["Max open files"] == [str(examiner.OPEN_FILES)] * 2
    assert limits["Max file size"] == ["0", "0"]
    assert limits["Max core file size"] == ["0", "0"]
    assert int(limits["Max cpu time"][0]) <= examiner.CPU_SECONDS + 2
    assert [name.partition(b"=")[0] for name in environment.split(b"\0") if name] == [b"PATH"]
    assert files == ["0", "1", "2"]


@pytest.mark.parametrize("python", ["/nonexistent/python3.11", "/bin/true", "/bin/false", "/etc/passwd"])
def test_a_python_that_does_not_run_the_check_is_the_operators_to_mend(python):
    with pytest.raises(CheckerError, match=r"Python 3\.11"):
        check(agent(), python)


def test_several_sources_at_once_share_two_processes():
    async def many(checker: Checker) -> tuple[list[Checked], int]:
        found = await asyncio.gather(*(checker.check(agent(n)) for n in range(20)))
        return found, len(checker._all)

    found, processes = with_checker(many)

    assert all(each.refusal is None for each in found)
    assert processes == 2  # of three: one is left to other addresses
    assert len({each.likeness.structure for each in found}) == 20


def test_an_address_pays_for_the_processor_time_of_its_sources(python):
    dense = b"x = [" + b"[]," * 80_000 + b"]\nprint('--task')\n"
    now = [0.0]

    async def charged(checker: Checker) -> list[int]:
        before = checker.wait_seconds("dense")
        await checker.check(dense, "dense")
        during = checker.wait_seconds("dense"), checker.wait_seconds("honest")
        now[0] += 60
        return [before, *during, checker.wait_seconds("dense")]

    before, dense_waits, honest_waits, afterwards = with_checker(
        charged, seconds_per_minute=0.01, clock=lambda: now[0]
    )

    assert (before, honest_waits, afterwards) == (0, 0, 0)
    assert dense_waits > 0


def test_stopping_ends_a_busy_process_at_once(python):
    async def stopped(checker: Checker) -> float:
        waiting = asyncio.create_task(checker.check(b"endless = 1"))
        await asyncio.sleep(0.7)
        begun = time.monotonic()
        checker.stop()
        await waiting
        return time.monotonic() - begun

    assert with_checker(stopped, python) < 1.5
