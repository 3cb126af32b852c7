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
from bitsec_eval.sandbox.protocol.frames import FRAME_BYTES, GUEST_KINDS

HEADER = struct.Struct(">cI")
HELD_BYTES = 4 << 20
"""How much of one guest's output may wait on its node, and as much at home; the guest waits when there is more."""

MOST_BYTES = HELD_BYTES + 2 * FRAME_BYTES
"""More than a node of ours says at once."""

Told = Frame | Ending | SandboxError


NUMBER = struct.Struct(">Q")
OTHER_VERSION = "a node speaks another version of bitsec-eval; install the same on all"


class Tag(bytes, Enum):
    """What a message holds."""

    SESSION = b"N"
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
        SandboxError: it is not what `pack_told` makes of what a guest may send: that node runs another version.
    """
    if not isinstance(data, bytes | bytearray | memoryview) or len(data) > MOST_BYTES:
        raise SandboxError(OTHER_VERSION)
    place = 0
    while place < len(data):
        try:
            tag, length = HEADER.unpack_from(data, place)
            payload = bytes(data[place + HEADER.size : place + HEADER.size + length])
            if len(payload) != length:
                raise ValueError("cut short")
            place += HEADER.size + length
            yield _told(Tag(tag), payload)
        except (struct.error, ValueError, IndexError) as error:
            raise SandboxError(OTHER_VERSION) from error


def pack_fetched(number: int, messages: bytes) -> bytes:
    """Return messages with the number of the session that they are of."""
    return _message(Tag.SESSION, NUMBER.pack(number)) + messages


def unpack_fetched(number: int, data: bytes) -> Iterator[Told]:
    """Yield the messages of a session, in order.

    Raises:
        SandboxError: they are no messages, or another session's.
    """
    start = _message(Tag.SESSION, NUMBER.pack(number))
    if isinstance(data, bytes | bytearray | memoryview) and bytes(data[: len(start)]) == start:
        return unpack_told(data[len(start) :])
    told = next(unpack_told(data), None)
    raise told if isinstance(told, SandboxError) else SandboxError("a node told what another sandbox's guest sent")


def _message(tag: Tag, payload: bytes) -> bytes:
    return HEADER.pack(tag.value, len(payload)) + payload


def _told(tag: Tag, payload: bytes) -> Told:
    if tag is Tag.SESSION:
        raise ValueError("that begins an answer and is in none")
    if tag is Tag.FRAME:
        sent = FrameKind(payload[:1].decode("ascii"))
        if ord(sent) not in GUEST_KINDS:
            raise ValueError("no guest sends that")
        return Frame(sent, payload[1:])
    if tag is Tag.ENDING:
        return Ending(payload.decode("ascii"))
    kind = KilledError if tag is Tag.KILLED else SandboxError
    return kind(payload.decode("utf-8", "replace"))
