"""What a node tells of a guest is bytes, read back as what was told, and anything else is refused."""

import pickle

import pytest

from bitsec_eval.cluster.messages import MOST_BYTES, pack_fetched, pack_told, unpack_fetched, unpack_told
from bitsec_eval.core.answers.answer import Ending
from bitsec_eval.core.errors import KilledError, SandboxError
from bitsec_eval.sandbox.api import Frame, FrameKind

PICKLE = pickle.dumps(Ending.EXITED)


@pytest.mark.parametrize(
    "told",
    [Frame(FrameKind.STDOUT, b""), Frame(FrameKind.EXITED, b'{"status":0}'), Frame(FrameKind.STDERR, PICKLE)],
)
def test_a_frame_comes_back_as_it_was(told: Frame):
    assert list(unpack_told(pack_told(told))) == [told]


@pytest.mark.parametrize("ending", list(Ending))
def test_an_ending_comes_back(ending: Ending):
    assert list(unpack_told(pack_told(ending))) == [ending]


@pytest.mark.parametrize("kind", [SandboxError, KilledError])
def test_an_error_comes_back_as_its_kind_with_its_words(kind: type[SandboxError]):
    (told,) = unpack_told(pack_told(kind("no space left; make room")))

    assert type(told) is kind
    assert str(told) == "no space left; make room"


def test_several_come_in_order():
    told = [Frame(FrameKind.STDOUT, b"a"), Frame(FrameKind.STDOUT, b"b" * 70_000), Ending.CRASHED]

    assert list(unpack_told(b"".join(map(pack_told, told)))) == told


@pytest.mark.parametrize(
    "data",
    [
        *(b"?", PICKLE, b"E\0\0\0\4what", b"F\0\0\0\1?", b"\x80\0\0\0\0", "E\0\0\0\6exited", Ending.EXITED),
        pack_told(Frame(FrameKind.RUN_AGENT, b"no guest sends that")),
        pack_told(Frame(FrameKind.STDOUT, b"cut short"))[:-1],
        pack_fetched(7, b""),
        bytes(MOST_BYTES + 1),
    ],
    ids=range(11),
)
def test_what_no_node_of_ours_says_is_refused(data: bytes):
    with pytest.raises(SandboxError, match="speaks another version of bitsec-eval; install the same on all"):
        list(unpack_told(data))


def test_what_a_session_is_told_is_its_own():
    told = pack_told(Frame(FrameKind.STDOUT, b"a"))

    assert list(unpack_fetched(7, pack_fetched(7, told))) == [Frame(FrameKind.STDOUT, b"a")]
    for other in (pack_fetched(8, told), told, b"", b"N"):
        with pytest.raises(SandboxError, match="told what another sandbox's guest sent|speaks another version"):
            list(unpack_fetched(7, other))


def test_what_cannot_be_fetched_is_told_in_its_place():
    with pytest.raises(SandboxError, match="a sandbox was removed"):
        unpack_fetched(7, pack_told(SandboxError("a sandbox was removed")))
