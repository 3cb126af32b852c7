"""Progress is live on a terminal, a line in a log, nothing in a pipe, and fits any width."""

import io
import json
import os
import re
from dataclasses import replace

import pytest

from bitsec_eval.plugin.progress.live_region import LiveRegion
from bitsec_eval.plugin.progress.reporter import ProgressReporter, live_lines, log_line, mode_of, scores_line
from bitsec_eval.plugin.progress.scores_so_far import ScoreSoFar, ScoresSoFar
from bitsec_eval.plugin.progress.status import RunProgress, gathered, leave, tidy, together
from bitsec_eval.plugin.reporting.check_letters import IS_CHECK
from bitsec_eval.plugin.reporting.junit_properties import CHECK, RUN
from bitsec_eval.schedule.runs import RunKey
from bitsec_eval.schedule.snapshot import Pace, Running, Snapshot
from tests.plugin.terminal import Terminal

STYLE = re.compile(r"\x1b\[[0-9;]*m")


def standing(done=4, timed=4, seconds=40.0, expected=None) -> RunProgress:
    """Ten runs of a task of 10 s, one of which goes on."""
    running = (Running(key=RunKey("naive\x1b[2J", "coding/a"), seconds=12.0, limit_seconds=30.0),)
    tasks = {"coding/a": Pace(done=done, timed=timed, seconds=seconds)}
    snapshot = Snapshot(running=running, tasks=tasks, void=1, reused=done - timed)
    return RunProgress(totals={"coding/a": 10}, snapshot=snapshot, jobs=2, expected=expected or {})


@pytest.mark.parametrize(
    ("asked", "terminal", "environment", "mode"),
    [
        ("auto", True, {}, "live"),
        ("auto", True, {"TERM": "dumb"}, "waits"),
        ("auto", False, {}, "waits"),
        ("auto", False, {"CI": "true"}, "log"),
        ("auto", False, {"CI": "false"}, "waits"),
        ("log", True, {}, "log"),
        ("off", True, {"CI": "1"}, "off"),
    ],
)
def test_how_it_is_shown(asked, terminal, environment, mode):
    assert mode_of(asked, terminal=terminal, environment=environment) == mode


def test_a_line_in_a_log_says_where_it_stands():
    assert log_line(standing()) == (
        "bitsec: 4 of 10 runs done, 1 running, 1 void, about 25 s left"
        " (longest: naive\\x1b[2J on coding/a for 12 of 30 s)"
    )


def test_for_whom_it_waits_is_said_in_a_log_and_on_a_terminal():
    progress = standing()
    whom = "the checks of process 12, for 3 s"
    waiting = replace(progress, snapshot=replace(progress.snapshot, waits_for=whom))

    assert log_line(waiting).endswith(f"; waits for {whom}")
    assert f"waits for {whom}" in [STYLE.sub("", line) for line in live_lines(waiting, 80)]


class Lines:
    """pytest's terminal reporter, as far as lines go."""

    class _tw:  # noqa: N801 - pytest's name
        width_of_current_line = 0
        isatty = staticmethod(lambda: False)
        _file = io.StringIO()

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, text: str) -> None:
        """Nothing was begun."""

    def write_line(self, line: str) -> None:
        self.lines.append(line)

    def flush(self) -> None:
        """All is shown."""


def test_in_a_pipe_only_long_waits_are_told(monkeypatch):
    monkeypatch.setattr("bitsec_eval.plugin.progress.reporter.WAIT_SECONDS", 0.01)
    idle = standing()
    waiting = replace(idle, snapshot=replace(idle.snapshot, waits_for="process 12"))
    told = iter([None, idle, waiting, idle, waiting, waiting, idle])
    reporter = ProgressReporter(lambda: next(told), "auto")
    reporter._reporter = lines = Lines()
    with pytest.raises(StopIteration):
        reporter._waits()

    assert lines.lines == ["bitsec: waits for process 12"]


def test_a_run_on_one_of_several_engines_says_on_which():
    key = RunKey("naive", "coding/a")
    running = (Running(key=key, seconds=12.0, limit_seconds=30.0, engine="ssh://rack7"),)

    line = log_line(RunProgress(totals={"coding/a": 1}, snapshot=Snapshot(running=running)))

    assert line.endswith("(longest: naive on coding/a @ ssh://rack7 for 12 of 30 s)")


def test_what_was_reused_says_nothing_about_how_long_a_run_takes():
    assert standing(done=4, timed=0, seconds=0.0).seconds_left is None
    assert standing(done=4, timed=0, seconds=0.0, expected={"coding/a": 4.0}).seconds_left == 10


def test_each_task_takes_what_it_took_here_or_else_the_last_time_or_else_what_others_take():
    paces = {"quick": Pace(done=2, timed=2, seconds=2.0), "slow": Pace(done=1, timed=1, seconds=9.0)}
    totals = {"quick": 5, "slow": 2, "known": 1, "unknown": 1}
    told = RunProgress(
        totals=totals, snapshot=Snapshot(tasks=paces), jobs=1, expected={"known": 60.0, "slow": 1000.0}
    )

    assert told.seconds_left == 3 * 1.0 + 1 * 9.0 + 60.0
    assert told.is_least
    assert not replace(told, expected={"known": 60.0, "unknown": 1.0}).is_least


