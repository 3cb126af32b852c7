"""The stream of `POST /containers/ID/attach`: our bytes go in raw, the guest's come out in the engine's own frames.

Each of the engine's frames has 8 bytes of header: the stream (1 stdout, 2 stderr), three zero bytes and a big-endian
length. The guest cannot forge it: its bytes arrive as payload.
Source: Docker Engine API, "Attach to a container", stream format.
"""

import socket
import ssl
import struct

_HEADER = struct.Struct(">BxxxI")
_STDOUT = 1
_CHUNK = 1 << 16
_COMPLAINT_BYTES = 4096


class DockerStream:
    """A `Transport` over the socket of an attached container."""

    def __init__(self, attached: socket.socket) -> None:
        self._socket = attached
        self._socket.setblocking(False)
        self._header = bytearray()
        self._stream = 0
        self._left = 0
        self._complaint = bytearray()

    def filenos(self) -> tuple[int, int]:
        """See `Transport.filenos`."""
        number = self._socket.fileno()
        return number, number

    def write(self, data: memoryview) -> int:
        """See `Transport.write`."""
        try:
            return self._socket.send(data)
        except ssl.SSLWantWriteError as error:
            raise BlockingIOError from error

    def read(self) -> bytes | None:
        """See `Transport.read`."""
        try:
            chunk = self._socket.recv(_CHUNK)
            while chunk and isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
                chunk += self._socket.recv(_CHUNK)  # decrypted already, so nobody would be told of it
        except ssl.SSLWantReadError as error:
            raise BlockingIOError from error
        return self._stdout_of(memoryview(chunk)) if chunk else None

    def _stdout_of(self, chunk: memoryview) -> bytes:
        found = bytearray()
        while chunk:
            if not self._left:
                chunk = self._take_header(chunk)
                continue
            part, chunk = chunk[: self._left], chunk[self._left :]
            self._left -= len(part)
            if self._stream == _STDOUT:
                found += part
            else:
                self._complain(part)
        return bytes(found)

    def _complain(self, part: memoryview) -> None:
        self._complaint += part[-_COMPLAINT_BYTES:]
        if len(self._complaint) > 2 * _COMPLAINT_BYTES:  # not each time: whoever writes byte by byte has none copied
            del self._complaint[:-_COMPLAINT_BYTES]

    @property
    def complaint(self) -> bytes:
        """The end of what process 1 wrote on stderr."""
        return bytes(self._complaint[-_COMPLAINT_BYTES:])

    def _take_header(self, chunk: memoryview) -> memoryview:
        wanted = _HEADER.size - len(self._header)
        self._header += chunk[:wanted]
        if len(self._header) == _HEADER.size:
            self._stream, self._left = _HEADER.unpack(self._header)
            self._header.clear()
        return chunk[wanted:]

    def close(self) -> None:
        """Hang up; the guest sees the end of its standard input."""
        self._socket.close()
