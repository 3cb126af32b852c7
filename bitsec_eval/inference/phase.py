"""The end of an agent's phase: set once, seen by everybody who waits for something on the agent's behalf."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock


class PhaseOver:
    """Like `threading.Event`, but it can also wake those who wait for something else."""

    def __init__(self) -> None:
        self._event = Event()
        self._lock = Lock()
        self._callbacks: dict[object, Callable[[], None]] = {}

    def set(self) -> None:
        """End the phase and call everybody back; setting it twice is as good as once."""
        with self._lock:
            self._event.set()
            callbacks = list(self._callbacks.values())
        for callback in callbacks:
            callback()

    def is_set(self) -> bool:
        """Whether the phase is over."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait for the end of the phase, but not longer than `seconds`; True where it is over."""
        return self._event.wait(seconds)

    @contextmanager
    def calling(self, callback: Callable[[], None]) -> Iterator[None]:
        """Have `callback` called when the phase ends within the context, or at once where it has ended."""
        token = object()
        with self._lock:
            self._callbacks[token] = callback
            is_over = self._event.is_set()
        try:
            if is_over:
                callback()
            yield
        finally:
            with self._lock:
                del self._callbacks[token]
