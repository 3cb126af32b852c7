"""Wait for a descriptor, whatever its number: `select.select` knows none above 1023, and many sandboxes have many."""

import select
from typing import Protocol


class HasDescriptor(Protocol):
    """A socket, say."""

    def fileno(self) -> int:
        """Return the descriptor's number."""


def is_readable(source: int | HasDescriptor, seconds: float = 0.0) -> bool:
    """Return whether `source` has something to read, or has ended, within `seconds`."""
    poll = select.poll()
    poll.register(source, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
