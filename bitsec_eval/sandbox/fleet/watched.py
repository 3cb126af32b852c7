"""A session that ends with its engine: whoever waits for a guest hears of an engine that says nothing any more."""

import time
from collections.abc import Callable

from bitsec_eval.core.answers.answer import Ending
from bitsec_eval.core.errors import SandboxError
from bitsec_eval.sandbox.api import Frame, Session

GLANCE_SECONDS = 0.25


class WatchedSession:
    """A session, and `away`, which says why its engine is away; empty while it is there. See `Session`."""

    def __init__(self, session: Session, away: Callable[[], str]) -> None:
        self.where = session.where
        self.engine_number = session.engine_number
        self.send = session.send
        self.reset_output_quota = session.reset_output_quota
        self.wait_exit = session.wait_exit
        self.ended_at = session.ended_at
        self.pause = session.pause
        self.resume = session.resume
        self.check_engine_alive = session.check_engine_alive
        self._receive = session.receive
        self._away = away

    def receive(self, deadline: float) -> Frame | Ending:
        """See `Session.receive`; an engine that is away is heard of soon, and not when the guest is late."""
        while True:
            heard = self._receive(min(deadline, time.monotonic() + GLANCE_SECONDS))
            if heard is not Ending.TIMED_OUT:
                return heard
            if self._away():
                raise SandboxError(self._away())
            if time.monotonic() >= deadline:
                return heard
