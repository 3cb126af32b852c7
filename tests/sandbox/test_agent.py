"""An agent finds what it was promised, and whatever it does, the result is an answer with an honest ending."""

import json

import pytest
from sandbox.sessions import answer_of

from bitsec_eval.core.answers.answer import Ending
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.api import Sandbox


def test_it_runs_like_python_agent_py_with_the_prompt(sandbox: Sandbox):
    look = (
        "import json, os, sys\n"
        "print(json.dumps([sys.argv, os.getcwd(), sorted(os.environ), __name__, os.path.isfile(__file__)]))\n"
    )

    answer = answer_of(sandbox, look, prompt='be\nkind, \u00fc "x" $HOME')

    argv, folder, names, name, is_file = json.loads(answer.text)
    assert argv == ["/tmp/agent/agent.py", "--task", 'be\nkind, \u00fc "x" $HOME']
    assert (folder, name, is_file) == ("/workspace", "__main__", True)
    assert names == ["HOME", "LANG", "PATH", "PYTHONHASHSEED", "TMPDIR", "TZ"]
    assert (answer.ending, answer.status, answer.fault) == (Ending.EXITED, "status 0", "")


def test_it_finds_its_workspace_whole_and_read_only(sandbox: Sandbox):
    files = {"src/a.sol": b"contract A {}", "deep/er/b.bin": bytes(range(256)) * 4096, "empty": b""}
    look = """
import hashlib, os
for path in ("src/a.sol", "deep/er/b.bin", "empty"):
    print(hashlib.sha256(open(path, "rb").read()).hexdigest())
for path in ("src/a.sol", "new", "src/new"):
    try:
        open(path, "w")
    except OSError as error:
        print(type(error).__name__)
"""
    answer = answer_of(sandbox, look, files=files)

    import hashlib

    digests = [hashlib.sha256(content).hexdigest() for content in files.values()]
    assert answer.text.split() == digests + ["PermissionError"] * 3


def test_exit_help_and_children_work_as_elsewhere(sandbox: Sandbox):
    agent = """
import multiprocessing, subprocess, sys, threading
def double(x):
    return 2 * x
if __name__ == "__main__":
    print(subprocess.run([sys.executable, "-c", "print('child')"], capture_output=True, text=True).stdout.strip())
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print(pool.map(double, [1, 2]))
    thread = threading.Thread(target=print, args=("thread",))
    thread.start()
    thread.join()
    open("/tmp/scratch", "w").write("x")
    exit(0)
"""
    answer = answer_of(sandbox, agent)

    assert answer.text.split("\n")[:3] == ["child", "[2, 4]", "thread"]
    assert answer.fault == "", answer.stderr


def test_a_traceback_names_the_agents_own_lines_only(sandbox: Sandbox):
    answer = answer_of(sandbox, "def f():\n    return 1 / 0\nf()\n")

    told = answer.stderr.decode()
    assert told.startswith('Traceback (most recent call last):\n  File "/tmp/agent/agent.py", line 3')
    assert "<string>" not in told
    assert answer.fault == (
        "the agent ended with status 1; its last line on stderr: ZeroDivisionError: division by zero"
    )


@pytest.mark.parametrize(
    ("source", "ending"),
    [
        ("while True: pass", Ending.TIMED_OUT),
        ("import time; time.sleep(1e6)", Ending.TIMED_OUT),
        (
            "import signal, time\n[signal.signal(n, signal.SIG_IGN) for n in (1, 2, 3, 15)]\ntime.sleep(99)",
            Ending.TIMED_OUT,
        ),
        ("import os, time\nos.close(1); os.close(2); time.sleep(99)", Ending.TIMED_OUT),
        ("b = []\nwhile True: b.append(bytearray(1 << 20))", Ending.OUT_OF_MEMORY),
        ("import os\nwhile True: os.write(1, b'x' * 65536)", Ending.TOO_LOUD),
        ("import os\nwhile True: os.write(2, b'x' * 65536)", Ending.TOO_LOUD),
        ("import os; os.abort()", Ending.CRASHED),
        ("import os; os.kill(os.getpid(), 9)", Ending.CRASHED),
        ("import ctypes; ctypes.string_at(0)", Ending.CRASHED),
        ("import sys; sys.exit(7)", Ending.EXITED),
    ],
)
def test_every_way_to_end_is_a_value(sandbox: Sandbox, source: str, ending: Ending):
    seconds = 2 if ending is Ending.TIMED_OUT else 60  # a busy machine takes its time to fill 96 MiB
    answer = answer_of(sandbox, source, limits=Limits(wall_seconds=seconds, memory_mib=64))

    assert answer.ending is ending, answer
    assert answer.fault


def test_the_deadline_is_the_hosts_and_is_kept(sandbox: Sandbox):
    answer = answer_of(sandbox, "while True: pass", limits=Limits(wall_seconds=1))

    assert 1.0 <= answer.seconds < 3


def test_output_at_the_limit_is_kept_and_one_byte_more_is_too_loud(sandbox: Sandbox):
    limits = Limits(wall_seconds=5, output_bytes=100_000)

    exact = answer_of(sandbox, "import os; os.write(1, b'x' * 100000)", limits=limits)
    over = answer_of(sandbox, "import os; os.write(1, b'x' * 100001)", limits=limits)

    assert (exact.ending, len(exact.stdout)) == (Ending.EXITED, 100_000)
    assert (over.ending, len(over.stdout)) == (Ending.TOO_LOUD, 100_000)


def test_a_daemonised_grandchild_does_not_outlive_the_agent(sandbox: Sandbox):
    agent = """
import os, sys, time
print("answer", flush=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(60)
    os._exit(0)
"""
    answer = answer_of(sandbox, agent)

    assert (answer.text, answer.ending) == ("answer\n", Ending.EXITED)
    assert answer.seconds < 3


def test_zombies_do_not_use_up_the_process_limit(sandbox: Sandbox):
    agent = """
import os
for _ in range(300):
    if os.fork() == 0:
        if os.fork() == 0:
            os._exit(0)
        os._exit(0)
    os.wait()
print("done")
"""
    assert answer_of(sandbox, agent, limits=Limits(wall_seconds=60)).text == "done\n"


def test_a_child_that_runs_out_of_memory_does_not_condemn_its_parent(sandbox: Sandbox):
    agent = """
import os
if os.fork() == 0:
    hoard = []
    while True:
        hoard.append(bytearray(1 << 20))
os.wait()
print("right")
"""
    answer = answer_of(sandbox, agent, limits=Limits(wall_seconds=5, memory_mib=64))

    assert (answer.text, answer.fault) == ("right\n", "")


def test_an_agent_cannot_hold_the_host_by_not_reading_while_it_writes(sandbox: Sandbox):
    files = {f"{number}.bin": bytes(1 << 20) for number in range(8)}

    answer = answer_of(
        sandbox, "import os\nwhile True: os.write(2, b'x')", files=files, limits=Limits(wall_seconds=1)
    )

    assert answer.ending is Ending.TIMED_OUT


def test_an_agent_that_is_not_python_fails_as_python_would(sandbox: Sandbox):
    for source in (b"def f(:\n", b"\xff\xfe\x00", b"# coding: nope\n"):
        answer = answer_of(sandbox, source)

        assert (answer.ending, answer.status) == (Ending.EXITED, "status 1")
        assert b"Error" in answer.stderr
