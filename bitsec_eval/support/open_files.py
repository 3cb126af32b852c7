"""How many files this process may have open: as many as the system lets it have without asking anybody."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager

MOST = 65_536
"""More would cost whoever walks through all of them, as some programs do that are started from here."""


def most_open_files() -> int:
    """Return how many files `many_open_files` allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(soft, min(hard, MOST)) if hard != resource.RLIM_INFINITY else max(soft, MOST)


@contextmanager
def many_open_files() -> Iterator[None]:
    """Let this process have so many, and as many as before when the context is left."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_open_files(), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
