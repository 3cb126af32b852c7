"""A sandbox that a check lost: the check is made again."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bitsec_eval.core.errors import SandboxError
from bitsec_eval.plugin.running.checked_run import USED


class Loss:
    """What a check lost, if anything; see `CanFail`."""

    fault: Exception | None = None


@contextmanager
def losses(item: pytest.Item) -> Iterator[None]:
    """Have a check made again whose sandbox was lost."""
    item.stash[USED] = loss = Loss()
    try:
        yield
    except SandboxError as error:
        loss.fault = error
        raise
