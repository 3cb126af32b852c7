"""Turn Ctrl-C and SIGTERM into a flag that work in progress looks at."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stop_on_signals() -> Iterator[Event]:
    """Return an event that the first of the signals sets; what was there before comes back at the end.

    For the main thread only.
    A process started meanwhile finds the signals at their defaults, also where they were ignored before.
    """
    stop = Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
