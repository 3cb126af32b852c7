"""From junit to the board at the end of an evaluation, in the process that writes junit."""

import json
import os
from collections import defaultdict
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from _pytest.junitxml import xml_key

from bitsec_eval.core.errors import BitsecError
from bitsec_eval.core.evaluations.evaluation import Evaluation
from bitsec_eval.core.junit.plain import plain_junit
from bitsec_eval.core.junit.reader import read_junit
from bitsec_eval.core.scoring.leaderboard import Leaderboard, leaderboard
from bitsec_eval.plugin.cache.resume import begun_file, note_begun, restoring
from bitsec_eval.plugin.config.settings import Settings
from bitsec_eval.plugin.evaluation import EvaluationPlugin
from bitsec_eval.plugin.loop import will_be_interrupted
from bitsec_eval.plugin.reporting.junit_properties import PLAN
from bitsec_eval.plugin.reporting.void_summary import VoidSummary
from bitsec_eval.plugin.staging.stages import TROUBLE
from bitsec_eval.render.console import board_lines, wrapped
from bitsec_eval.render.findings import FOLDER
from bitsec_eval.render.findings_index import INDEX
from bitsec_eval.render.links import BOARD

JUNIT = "junit.xml"


class BoardReporter:
    """Writes junit whole or not at all, computes the leaderboard from it, and sets the exit code."""

    def __init__(
        self, settings: Settings, evaluation: EvaluationPlugin, voids: VoidSummary, config: pytest.Config
    ) -> None:
        self._settings = settings
        self._evaluation = evaluation
        self._voids = voids
        self._plan: dict[str, Any] | None = None
        self._board: Leaderboard | None = None
        self._trouble = self._to_mend = ""
        self._lines: list[str] = []
        self._restore: Callable[[], object] = lambda: None
        self._last_words: list[str] = []
        asked = config.option.xmlpath
        self._junit = config.invocation_params.dir / asked if asked else settings.results / JUNIT
        self._draft = self._junit.with_name(f".{self._junit.name}.{settings.evaluation}")
        config.option.xmlpath = str(self._draft)
        config.option.code_highlight = "no"  # colours inside failure texts would be escaped with everything else

    def pytest_report_header(self) -> str:
        """Say what is evaluated, and the seed with which it can be done again."""
        told = self._settings
        return f"bitsec-eval: agents: {len(told.agents)}, jobs: {told.jobs}, --bitsec-seed={told.seed}"

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take the plan from a worker of xdist: each of them has collected everything."""
        told = getattr(node, "workeroutput", {})
        self._plan = self._plan or told.get("bitsec_plan")
        self._lines += told.get("bitsec_lines", [])
        self._to_mend = self._to_mend or told.get(TROUBLE, "")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Note which evaluation goes on: if it is interrupted, --bitsec-resume takes it up."""
        if will_be_interrupted(session):
            return
        try:
            self._restore = restoring(begun_file(self._settings.results))
            note_begun(self._settings.results, self._settings.begun)
        except OSError as error:
            told = f"{self._settings.results}: cannot be written to ({error.strerror}); make room there and run again"
            raise pytest.UsageError(told) from error

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Put the plan into junit before it is written, and publish what was written."""
        self._plan = self._plan or self._evaluation.plan
        if self._plan is not None and (stopped := self._evaluation.stages.stopped_anywhere()):
            self._plan = {**self._plan, "stopped": stopped}
        xml = session.config.stash.get(xml_key, None)
        if xml is not None and self._plan is not None:
            xml.add_global_property(PLAN, json.dumps(self._plan, sort_keys=True))
        if self._to_mend:
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
        try:
            return (yield)
        except OSError as error:  # what was written of junit is not junit
            self._draft.unlink(missing_ok=True)
            self._unwritten(session, error)
            return None
        finally:
            self._publish(session, xml)

    def _unwritten(self, session: pytest.Session, error: OSError) -> None:
        self._trouble = f"{self._junit}: cannot be written ({error.strerror}); make room there and run again"
        session.exitstatus = pytest.ExitCode.INTERNAL_ERROR

    def _publish(self, session: pytest.Session, xml: Any) -> None:
        if self._plan is None or self._to_mend or not self._draft.exists():
            self._nothing_ran(xml, session)
            return
        interrupted = session.exitstatus == pytest.ExitCode.INTERRUPTED
        if interrupted and self._junit.exists() and not sum(xml.stats.values()):  # the last results say more
            self._nothing_done(xml, session)
            return
        if interrupted:
            self._last_words = ["interrupted: the same command with --bitsec-resume continues this evaluation"]
        self._draft.replace(self._junit)
        xml.logfile = str(self._junit)
        try:
            with self._junit.open("rb") as stream:
                evaluation = read_junit(stream, str(self._junit))
            self._board = leaderboard([evaluation])
            if self._settings.plain_junit:
                self._write_plain()
            self._lines += self._written(session.config, evaluation, self._board)
            if session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
                ended = replace(self._settings.begun, ended=True, run_seconds=self._run_seconds())
                note_begun(self._settings.results, ended)
        except BitsecError as error:
            self._trouble = str(error)
        except OSError as error:
            self._unwritten(session, error)
        session.exitstatus = self._exit_status(session.exitstatus)

    def _nothing_ran(self, xml: Any, session: pytest.Session) -> None:
        """Leave everything as it was before."""
        self._draft.unlink(missing_ok=True)
        _say_nothing_of(xml, session.config)
        self._restore()
        told = f"nothing was evaluated, and {self._settings.results.name}/ is as it was"
        if session.testsfailed:
            told += (
                "; correct the files named above and give the same command again,"
                " or evaluate the other tasks with --continue-on-collection-errors"
            )
        self._last_words = [f"ERROR: {self._to_mend}", told] if self._to_mend else [told]

    def _nothing_done(self, xml: Any, session: pytest.Session) -> None:
        """Leave results as they were, and let --bitsec-resume go on with the answers there are."""
        self._draft.unlink(missing_ok=True)
        _say_nothing_of(xml, session.config)
        name = self._settings.results.name
        self._last_words = [
            f"interrupted before a check was done, and {name}/ shows what it did before;"
            " the same command with --bitsec-resume continues this evaluation"
        ]

    def _write_plain(self) -> None:
        """Write the record once more, without what other programs do not take."""
        path = self._junit.with_suffix(".plain.xml")
        draft = path.with_name(f".{path.name}.{self._settings.evaluation}")
        with self._junit.open("rb") as record, draft.open("wb") as file:
            file.writelines(plain_junit(record))
        draft.replace(path)

    def _written(self, config: pytest.Config, evaluation: Evaluation, board: Leaderboard) -> list[str]:
        """Have every plugin write its files, and return a line for each that could not be written."""
        write = config.hook.pytest_bitsec_write_artifacts
        results = write(config=config, results=self._settings.results, evaluation=evaluation, board=board)
        return [line for lines in results for line in lines]

    def _run_seconds(self) -> dict[str, float]:
        took: defaultdict[str, list[float]] = defaultdict(list)
        for cell in (cell for row in (self._board.rows if self._board else ()) for cell in row.tasks):
            if cell.seconds is not None:
                took[cell.task].append(cell.seconds)
        return {task: round(fmean(seconds), 3) for task, seconds in took.items()}

    def _exit_status(self, status: int) -> int:
        """Return 0 when every run was scored, whatever the scores; see design rule "Exit codes"."""
        if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            return status
        return int(self._board is None or self._board.provisional or self._under(self._board))

    def _under(self, board: Leaderboard) -> bool:
        least = self._settings.fail_under
        return least is not None and any((row.score or 0.0) < least for row in board.rows)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> Generator[None, object, object]:
        """Print the leaderboard below everything else, so that it is in sight, however much there was to list."""
        with self._voids.folded(terminalreporter):
            result = yield
        if self._board is not None or self._trouble:
            self._print(terminalreporter)
        for line in wrapped(self._last_words, terminalreporter._tw.fullwidth):
            terminalreporter.write_line(line)
        return result

    def _print(self, reporter: pytest.TerminalReporter) -> None:
        width = reporter._tw.fullwidth
        reporter.section("leaderboard")
        board = [self._trouble] if self._board is None else board_lines(self._board, width)
        void = wrapped([*self._voids.causes(), *self._voids.remedies()], width)
        for line in [*board, *void, *self._lines_of_answers(), *self._where_to_look(reporter.startpath)]:
            reporter.write_line(line)

    def _where_to_look(self, here: Path) -> list[str]:
        if self._board is None or self._trouble:
            return []
        pages = {"why points were lost": BOARD, "expected against reported, for you alone": f"{FOLDER}/{INDEX}"}
        found = {told: self._settings.results / page for told, page in pages.items()}
        return [f"{told}: {_shown(page, here)}" for told, page in found.items() if page.is_file()]

    def _lines_of_answers(self) -> list[str]:
        answers = self._evaluation.answers
        return sorted({*self._lines, *(answers.lines if answers else ())})


def _say_nothing_of(xml: Any, config: pytest.Config) -> None:
    """Keep pytest from saying that it wrote a junit file which is not there."""
    if xml is not None:
        del config.stash[xml_key]
        config.pluginmanager.unregister(xml)


def _shown(page: Path, here: Path) -> str:
    return os.path.relpath(page, here) if page.is_relative_to(here) else str(page)
