"""Ctrl-C for commands that a shell started in the background, where SIGINT is ignored from the start."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread


@contextmanager
def take_interrupts() -> Iterator[None]:
    """Have SIGINT raise KeyboardInterrupt, also where it was ignored when the process started.

    A non-interactive shell starts `COMMAND &` with SIGINT ignored, and Python leaves it so: `kill -INT` would do
    nothing. Outside the main thread, where no signal can be taken, this does nothing.
    """
    if current_thread() is not main_thread() or signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
