"""Progress while an evaluation runs: a live region on a terminal, a line now and then in a log.

Where output is piped it only tells of long waits for another evaluation on the machine, unless CI is set or
--bitsec-progress says otherwise: a program that reads our output should read nothing that depends on how fast the
machine is.
"""

import io
import os
import shutil
from collections.abc import Callable, Generator, Mapping, Sequence
from threading import Event, Thread
from typing import Any

import pytest

from bitsec_eval.core.text import one_line
from bitsec_eval.plugin.progress.live_region import LiveRegion
from bitsec_eval.plugin.progress.scores_so_far import ScoreSoFar
from bitsec_eval.plugin.progress.status import RunProgress

LIVE_SECONDS, LOG_SECONDS = 0.5, 30.0
WAIT_SECONDS = 60.0
"""So often it is told that nothing goes on because another evaluation has the machine."""

SHOWN_RUNS = 8
SHOWN_SCORES = 5
LOG_COLUMNS = 200
NARROW = 60


def mode_of(asked: str, *, terminal: bool, environment: Mapping[str, str]) -> str:
    """Return live, log, waits (only long waits for another evaluation are told) or off."""
    if asked != "auto":
        return asked
    if terminal and environment.get("TERM") != "dumb":
        return "live"
    return "log" if environment.get("CI", "").lower() not in ("", "0", "false") else "waits"


class ProgressReporter:
    """Shows how an evaluation stands until its last check is done."""

    def __init__(
        self,
        progress: Callable[[], RunProgress | None],
        asked: str,
        scores: Callable[[], Sequence[ScoreSoFar]] = lambda: (),
    ) -> None:
        self._progress = progress
        self._scores = scores
        self._reporter: Any = None
        self._asked = asked
        self._over = Event()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Show what goes on while checks run."""
        self._reporter = session.config.pluginmanager.getplugin("terminalreporter")
        show = self._show()
        if show is None or session.config.option.collectonly:
            return (yield)
        thread = Thread(target=show, name="bitsec-progress", daemon=True)
        thread.start()
        try:
            return (yield)
        finally:
            self._over.set()
            thread.join(LIVE_SECONDS * 4)

    def _show(self) -> Callable[[], None] | None:
        if self._reporter is None:
            return None
        stream = self._reporter._tw._file
        mode = mode_of(self._asked, terminal=stream.isatty(), environment=os.environ)
        return {"live": lambda: self._live(stream), "log": self._log, "waits": self._waits}.get(mode)

    def _live(self, stream: Any) -> None:
        region = LiveRegion(stream, shutil.get_terminal_size)
        try:
            while not self._over.wait(LIVE_SECONDS):
                progress = self._progress()
                if progress is not None:
                    region.show(live_lines(progress, shutil.get_terminal_size().columns, self._scores()))
        finally:
            region.close()

    def _log(self) -> None:
        while not self._over.wait(LOG_SECONDS):
            progress = self._progress()
            if progress is not None:
                self._write_line(log_line(progress))
                scores = self._scores()
                if line := scores_line(scores[:SHOWN_SCORES], len(scores), LOG_COLUMNS):
                    self._write_line(f"bitsec: {line}")

    def _waits(self) -> None:
        before = ""
        while not self._over.wait(WAIT_SECONDS):
            progress = self._progress()
            now = progress.snapshot.waits_for if progress is not None else ""
            if now and before:
                self._write_line(f"bitsec: waits for {now}")
            before = now

    def _write_line(self, line: str) -> None:
        begun = self._reporter._tw.width_of_current_line  # of dots and letters, where pytest is quiet
        self._reporter.write("\n" * bool(begun))
        self._reporter.write_line(line)
        self._reporter.flush()


def log_line(progress: RunProgress) -> str:
    """Return how an evaluation stands in one line."""
    running = progress.snapshot.running
    slowest = f" (longest: {_named(running[0])} for {_of(running[0])})" if running else ""
    waits = f"; waits for {progress.snapshot.waits_for}" if progress.snapshot.waits_for else ""
    return f"bitsec: {_counts(progress)}{slowest}{waits}"


def live_lines(progress: RunProgress, columns: int, scores: Sequence[ScoreSoFar] = ()) -> list[str]:
    """Return the lines of the live region: how far it is, scores so far, for whom it waits, and runs under way."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = progress.snapshot.running[:SHOWN_RUNS]
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column(no_wrap=True, justify="right")
    if columns >= NARROW:
        table.add_column(width=24)
    for run in shown:
        cells = [Text(_named(run)), Text(_of(run))]
        table.add_row(*cells, *([_bar(run)] if columns >= NARROW else []))
    drawn = io.StringIO()
    console = Console(file=drawn, width=max(columns, 20), force_terminal=True, color_system="standard")
    head = Text(_counts(progress), style="bold")
    console.print(head)
    if line := scores_line(scores[:SHOWN_SCORES], len(scores), columns):
        console.print(Text(line))
    if progress.snapshot.waits_for:
        console.print(Text(f"waits for {progress.snapshot.waits_for}", style="yellow"))
    if shown:
        console.print(table)
    return drawn.getvalue().splitlines()


def _bar(run: Any) -> Any:
    from rich.progress_bar import ProgressBar

    return ProgressBar(total=run.limit_seconds, completed=min(run.seconds, run.limit_seconds), width=24)


def _counts(progress: RunProgress) -> str:
    snapshot = progress.snapshot
    reused = f", {snapshot.reused} reused" if snapshot.reused else ""
    stage = f"{progress.stage}: " if progress.stage else ""
    stopped = f", {progress.stopped} agent{'s' * (progress.stopped != 1)} stopped" if progress.stopped else ""
    return (
        f"{stage}{snapshot.done} of {progress.total} runs done, {len(snapshot.running)} running,"
        f" {snapshot.void} void{reused}{stopped}{_left(progress)}"
    )


def _left(progress: RunProgress) -> str:
    seconds = progress.seconds_left
    if seconds is None or progress.snapshot.done >= progress.total:
        return ""
    if seconds < 1:
        return "" if progress.is_least else ", nearly done"
    word = "at least" if progress.is_least else "about"
    return f", {word} {seconds:.0f} s left" if seconds < 120 else f", {word} {seconds / 60:.0f} min left"


def scores_line(scores: Sequence[ScoreSoFar], total: int, columns: int) -> str:
    """Return the scores so far in one line that fits: `so far: alice 66.7 (2 runs), bob 0.0 (1 run)`, best first."""
    told = [f"{one_line(each.agent, 40)} {each.score:.1f} ({_runs(each.runs)})" for each in scores]
    for shown in range(len(told), 0, -1):
        more = f" and {total - shown} more" if total > shown else ""
        if len(line := f"so far: {', '.join(told[:shown])}{more}") <= columns:
            return line
    return ""


def _runs(count: int) -> str:
    return f"{count} run" if count == 1 else f"{count} runs"


def _named(run: Any) -> str:
    turn = f" (repeat {run.key.repeat + 1})" if run.key.repeat else ""
    place = f" @ {run.engine}" if run.engine else ""
    return one_line(f"{run.key.agent} on {run.key.task}{turn}{place}", 200)


def _of(run: Any) -> str:
    return f"{run.seconds:.0f} of {run.limit_seconds:.0f} s"
