"""Messages between a node and the driver of one session, as bytes: frames, the ending, or why there is neither.

Dask carries bytes as they are and pickles everything else, so nothing that a guest sent is ever anything but bytes.

A message is a 1-byte tag, a 4-byte big-endian length and the payload: a frame (its kind, then its payload), an
ending's name, or an error's text.
"""

import struct
from collections.abc import Iterator
from enum import Enum

from bitsec_eval.core.answers.answer import Ending
from bitsec_eval.core.errors import KilledError, SandboxError
from bitsec_eval.sandbox.api import Frame, FrameKind

HEADER = struct.Struct(">cI")
Told = Frame | Ending | SandboxError


class Tag(bytes, Enum):
    """What a message holds."""

    FRAME = b"F"
    ENDING = b"E"
    KILLED = b"K"
    FAULT = b"S"


def pack_told(told: Told) -> bytes:
    """Return one message."""
    if isinstance(told, Frame):
        return _message(Tag.FRAME, told.kind.value.encode("ascii") + told.payload)
    if isinstance(told, Ending):
        return _message(Tag.ENDING, told.value.encode("ascii"))
    tag = Tag.KILLED if isinstance(told, KilledError) else Tag.FAULT
    return _message(tag, str(told).encode("utf-8", "backslashreplace"))


def unpack_told(data: bytes) -> Iterator[Told]:
    """Yield the messages of `data`, in order.

    Raises:
        SandboxError: it is not what `pack_told` makes: that node runs another version.
    """
    place = 0
    while place < len(data):
        try:
            tag, length = HEADER.unpack_from(data, place)
            payload = data[place + HEADER.size : place + HEADER.size + length]
            place += HEADER.size + length
            yield _told(Tag(tag), payload)
        except (struct.error, ValueError, IndexError) as error:
            raise SandboxError("a node speaks another version of bitsec-eval; install the same on all") from error


def _message(tag: Tag, payload: bytes) -> bytes:
    return HEADER.pack(tag.value, len(payload)) + payload


def _told(tag: Tag, payload: bytes) -> Told:
    if tag is Tag.FRAME:
        return Frame(FrameKind(payload[:1].decode("ascii")), payload[1:])
    if tag is Tag.ENDING:
        return Ending(payload.decode("ascii"))
    kind = KilledError if tag is Tag.KILLED else SandboxError
    return kind(payload.decode("utf-8", "replace"))
