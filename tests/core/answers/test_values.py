"""Plain values survive the crossing type-exact, and nothing an enemy writes does more than raise `ValueFault`."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitsec_eval.core.answers.values import DEPTH, SAME_HASH, HandleRef, ValueFault, decode, dumps, encode, loads

HASHABLE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3),
    max_leaves=5,
)
PLAIN = st.recursive(
    HASHABLE,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(HASHABLE, inner, max_size=4)
        | st.sets(HASHABLE, max_size=4)
        | st.tuples(inner)
    ),
    max_leaves=12,
)


def shape(value: object) -> object:
    """Return the value with its types spelled out, so that 1, True and 1.0 differ."""
    if isinstance(value, dict):
        return "dict", [(shape(key), shape(item)) for key, item in value.items()]
    if isinstance(value, (list, tuple)):
        return type(value).__name__, [shape(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return type(value).__name__, sorted(map(repr, map(shape, value)))
    return type(value).__name__, repr(value)


@given(PLAIN)
def test_a_plain_value_comes_back_as_it_was_to_its_types(value: object):
    assert shape(decode(loads(dumps(encode(value))))) == shape(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.0, 10**4000, "\ud800", b"", HandleRef(3, "X")])
def test_odd_values_come_back_too(value: object):
    assert repr(decode(loads(dumps(encode(value))))) == repr(value)


@pytest.mark.parametrize("value", [object(), 1j, bytearray(), range(3), type("E", (list,), {})(), [{1: {object()}}]])
def test_what_is_not_plain_is_refused(value: object):
    with pytest.raises(ValueFault, match="is not plain data"):
        encode(value)


def test_a_value_that_nests_too_deep_is_refused_on_both_ways():
    deep: list = []
    form: list = ["l", []]
    for _ in range(DEPTH + 1):
        deep, form = [deep], ["l", [form]]

    for act in (lambda: encode(deep), lambda: decode(form)):
        with pytest.raises(ValueFault, match="nests deeper than 60 levels"):
            act()


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner)))
def test_any_json_decodes_or_is_refused(form: object):
    try:
        decode(form)
    except ValueFault as fault:
        assert str(fault)


@given(st.sampled_from("nbifsyltSFdhx"), st.lists(st.none() | st.booleans() | st.integers() | st.text()))
def test_any_tagged_form_decodes_or_is_refused(tag: str, rest: list):
    try:
        decode([tag, *rest])
    except ValueFault as fault:
        assert str(fault)


@given(st.binary(max_size=200))
def test_any_bytes_load_or_are_refused(payload: bytes):
    try:
        loads(payload)
    except ValueFault as fault:
        assert str(fault)


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"[" * 100_000, "nests too deep"),
        (b"[NaN]", "NaN in a message"),
        (b"[Infinity]", "Infinity in a message"),
        (b'{"value":1,"value":2}', "a duplicate key"),
        (b"9" * 10_000, "an int out of bounds"),
        (b"\xff\xfe[\x00", "not JSON"),
        ('["é"]'.encode(), "not JSON"),
        (b"[1] x", "not JSON"),
    ],
)
def test_hostile_messages_are_refused_by_name(payload: bytes, words: str):
    with pytest.raises(ValueFault, match=words):
        loads(payload)


@pytest.mark.parametrize(
    "form",
    [
        ["b", 1],
        ["i", "1_0"],
        ["i", " 1"],
        ["i", "zz"],
        ["i", "0x" + "f" * 300_000],
        ["f", "1e400000000p9999999999999999999"],
        ["f", 1.0],
        ["s", 1],
        ["y", "abc"],
        ["S", [["l", []]]],
        ["d", [[["l", []], ["n"]]]],
        ["d", [[["n"]]]],
        ["n", 0],
        ["h", "1", "x"],
        [[]],
        [],
        {},
    ],
)
def test_forms_that_no_value_has_are_refused(form: object):
    with pytest.raises(ValueFault):
        decode(form)


def test_a_set_made_to_collide_is_refused_before_it_costs_the_host_its_time():
    modulus = (1 << 61) - 1
    attack = ["S", [["i", hex(7 + number * modulus)] for number in range(SAME_HASH + 2)]]

    with pytest.raises(ValueFault, match="too many elements of one hash"):
        decode(attack)


def test_the_guest_writes_and_reads_the_same_form():
    from bitsec_eval.sandbox.guest import runner

    worker = runner.Worker.__new__(runner.Worker)
    worker.objects = []
    value = {"a": [1, True, 1.5, None, b"x", ("t", {2}, frozenset({3}))], 10**50: "\ud800"}

    assert shape(decode(json.loads(json.dumps(worker.encode(value))))) == shape(value)
    assert shape(worker.decode(json.loads(json.dumps(encode(value))))) == shape(value)
