"""The channel: frames out of any bytes in any pieces, and no guest that makes the host wait or grow."""

import os
import socket
import struct
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitsec_eval.core.answers.answer import Ending
from bitsec_eval.sandbox.api import Frame
from bitsec_eval.sandbox.docker.stream import DockerStream
from bitsec_eval.sandbox.protocol.channel import Channel
from bitsec_eval.sandbox.protocol.frames import FRAME_BYTES, FrameReader, MalformedFrame, pack

FRAMES = st.lists(st.tuples(st.sampled_from("HBOEXVD"), st.binary(max_size=300)), max_size=8)


@given(FRAMES, st.lists(st.integers(1, 50), min_size=1))
def test_frames_come_out_as_they_went_in_however_the_stream_is_cut(frames: list, cuts: list[int]):
    stream = b"".join(pack(kind, payload) for kind, payload in frames)
    reader, found, at = FrameReader(), [], 0
    while at < len(stream):
        size = cuts[at % len(cuts)]
        reader.feed(stream[at : at + size])
        at += size
        while frame := reader.pop():
            found.append(tuple(frame))

    assert found == frames


@given(st.binary(max_size=400))
def test_any_bytes_are_frames_or_refused(stream: bytes):
    reader = FrameReader()
    reader.feed(stream)
    try:
        while reader.pop():
            pass
    except MalformedFrame as fault:
        assert "a frame of kind" in str(fault)


@pytest.mark.parametrize("length", [0xFFFFFFFF, FRAME_BYTES + 1, 1 << 31])
def test_a_huge_length_is_refused_before_any_of_it_is_held(length: int):
    reader = FrameReader()
    reader.feed(struct.pack(">IB", length, ord("O")))

    with pytest.raises(MalformedFrame):
        reader.pop()


class Pipe:
    """A transport over one end of a socket pair."""

    def __init__(self) -> None:
        self.ours, self.guests = socket.socketpair()
        self.ours.setblocking(False)

    def filenos(self) -> tuple[int, int]:
        return self.ours.fileno(), self.ours.fileno()

    def read(self) -> bytes | None:
        return self.ours.recv(65536) or None

    def write(self, data: memoryview) -> int:
        return self.ours.send(data)


@pytest.fixture
def pipe():
    pipe = Pipe()
    yield pipe
    pipe.ours.close()
    pipe.guests.close()


def soon(seconds: float = 5.0) -> float:
    return time.monotonic() + seconds


def test_a_frame_is_received_and_a_closed_stream_is_told(pipe: Pipe):
    channel = Channel(pipe, 1000, 1000)
    pipe.guests.sendall(pack("O", b"hi"))
    pipe.guests.close()

    assert channel.receive(soon()) == Frame("O", b"hi")
    assert channel.receive(soon()) is None


def test_the_deadline_ends_the_wait(pipe: Pipe):
    started = time.monotonic()

    assert Channel(pipe, 1000, 1000).receive(soon(0.2)) is Ending.TIMED_OUT
    assert 0.19 < time.monotonic() - started < 1


def test_more_bytes_than_allowed_are_too_loud(pipe: Pipe):
    channel = Channel(pipe, 10, 1000)
    pipe.guests.sendall(pack("O", b"x" * 20))

    assert channel.receive(soon()) == Frame("O", b"x" * 20)
    assert channel.receive(soon()) is Ending.TOO_LOUD


def test_more_frames_than_allowed_are_too_loud_until_it_is_put_to_another_use(pipe: Pipe):
    channel = Channel(pipe, 1 << 20, 3)
    pipe.guests.sendall(pack("E", b"") * 7)

    assert [channel.receive(soon()) for _ in range(4)] == [*[Frame("E", b"")] * 3, Ending.TOO_LOUD]
    channel.reset_output_quota()
    assert [channel.receive(soon()) for _ in range(3)] == [Frame("E", b"")] * 3


def test_what_is_there_already_is_not_late(pipe: Pipe):
    channel = Channel(pipe, 1 << 20, 1000)
    pipe.guests.sendall(pack("X", b"{}"))

    assert channel.receive(time.monotonic() - 1) == Frame("X", b"{}")
    assert channel.receive(time.monotonic() - 1) is Ending.TIMED_OUT


def test_bytes_that_are_no_frame_are_malformed(pipe: Pipe):
    pipe.guests.sendall(b"PASSED\n" * 10)

    assert Channel(pipe, 1000, 1000).receive(soon()) is Ending.MALFORMED


def test_a_guest_that_floods_and_never_reads_cannot_block_what_is_sent_to_it(pipe: Pipe):
    channel = Channel(pipe, 1 << 20, 1000)
    channel.send("P", bytes(8 << 20))

    def flood() -> None:
        try:
            while True:
                pipe.guests.send(pack("E", b"x" * 1000))
        except OSError:
            return

    threading.Thread(target=flood, daemon=True).start()
    heard = channel.receive(soon())
    while isinstance(heard, Frame):
        heard = channel.receive(soon())

    assert heard is Ending.TOO_LOUD


def test_all_that_was_sent_arrives_in_order(pipe: Pipe):
    channel = Channel(pipe, 1 << 20, 1000)
    payload = os.urandom(3 << 20)
    channel.send("P", payload)
    channel.send("A", b"end")
    got = bytearray()

    def read() -> None:
        while not got.endswith(b"end"):
            got.extend(pipe.guests.recv(65536))
        pipe.guests.sendall(pack("B", b""))

    threading.Thread(target=read, daemon=True).start()

    assert channel.receive(soon(20)) == Frame("B", b"")
    assert bytes(got) == pack("P", payload) + pack("A", b"end")


@given(st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=100)), max_size=8), st.integers(1, 30))
def test_the_engines_own_frames_are_taken_off_wherever_they_are_cut(parts: list, cut: int):
    ours, engine = socket.socketpair()
    stream = DockerStream(ours)
    raw = b"".join(struct.pack(">BxxxI", kind, len(part)) + part for kind, part in parts)
    found = bytearray()
    for at in range(0, len(raw), cut):
        engine.sendall(raw[at : at + cut])
        found += stream.read() or b""
    engine.close()

    assert bytes(found) == b"".join(part for kind, part in parts if kind == 1)
    assert stream.read() is None
    assert stream.complaint == b"".join(part for kind, part in parts if kind == 2)[-4096:]
    ours.close()
