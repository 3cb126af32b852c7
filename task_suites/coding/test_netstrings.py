"""Read and write netstrings: bytes in, bytes out, from a stream that may stop anywhere."""

import pytest

from bitsec_eval import SolutionError, Task

TASK = Task(
    prompt="""\
A netstring is a byte string written as its length in decimal ASCII digits, a colon, its bytes and a comma:
b"hello" is b"5:hello,", and b"" is b"0:,".
The length has at most 9 digits and no leading zero, unless it is 0.

encode(items: list[bytes]) -> bytes
    The netstrings of all items, one after another.
    An item that is not bytes raises TypeError with the message "item 2 is not bytes" (items count from 0).

decode(data: bytes) -> tuple[list[bytes], bytes]
    The items of the whole netstrings, and the bytes that are left where a last netstring is not complete yet.
    Data that no further bytes could make right raises ValueError with the message "bad netstring at byte 3",
    where 3 is the place, counted from 0, of the first byte that is wrong.
    After a leading 0 or nine digits only a colon is right.

Examples:
    encode([b"hi", b""]) == b"2:hi,0:,"
    decode(b"2:hi,3:ab") == ([b"hi"], b"3:ab")
    decode(b"2:hi;")  # raises ValueError: bad netstring at byte 4
""",
    timeout=10,
)


def _refuses(solution, places):
    """Check where data is found to be wrong, and that refusing is not all that happens."""
    assert solution.decode(b"4:good,1") == ([b"good"], b"1")
    for data, place in places.items():
        with pytest.raises(SolutionError, match=f"^ValueError: bad netstring at byte {place}$"):
            solution.decode(data.encode())


def test_writes_length_colon_bytes_comma(solution):
    assert solution.encode([b"netstring", b"", b"a" * 12]) == b"9:netstring,0:,12:aaaaaaaaaaaa,"


def test_writes_any_bytes(solution):
    assert solution.encode([bytes([0, 255, 10]), b"1:x,"]) == b"3:\x00\xff\n,4:1:x,,"


def test_reads_several_items(solution):
    assert solution.decode(b"3:one,0:,5:three,") == ([b"one", b"", b"three"], b"")


def test_reads_items_that_look_like_netstrings(solution):
    assert solution.decode(b"6:3:abc,,2:\xff,,") == ([b"3:abc,", b"\xff,"], b"")


@pytest.mark.weight(2)
def test_leaves_what_is_not_complete(solution):
    stream = b"1:a,12:twelve bytes,"

    assert solution.decode(stream) == ([b"a", b"twelve bytes"], b"")
    for end in range(5, len(stream)):
        assert solution.decode(stream[:end]) == ([b"a"], stream[4:end])


def test_reads_nothing_from_nothing(solution):
    assert [solution.decode(data) for data in (b"", b"7", b"1:z,")] == [([], b""), ([], b"7"), ([b"z"], b"")]


def test_refuses_a_missing_comma(solution):
    _refuses(solution, {"1:ab": 3, "2:ok,3:abc.": 10, "0:0": 2})


def test_refuses_a_length_that_is_not_one(solution):
    _refuses(solution, {"x": 0, "2:ok,-1:": 5, ":": 0, "12 :": 2, "1٣:": 1})


def test_refuses_leading_zeros_and_endless_lengths(solution):
    _refuses(solution, {"00:,": 1, "1:a,05:hello,": 5, "1234567890": 9})


def test_refuses_items_that_are_not_bytes(solution):
    assert solution.encode([b"wxyz"]) == b"4:wxyz,"
    for items, place in (["text"], 0), ([b"a", b"b", 7], 2), ([b"a", None, 7], 1):
        with pytest.raises(SolutionError, match=f"^TypeError: item {place} is not bytes$"):
            solution.encode(items)
