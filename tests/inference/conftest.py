"""A server of one's own for each test that asks for one."""

from collections.abc import Iterator

import pytest
from inference.server import Server, serving


@pytest.fixture
def upstream() -> Iterator[Server]:
    """An OpenAI-compatible server on loopback."""
    with serving() as server:
        yield server
