"""The streams of a container that an OCI runtime starts: pipes that we made, and a file for what goes wrong."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CHUNK = 1 << 16


class PipeStream:
    """A `Transport` over pipes to a container's standard streams."""

    def __init__(self, complaints: Path) -> None:
        guests_in, self._writer = os.pipe()
        self._reader, guests_out = os.pipe()
        self._guests = (guests_in, guests_out)
        self._complaints = complaints
        for descriptor in (self._reader, self._writer):
            os.set_blocking(descriptor, False)

    @contextmanager
    def guests_ends(self) -> Iterator[tuple[int, int, int]]:
        """Lend the guest's ends, and a file for its complaints, to the process that passes them on."""
        complaints = os.open(self._complaints, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield (*self._guests, complaints)
        finally:
            for descriptor in (*self._guests, complaints):
                os.close(descriptor)
            self._guests = ()  # type: ignore[assignment]

    @property
    def complaint(self) -> bytes:
        """What process 1 or its runtime wrote on stderr."""
        return self._complaints.read_bytes()[-4096:] if self._complaints.exists() else b""

    def filenos(self) -> tuple[int, int]:
        """See `Transport.filenos`."""
        return self._reader, self._writer

    def read(self) -> bytes | None:
        """See `Transport.read`."""
        return os.read(self._reader, _CHUNK) or None

    def write(self, data: memoryview) -> int:
        """See `Transport.write`."""
        return os.write(self._writer, data)

    def close(self) -> None:
        """Hang up."""
        for descriptor in (self._reader, self._writer, *self._guests):
            os.close(descriptor)
