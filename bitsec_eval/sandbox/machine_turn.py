"""Agents and checks take turns on a machine, over all its validators.

A sandbox in which an answer is checked holds hidden inputs. What the whole machine shares, counters and caches, could
carry them to an agent of the same owner that runs meanwhile, so none does: a validator's agents wait for everybody's
checks, and its checks for everybody's agents. Who has waited longest is next; those who want the same go together.

Who claims says so before looking at others, so of two that claim at once at least one sees the other.
A process that has died holds nothing. One that is stopped is waited for a minute; when it goes on it finds that its
turn has passed on, and waits for it as everybody else does.
"""

import secrets
import socket
import sys
import time
from threading import Event, RLock

from bitsec_eval.sandbox.turn_claims import TurnClaim, claim, listed, name_owner

PAUSE_SECONDS = 0.05
BEAT_SECONDS = 1.0
STOPPED_SECONDS = 60.0
"""So long a stopped process is waited for. It must be the same for all validators of a machine."""


class MachineTurn:
    """One validator's turn on this machine; where there is no abstract namespace it has the machine to itself.

    It takes turns with those of its `group`: see `turn_claims.turn_group`.
    """

    def __init__(self, stopped_seconds: float = STOPPED_SECONDS, *, group: str = "") -> None:
        self._group = group
        self._stopped_seconds = stopped_seconds
        self._token = secrets.token_hex(4)
        self._owner: socket.socket | None = None
        self._beat = 0
        self._held: socket.socket | None = None
        self._turn = ""
        self._rivals_now: tuple[TurnClaim, ...] = ()
        self._stopped_since: dict[TurnClaim, float] = {}
        self._lock = RLock()

    @property
    def waits_for(self) -> str:
        """For whom this one waits at the moment, in words; "" where it waits for nobody."""
        rivals = self._rivals_now
        return min(rivals, key=lambda each: (each.state, each.since)).told if rivals else ""

    def take(self, turn: str, stopped: Event) -> None:
        """Wait until nobody has another turn, then hold this one; give up once `stopped` is set."""
        with self._lock:
            if turn == self._turn or sys.platform != "linux":
                return
            self.leave()
            since = time.monotonic_ns()
            try:
                with claim("waits", turn, since, self._token, self._group):
                    self._mark()
                    while not stopped.is_set() and not self._taken(turn, since):
                        stopped.wait(PAUSE_SECONDS)
                        self._mark()
            finally:
                self._rivals_now = ()
                if self._held is None:
                    self.leave()

    def get_on(self, stopped: Event) -> None:
        """Say that work goes on; where this process was stopped so long that its turn has passed on, take it anew."""
        with self._lock:
            if self._held is None:
                return
            was_away = time.monotonic_ns() - self._beat > self._stopped_seconds / 2 * 1e9
            self._mark()
            turn = self._turn
            if was_away and any(each.state == "holds" for each in self._others(turn)):
                self.leave()
                self.take(turn, stopped)

    def leave(self) -> None:
        """Hold none."""
        with self._lock:
            for each in (self._held, self._owner):
                if each is not None:
                    each.close()
            self._held = self._owner = None
            self._turn = ""

    def _taken(self, turn: str, since: int) -> bool:
        """Hold the turn if nobody stands against it."""
        self._rivals_now = tuple(self._rivals(turn, since))
        if self._rivals_now:
            return False
        held = claim("holds", turn, since, self._token, self._group)
        if self._rivals(turn, since):  # again: somebody may have done the same meanwhile
            held.close()
            return False
        self._held, self._turn = held, turn
        return True

    def _mark(self) -> None:
        """Name this process and the time, but no more often than everybody needs to know."""
        now = time.monotonic_ns()
        if self._owner is None or now - self._beat > BEAT_SECONDS * 1e9:
            before, self._owner = self._owner, name_owner(self._token, now)
            self._beat = now
            if before is not None:
                before.close()

    def _rivals(self, turn: str, since: int) -> list[TurnClaim]:
        """Return who holds another turn, or has waited longer for one."""
        before = (since, self._token)
        return [each for each in self._others(turn) if each.state == "holds" or (each.since, each.token) < before]

    def _others(self, turn: str) -> list[TurnClaim]:
        """Return the claims of others on another turn, but for those of processes that stay stopped."""
        others = [each for each in listed(self._group) if each.turn != turn and each.token != self._token]
        now = time.monotonic()
        self._stopped_since = {each: self._stopped_since.get(each, now) for each in others if each.owner.is_stopped}
        return [each for each in others if now - self._stopped_since.get(each, now) < self._stopped_seconds]
