"""An evaluation in a process of its own ends when it is told to, and what went wrong is told in one line."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event, Thread

import pytest

from bitsec_eval.evaluate import process
from bitsec_eval.evaluate.process import Order, Stopped, evaluate
from bitsec_eval.evaluate.stopping import stop_on_signals
from bitsec_eval.evaluate.trouble import no_result, trouble
from bitsec_eval.support.signals import take_interrupts

TASK = "from bitsec_eval import Task\nTASK = Task(prompt='x')\ndef test_it(answer): pass\n"


def order(folder: Path, task: str = TASK, **more: object) -> Order:
    """Return an order for an agent that never gets to run."""
    (folder / "test_it.py").write_text(task)
    (folder / "a.py").write_text("print(1)\n")
    places = {"results": folder / "results", "junit": folder / "junit.xml", "log": folder / "log"}
    return Order(**{"agent": folder / "a.py", "tasks": (folder / "test_it.py",), **places, **more})


@pytest.mark.parametrize(
    ("task", "more", "words"),
    [
        (TASK, {"agent": Path("gone.py")}, "gone.py: no such file or folder; try --bitsec-agents=agents/"),
        ("TASK = 3\ndef test_it(answer): pass\n", {}, "TASK must be a bitsec_eval.Task, got int"),
        (TASK, {"more": ("--no-such-option",)}, "unrecognized arguments: --no-such-option"),
    ],
)
def test_the_reason_for_no_result_is_one_line(tmp_path: Path, task: str, more: dict, words: str):
    ordered = order(tmp_path, task, **more)

    assert evaluate(ordered, Event()) not in (0, 1)
    assert words in trouble(ordered.log)
    assert not ordered.junit.exists()


def test_a_task_that_cannot_be_collected_is_named_by_file_and_line_and_there_is_no_result(tmp_path: Path):
    good, typo, syntax, package = (tmp_path / f"test_{name}.py" for name in ("it", "typo", "syntax", "package"))
    typo.write_text(TASK.replace("prompt=", "promt="))
    syntax.write_text("def f(:\n")
    package.write_text("\nimport no_such_package\n")
    wanted = {
        typo: f"{typo.name}:2: TypeError: Task.__init__() got an unexpected keyword argument 'promt'"
        "; did you mean prompt?",
        syntax: f"{syntax.name}:1: SyntaxError: invalid syntax",
        package: f"{package.name}:2: ModuleNotFoundError: No module named 'no_such_package'",
    }
    for broken, words in wanted.items():
        for more in ((), ("--continue-on-collection-errors", "--collect-only")):
            ordered = order(tmp_path, tasks=(good, broken), more=more)
            reason = no_result(evaluate(ordered, Event()), ordered)

            assert reason.startswith("not evaluated (pytest ended with ")
            assert reason.endswith(words), reason


def test_several_broken_files_are_counted(tmp_path: Path):
    for name in "bcd":
        (tmp_path / f"test_{name}.py").write_text("import no_such_package\n")
    ordered = order(tmp_path, tasks=(tmp_path,))

    assert no_result(evaluate(ordered, Event()), ordered).endswith(" (and 2 more)")


def test_an_empty_log_is_told_too(tmp_path: Path):
    (tmp_path / "log").touch()

    assert trouble(tmp_path / "log") == "pytest said nothing"


SLOW = """
import signal, subprocess, time
{ignoring}
print(subprocess.Popen(["sleep", "300"]).pid, flush=True)
time.sleep(300)
"""


def pid_in(log: Path) -> int:
    """Wait for the process that the task started, and return its id."""
    until = time.monotonic() + 60
    while not (log.exists() and log.read_text().strip()):
        assert time.monotonic() < until
        time.sleep(0.1)
    return int(log.read_text().split()[0])


def ends(pid: int, within_seconds: float = 10) -> bool:
    """Whether a killed process is gone soon, or a zombie that waits for an init."""
    until = time.monotonic() + within_seconds
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("ignoring", ["", "signal.signal(signal.SIGINT, signal.SIG_IGN)"])
def test_a_stopped_evaluation_is_gone_with_all_it_started(tmp_path: Path, monkeypatch, ignoring: str):
    if ignoring:
        monkeypatch.setattr(process, "STOP_SECONDS", 1.0)
    ordered = order(tmp_path, SLOW.format(ignoring=ignoring), more=("-s",))
    stop = Event()
    Thread(target=lambda: (pid_in(ordered.log), stop.set())).start()

    with take_interrupts(), pytest.raises(Stopped) as stopped:  # these tests may run in a shell's background
        evaluate(ordered, stop)

    assert stopped.value.forced is bool(ignoring)
    assert ends(pid_in(ordered.log))


def test_signals_become_a_flag_and_what_was_there_comes_back():
    before = signal.getsignal(signal.SIGTERM)
    with stop_on_signals() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.wait(5)

    assert signal.getsignal(signal.SIGTERM) is before


def test_an_evaluation_started_where_ctrl_c_is_ignored_can_still_be_stopped(tmp_path: Path):
    order(tmp_path, SLOW.format(ignoring=""))
    program = f"""
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell does for what it starts in the background
from threading import Thread
from bitsec_eval.evaluate.process import *
from bitsec_eval.evaluate.stopping import stop_on_signals
from tests.evaluate.test_evaluation_process import pid_in
folder = Path({str(tmp_path)!r})
with stop_on_signals() as stop:
    Thread(target=lambda: (pid_in(folder / "log"), stop.set())).start()
    try:
        evaluate(Order(agent=folder / "a.py", tasks=(folder / "test_it.py",), results=folder,
                       junit=folder / "x.xml", log=folder / "log", more=("-s",)), stop)
    except Stopped as stopped:
        print(stopped.forced)
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])

    assert done.stdout == "False\n"
