"""No bytes make a reader raise anything but its own refusal: random ones, and good ones that were damaged.

BITSEC_LONG=1 tries a hundred times as many; `python tests/fuzz/with_atheris.py --seconds 600` goes by coverage.
"""

import os

import pytest
from fuzz.readers import NUMBER, READERS, VALUE, read
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from long import LONG

from bitsec_eval.agent_check.process import check
from bitsec_eval.core.answers.values import DEPTH, ValueFault, decode, dumps, encode, loads
from bitsec_eval.sandbox.guest import runner
from bitsec_eval.sandbox.protocol.frames import FRAME_BYTES, FrameReader, MalformedFrame, pack

CASES = int(os.environ.get("BITSEC_FUZZ_CASES", 30_000 if LONG else 300))
MANY = settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))
DAMAGE = st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 12), st.binary(max_size=12)), max_size=4)
TOKENS = (b"[" * 70, b"]", b"{", b"}", b'"', b"NaN", b"1e999", b"9" * 5000, b"\\ud800", b"\x00", b"\xff", b",", b":")


def damaged(data: bytes, damage: list[tuple[int, int, bytes]]) -> bytes:
    """Replace a few bytes at a few places, by others or by what readers trip over."""
    for at, length, instead in damage:
        start = at % (len(data) + 1)
        put = instead if at % 3 else TOKENS[at % len(TOKENS)]
        data = data[:start] + put + data[start + length :]
    return data


@pytest.mark.parametrize("name", READERS)
def test_any_bytes_are_read_or_refused(name: str):
    @MANY
    @given(st.binary(max_size=200))
    def run(data: bytes) -> None:
        read(name, data)

    run()


@pytest.mark.parametrize("name", READERS)
def test_good_bytes_that_were_damaged_are_read_or_refused(name: str):
    @MANY
    @given(st.sampled_from(READERS[name].examples), DAMAGE)
    def run(example: bytes, damage: list[tuple[int, int, bytes]]) -> None:
        read(name, damaged(example, damage))

    run()


def test_every_example_is_good():
    for name in ("frames", "values", "endings", "reports", "junit"):
        READERS[name].read(READERS[name].examples[0])
    READERS["replies"].read(dumps({"id": NUMBER, "value": encode(VALUE)}))


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text() | st.integers(), inner)
        | st.frozensets(st.integers() | st.text())
        | st.sets(st.integers() | st.text())
    ),
    max_leaves=20,
)


def typed(value: object) -> object:
    """Return a value in which equal things of different types differ."""
    if isinstance(value, dict):
        return ("dict", [(typed(key), typed(item)) for key, item in value.items()])
    if isinstance(value, (list, tuple)):
        return (type(value), [typed(item) for item in value])
    return (type(value), value)


@MANY
@given(PLAIN)
def test_a_value_crosses_both_ways_as_it_is(value: object):
    worker = object.__new__(runner.Worker)
    worker.objects = []

    there = worker.decode(loads(dumps(encode(value))))
    back = decode(loads(dumps(worker.encode(there))))

    assert typed(there) == typed(back) == typed(value)


class Stream(RuleBasedStateMachine):
    """A stream of frames in any pieces, until somebody writes what is no frame: then nothing more is read."""

    def __init__(self) -> None:
        super().__init__()
        self.reader = FrameReader()
        self.sent: list[tuple[str, bytes]] = []
        self.read: list[tuple[str, bytes]] = []
        self.pending = b""
        self.spoiled = False

    @precondition(lambda self: not self.spoiled)
    @rule(kind=st.sampled_from("HBOEXVDQ"), payload=st.binary(max_size=300))
    def send(self, kind: str, payload: bytes) -> None:
        self.sent.append((kind, payload))
        self.pending += pack(kind, payload)

    @precondition(lambda self: not self.spoiled)
    @rule(length=st.integers(FRAME_BYTES + 1, (1 << 32) - 1))
    def spoil(self, length: int) -> None:
        self.pending += length.to_bytes(4, "big") + b"O"
        self.spoiled = True

    @rule(size=st.integers(1, 64))
    def arrive(self, size: int) -> None:
        self.reader.feed(self.pending[:size])
        self.pending = self.pending[size:]
        try:
            while frame := self.reader.pop():
                self.read.append(tuple(frame))
        except MalformedFrame:
            assert self.spoiled
            assert self.read == self.sent

    @invariant()
    def what_was_read_is_what_was_sent(self) -> None:
        assert self.read == self.sent[: len(self.read)]


Stream.TestCase.settings = settings(max_examples=CASES // 3, deadline=None, stateful_step_count=40)
test_a_stream_is_read_in_any_pieces = Stream.TestCase


BOMBS = {
    "additions": b"x = " + b"1+" * 60_000 + b"1",
    "attributes": b"x = a" + b".b" * 60_000,
    "calls": b"x = a" + b"()" * 60_000,
    "subscripts": b"x = a" + b"[0]" * 40_000,
    "minuses": b"x = " + b"-" * 100_000 + b"1",
    "nots": b"x = " + b"not " * 50_000 + b"1",
    "powers": b"x = " + b"2**" * 50_000 + b"1",
    "lambdas": b"x = " + b"lambda:" * 30_000 + b"1",
    "elifs": b"if a: pass\n" + b"elif a: pass\n" * 15_000,
    "ternaries": b"x = " + b"1 if a else " * 15_000 + b"1",
    "f-string": b'x = f"' + b"{1}" * 70_000 + b'"',
    "lines": b"a\n" * 120_000,
    "comprehensions": b"x = [a " + b"for a in b " * 20_000 + b"]",
    "parentheses": b"x = " + b"(" * 201 + b")" * 201,
    "indents": b"".join(b" " * depth + b"if a:\n" for depth in range(101)) + b" " * 101 + b"pass\n",
    "digits": b"x = " + b"9" * 200_000,
    "escapes": b"x = '" + b"\\z" * 100_000 + b"'",
}


@pytest.mark.parametrize("name", BOMBS)
def test_source_that_crashes_parsers_is_judged_in_seconds_and_crashes_nobody(name: str):
    import time

    started = time.process_time()
    checked = check(BOMBS[name] + b'\nif __name__ == "__main__":\n    print("--task")\n')

    assert time.process_time() - started < 25
    assert checked.refusal is None or checked.refusal.reason in ("too_complex", "syntax_error")


def test_depth_is_limited_on_both_sides():
    value: list = []
    for _ in range(DEPTH + 2):
        value = [value]

    with pytest.raises(ValueFault, match="nests deeper than 60 levels"):
        encode(value)
    worker = object.__new__(runner.Worker)
    with pytest.raises(runner.Fault, match="nests deeper than 60 levels"):
        worker.encode(value)
