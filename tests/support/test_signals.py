"""A command that a shell started in the background takes SIGINT; without that, the signal does nothing."""

import signal
import subprocess
import sys

import pytest

WAITS = """
import sys, time
from bitsec_eval.support.signals import take_interrupts
try:
    with {context}:
        print("ready", flush=True)
        time.sleep(30)
except KeyboardInterrupt:
    sys.exit(77)
"""


def started(context: str) -> subprocess.Popen[str]:
    """The program as a non-interactive shell starts it with `&`."""
    code = WAITS.format(context=context).replace("import sys", "import contextlib, sys", 1)
    return subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )


def test_sigint_is_taken_where_it_was_ignored():
    with started("take_interrupts()") as process:
        process.stdout.readline()
        process.send_signal(signal.SIGINT)

        assert process.wait(10) == 77


def test_without_it_the_signal_does_nothing():
    with started("contextlib.nullcontext()") as process:
        process.stdout.readline()
        process.send_signal(signal.SIGINT)

        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        process.kill()
