"""ConnectionPool to the provider: clients of at most 50 connections each, so that no pool of theirs becomes a queue.

A client's pool looks through all of its connections for each request, and beyond some 150 that takes longer than the
request itself. How many calls go out at once is decided by our own limiter, never here.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock

import httpx

from bitsec_eval.inference.provider.settings import Provider

CONNECTIONS_EACH = 50


class ConnectionPool:
    """As many clients as the provider's concurrency needs; each call gets the one with the fewest calls."""

    def __init__(self, provider: Provider) -> None:
        count = -(-provider.concurrency // CONNECTIONS_EACH)
        self._clients = [_client(provider) for _ in range(count)]
        self._busy = [0] * count
        self._lock = Lock()

    @contextmanager
    def client(self) -> Iterator[httpx.Client]:
        """Lend a client for one call."""
        with self._lock:
            place = min(range(len(self._busy)), key=self._busy.__getitem__)
            self._busy[place] += 1
        try:
            yield self._clients[place]
        finally:
            with self._lock:
                self._busy[place] -= 1

    def close(self) -> None:
        """Close every connection."""
        with ExitStack() as closing:
            for client in self._clients:
                closing.callback(client.close)


def _client(provider: Provider) -> httpx.Client:
    # One more than will ever be used at once: a request of our own to the provider needs no place of the limiter.
    limits = httpx.Limits(max_connections=2 * CONNECTIONS_EACH, max_keepalive_connections=CONNECTIONS_EACH)
    return httpx.Client(
        base_url=provider.base_url.rstrip("/") + "/",
        headers={"Authorization": f"Bearer {provider.key}"} if provider.key else {},
        timeout=provider.try_seconds,
        limits=limits,
    )
