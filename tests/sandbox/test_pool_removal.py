"""However slow an engine is to remove them, sandboxes whose runs are over never pile up."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.pool import pooled


class SlowToRemove:
    """A sandbox whose sessions take a while to be gone, counted at once."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self._lock = Lock()

    @contextmanager
    def open(self, limits: Limits) -> Iterator["SlowToRemove"]:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            yield self
        finally:
            time.sleep(0.05)
            with self._lock:
                self.now -= 1


def test_no_more_than_a_few_sandboxes_outlive_their_runs():
    sandbox = SlowToRemove()
    with pooled(sandbox, 2) as pool:
        pool.expect(Limits(), 30)
        for _ in range(30):
            with pool.open(Limits()):
                pass

    assert sandbox.most <= 6
    assert sandbox.now == 0
