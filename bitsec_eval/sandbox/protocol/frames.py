"""Frames: a 4-byte big-endian payload length, one byte of kind, the payload.

The guest's side is in `guest/runner.py`. This side reads bytes that an enemy may have written.
"""

import struct

from bitsec_eval.sandbox.api import Frame, FrameKind

HEADER = struct.Struct(">IB")
FRAME_BYTES = (1 << 20) + 4096
"""The longest payload a guest may send; a longer one is refused before it is held in memory."""

GUEST_KINDS = {
    ord(kind): kind
    for kind in (
        FrameKind.HELLO,
        FrameKind.BEGUN,
        FrameKind.STDOUT,
        FrameKind.STDERR,
        FrameKind.EXITED,
        FrameKind.REPLY,
        FrameKind.WORKER_EXITED,
        FrameKind.LLM_REQUEST,
    )
}
"""The kinds that a guest sends, by their byte."""


class MalformedFrame(Exception):  # noqa: N818 - what the guest did, not an error of ours
    """Bytes from the guest that no runner of ours writes."""


def pack(kind: str, payload: bytes) -> bytes:
    """Return the bytes of one frame."""
    return HEADER.pack(len(payload), ord(kind)) + payload


class FrameReader:
    """Cuts a stream of bytes into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the stream."""
        self._buffer += chunk

    def pop(self) -> Frame | None:
        """Return the next whole frame, or None until more bytes come.

        Raises:
            MalformedFrame: the next header is none of ours.
        """
        if len(self._buffer) < HEADER.size:
            return None
        length, code = HEADER.unpack_from(self._buffer)
        kind = GUEST_KINDS.get(code)
        if length > FRAME_BYTES or kind is None:
            raise MalformedFrame(f"a frame of kind {chr(code)!r} and {length} bytes")
        end = HEADER.size + length
        if len(self._buffer) < end:
            return None
        with memoryview(self._buffer) as whole:
            payload = bytes(whole[HEADER.size : end])
        del self._buffer[:end]  # which moves nothing: a bytearray only takes note of where it begins
        return Frame(kind, payload)
