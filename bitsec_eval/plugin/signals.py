"""SIGTERM and SIGINT end an evaluation: what runs is removed, and what is known gets onto the board."""

import signal
from collections.abc import Generator
from threading import current_thread, main_thread

import pytest

from bitsec_eval.support.signals import take_interrupts


class Termination:
    """Takes SIGTERM while checks run: `systemctl stop`, `docker stop` and a cancelled job of CI send it.

    SIGINT is taken as well where a shell started pytest in the background, with that signal ignored.
    """

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        """Have it raise KeyboardInterrupt until everything is over."""
        if current_thread() is not main_thread():  # only there may signals be taken
            return (yield)
        before = signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            with take_interrupts():
                return (yield)
        finally:
            signal.signal(signal.SIGTERM, before)
