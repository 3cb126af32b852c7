"""Agents and checks take turns on a machine, over all its validators.

A sandbox in which an answer is checked holds hidden inputs. What the whole machine shares, counters and caches, could
carry them to an agent of the same owner that runs meanwhile, so none does: a validator's agents wait for everybody's
checks, and its checks for everybody's agents. Who has waited longest is next; those who want the same go together.

A claim is a socket in the abstract namespace, as the claims of `uid_lease.py` are: the kernel frees it when its owner
dies, and lists all of them to everybody. Who claims says so before looking at others, so of two that claim at once at
least one sees the other.
"""

import re
import secrets
import socket
import sys
import time
from pathlib import Path
from threading import Event
from typing import NamedTuple

LIST = Path("/proc/net/unix")
PAUSE_SECONDS = 0.05
_NAME = re.compile(r"@bitsec-eval-turn:(waits|holds):([a-z]+):(\d{20}):([0-9a-f]{8})$", re.MULTILINE)


class TurnClaim(NamedTuple):
    """Who waits for a turn or holds it: since when, on the clock of `time.monotonic`, and a name of its own."""

    state: str
    turn: str
    since: int
    token: str


class MachineTurn:
    """One validator's turn on this machine; where there is no abstract namespace it has the machine to itself."""

    def __init__(self) -> None:
        self._token = secrets.token_hex(4)
        self._held: socket.socket | None = None
        self._turn = ""
        self.waits = False

    def take(self, turn: str, stopped: Event) -> None:
        """Wait until nobody has another turn, then hold this one; give up once `stopped` is set."""
        if turn == self._turn or sys.platform != "linux":
            return
        self.leave()
        since = time.monotonic_ns()
        with self._claim("waits", turn, since):
            while not stopped.is_set():
                if not self._rivals(turn, since):
                    held = self._claim("holds", turn, since)
                    if not self._rivals(turn, since):  # again: somebody may have done the same meanwhile
                        self._held, self._turn, self.waits = held, turn, False
                        return
                    held.close()
                self.waits = True
                stopped.wait(PAUSE_SECONDS)
        self.waits = False

    def leave(self) -> None:
        """Hold none."""
        if self._held is not None:
            self._held.close()
        self._held, self._turn = None, ""

    def _claim(self, state: str, turn: str, since: int) -> socket.socket:
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        claim.bind(f"\0bitsec-eval-turn:{state}:{turn}:{since:020}:{self._token}")
        return claim

    def _rivals(self, turn: str, since: int) -> list[TurnClaim]:
        """Return who holds another turn, or has waited longer for one."""
        others = [each for each in claims() if each.turn != turn and each.token != self._token]
        return [each for each in others if each.state == "holds" or (each.since, each.token) < (since, self._token)]


def claims() -> list[TurnClaim]:
    """Return everybody's claims on this machine."""
    found = _NAME.findall(LIST.read_text("utf-8", "replace"))
    return [TurnClaim(state, turn, int(since), token) for state, turn, since, token in found]
