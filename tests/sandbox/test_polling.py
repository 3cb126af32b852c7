"""A process with a thousand sandboxes has descriptors beyond what select() knows."""

import fcntl
import resource
import socket
from collections.abc import Iterator

import pytest

from bitsec_eval.sandbox.protocol.polling import is_readable

BEYOND_SELECT = 1500


@pytest.fixture
def room() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, BEYOND_SELECT + 10), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_descriptor_of_any_number_can_be_waited_for(room: None):
    ours, theirs = socket.socketpair()
    with ours, theirs, socket.socket(fileno=fcntl.fcntl(ours.fileno(), fcntl.F_DUPFD, BEYOND_SELECT)) as high:
        assert not is_readable(high)

        theirs.send(b"x")

        assert is_readable(high, 5)
        assert is_readable(high.fileno())