def test_an_estimate_says_at_least_until_every_task_is_known():
    known = standing()
    guessed = replace(known, totals={**known.totals, "coding/new": 3})

    assert ", about 25 s left" in log_line(known)
    assert ", at least 25 s left" in log_line(guessed)


def test_scores_so_far_fit_in_one_line_best_first():
    scores = [ScoreSoFar(agent=f"agent{n}", score=100.0 / n, runs=n) for n in (1, 2, 3)]

    assert scores_line(scores, 3, 80) == "so far: agent1 100.0 (1 run), agent2 50.0 (2 runs), agent3 33.3 (3 runs)"
    assert scores_line(scores, 9, 61) == "so far: agent1 100.0 (1 run), agent2 50.0 (2 runs) and 7 more"
    assert scores_line(scores, 3, 10) == ""
    assert scores_line([], 0, 80) == ""
    assert any("so far: agent1" in line for line in live_lines(standing(), 80, scores))


def _reports(number: int, agent: str, weight: float, **outcomes: str) -> list[pytest.TestReport]:
    told = [(RUN, json.dumps([agent, "a", 0])), (CHECK, json.dumps({"check": "c", "weight": weight}))]
    made = [
        pytest.TestReport(f"t::{number}", ("t", 1, ""), {}, outcome, None, when, user_properties=told)
        for when, outcome in outcomes.items()
    ]
    for report in made:
        setattr(report, IS_CHECK, True)
    return made


def test_a_score_so_far_weighs_checks_and_leaves_void_ones_out():
    scores = ScoresSoFar()
    passed = {"setup": "passed", "call": "passed", "teardown": "passed"}
    reports = [
        *_reports(1, "half", 3, **passed),
        *_reports(2, "half", 1, call="failed", teardown="passed"),  # the agent's fault in a fixture
        *_reports(3, "half", 9, setup="failed", teardown="passed"),  # void
        *_reports(4, "none", 1, setup="passed", call="failed", teardown="passed"),
        *_reports(5, "void", 1, setup="failed", teardown="passed"),
        *_reports(6, "torn", 1, setup="passed", call="passed", teardown="failed"),
        *_reports(7, "full", 1, **passed),
    ]
    for report in reports:
        scores.pytest_runtest_logreport(report)
    scores.pytest_runtest_logreport(pytest.TestReport("other", ("t", 1, ""), {}, "passed", None, "call"))

    assert [(each.agent, each.score) for each in scores.now()] == [
        ("full", 100.0),
        ("half", 75.0),
        ("none", 0.0),
        ("torn", 0.0),
    ]


@pytest.mark.parametrize(("elapsed", "left"), [(5.0, 20.0), (10.0, 10.0), (80.0, 80.0)])
def test_once_it_has_settled_the_pace_is_what_was_seen_and_not_the_jobs(elapsed, left):
    paces = {"a": Pace(done=4, timed=4, seconds=40.0)}
    snapshot = Snapshot(tasks=paces, elapsed_seconds=elapsed)

    assert RunProgress(totals={"a": 8}, snapshot=snapshot, jobs=2).seconds_left == left


@pytest.mark.parametrize("columns", [20, 40, 59, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal(columns):
    lines = [STYLE.sub("", line) for line in live_lines(standing(), columns)]

    assert all(len(line) <= columns for line in lines)
    assert all(line.isprintable() for line in lines)
    assert any("naive" in line for line in lines)


@pytest.mark.parametrize("begun", [0, 3, 9, 30])
def test_the_region_grows_and_goes_and_no_line_above_it_is_lost(begun):
    terminal = Terminal(20, 12)
    region = LiveRegion(terminal, lambda: os.terminal_size((20, 12)))
    for height, number in enumerate(range(begun, begun + 4)):
        terminal.write("".join(f"line {n}\n" for n in range(0 if not height else number, number + 1)))
        region.show([f"live {n}" for n in range(1 + min(height, 2))])

        assert [line for line in terminal.lines if line.startswith("live")] == terminal.lines[-1 - min(height, 2) :]
        assert terminal.row < 12 - 1 - min(height, 2)

    region.close()
    terminal.write("the end\n")
    told = [line for line in terminal.lines if line]
    assert told == [*(f"line {n}" for n in range(begun + 4)), "the end"][-len(told) :]
    assert len(told) > min(begun + 4, 6)


def test_a_terminal_of_a_few_rows_is_left_alone():
    terminal = Terminal(80, 5)

    LiveRegion(terminal, lambda: os.terminal_size((80, 5))).show(["one"])

    assert not any(terminal.lines)


def test_what_workers_leave_is_gathered(tmp_path):
    one, other = standing().snapshot, standing(done=2).snapshot
    leave(tmp_path / "p", "gw0", {"coding/a": 10}, one)
    leave(tmp_path / "p", "gw1", {"coding/a": 10}, other)

    assert gathered(tmp_path / "p") == ({"coding/a": 10}, together([one, other]))
    assert gathered(tmp_path / "p")[1].done == 6
    tidy(tmp_path / "p")
    assert gathered(tmp_path / "p") == ({}, Snapshot())
