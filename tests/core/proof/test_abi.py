"""Arguments become the bytes that Solidity's ABI says, and bytes of an enemy's become values or are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitsec_eval.core.answers.values import ValueFault
from bitsec_eval.core.proof.abi import decode, encode

ADDRESS = "0x" + "ab" * 20
ORDER = {"type": "tuple", "components": [{"type": "address"}, {"type": "uint256[]"}, {"type": "string"}]}


def kinds(*names):
    return [{"type": name} for name in names]


def test_the_specifications_example_is_encoded_as_it_says():
    # f(uint256,uint32[],bytes10,bytes) with (0x123, [0x456, 0x789], "1234567890", "Hello, world!")
    encoded = encode(
        kinds("uint256", "uint32[]", "bytes10", "bytes"), (0x123, [0x456, 0x789], b"1234567890", b"Hello, world!")
    )

    words = [encoded[at : at + 32].hex().lstrip("0") for at in range(0, len(encoded), 32)]
    assert words[:2] == ["123", "80"]
    assert encoded[64:74] == b"1234567890"
    assert int.from_bytes(encoded[96:128], "big") == 0xE0
    assert encoded[-32:].rstrip(b"\0") == b"Hello, world!"


@pytest.mark.parametrize(
    ("types", "values"),
    [
        (kinds("int8", "bool", "address"), (-5, True, ADDRESS)),
        (kinds("uint256[2][]"), ([[1, 2], [3, 4]],)),
        (kinds("string[]", "bytes4"), (["a", "", "b" * 40], b"\1\2\3\4")),
        ([ORDER, {**ORDER, "type": "tuple[]"}], ((ADDRESS, [1, 2], "x"), [(ADDRESS, [], "")])),
    ],
)
def test_what_is_encoded_is_decoded_to_the_same(types, values):
    assert decode(types, encode(types, values)) == values


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("uint8", 256),
        ("uint256", -1),
        ("int8", 128),
        ("uint256", True),
        ("address", "0x12"),
        ("bytes4", b"123"),
        ("bool", 1),
        ("uint256[2]", [1]),
        ("string", 5),
        ("uint256", "1"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(name, value):
    with pytest.raises(ValueFault):
        encode(kinds(name), [value])


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_raise_anything_but_its_refusal(data):
    for types in (
        kinds("uint256[]", "string"),
        [ORDER],
        kinds("bool", "address", "int16"),
        kinds("bytes", "bytes2[]"),
    ):
        try:
            decode(types, data)
        except ValueFault:
            continue


def test_a_length_beyond_the_bytes_is_refused_before_anything_is_made():
    with pytest.raises(ValueFault, match="beyond what came back"):
        decode(kinds("uint256[]"), (32).to_bytes(32, "big") + (2**200).to_bytes(32, "big"))
