"""Who has the machine's turn and who waits for it: claims that everybody on the machine can list.

A claim is a socket in the abstract namespace: the kernel frees it when its last owner dies, and lists all of them to
everybody. Beside its claims each validator names its process, and when it last got on with its work, by one socket
more; so whoever waits can say for whom, and can pass over a process that has died or is stopped.

Validators that keep no secret from each other, such as those of tests, may be a group that has claims of its own.
"""

import os
import re
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.text import one_line

GROUP = "BITSEC_TURN_GROUP"
LIST = Path("/proc/net/unix")
PROC = Path("/proc")
STILL_SECONDS = 120.0
"""A process that has not got on with its work for so long may hang."""

_GROUP_NAME = re.compile(r"[a-z0-9-]{0,40}")
_CLAIM = r":(waits|holds):([a-z]+):(\d{20}):([0-9a-f]{8})$"
_OWNER = re.compile(r"@bitsec-eval-owner:([0-9a-f]{8}):(\d+):(\d+):(\d{20})$", re.MULTILINE)


class TurnOwner(NamedTuple):
    """The process behind claims: its id, 0 where it cannot be known, and when it last got on, on the monotonic clock.

    A validator in a process namespace of its own counts processes in its own way, so its id says nothing here.
    """

    pid: int = 0
    beat: int = 0

    @property
    def state(self) -> str:
        """The state of the process as `ps` has it, "X" for one that is no more, "" where it cannot be known."""
        try:
            return (PROC / str(self.pid) / "stat").read_text("latin-1").rpartition(") ")[2][:1] if self.pid else ""
        except (FileNotFoundError, ProcessLookupError):
            return "X"
        except OSError:
            return ""

    @property
    def is_dead(self) -> bool:
        """Whether the process has ended; its claims may live on in a child that it left behind."""
        return self.state in ("X", "Z")

    @property
    def is_stopped(self) -> bool:
        """Whether the process is stopped, by Ctrl-Z, by SIGSTOP or by a debugger."""
        return self.state in ("T", "t")


class TurnClaim(NamedTuple):
    """Who waits for a turn or holds it: since when, on the monotonic clock, and a name of its own."""

    state: str
    turn: str
    since: int
    token: str
    owner: TurnOwner = TurnOwner()

    @property
    def told(self) -> str:
        """The claim in words, with what can be done where nothing seems to go on."""
        now = time.monotonic_ns()
        who = f"process {self.owner.pid}" if self.owner.pid else "a process elsewhere"
        what = f"the {self.turn} of {who}" if self.state == "holds" else f"{who}, which waits to run {self.turn}"
        still = (now - self.owner.beat) / 1e9 if self.owner.beat else 0.0
        return f"{what}, for {(now - self.since) / 1e9:.0f} s{self._remedy(still)}"

    def _remedy(self, still: float) -> str:
        pid = self.owner.pid
        if self.owner.is_stopped:
            return f"; it is stopped: resume it with kill -CONT {pid} or end it with kill -KILL {pid}"
        if self.state == "waits" or still < STILL_SECONDS:
            return ""
        return f"; nothing has gone on there for {still:.0f} s: if it hangs, end it" + (
            f" with kill {pid}" * bool(pid)
        )


def turn_group(environ: Mapping[str, str]) -> str:
    """Return the group of validators that take turns with this one; that of everybody who names none is "".

    Raises:
        SettingsError: the environment names one that is no name.
    """
    group = environ.get(GROUP, "")
    if not _GROUP_NAME.fullmatch(group):
        raise SettingsError(f"{GROUP}={one_line(group, 60)}: give at most 40 of a-z, 0-9 and -")
    return group


def listed(group: str = "") -> list[TurnClaim]:
    """Return everybody's claims in one group on this machine, but for those of processes that are no more."""
    text = LIST.read_text("utf-8", "replace")
    here = _process_namespace()
    owners = {
        token: TurnOwner(int(pid) if int(namespace) == here else 0, int(beat))
        for token, pid, namespace, beat in _OWNER.findall(text)
    }
    found = (
        TurnClaim(state, turn, int(since), token, owners.get(token, TurnOwner()))
        for state, turn, since, token in re.findall(f"@{_prefix(group)}{_CLAIM}", text, re.MULTILINE)
    )
    return [each for each in found if not each.owner.is_dead]


def claim(state: str, turn: str, since: int, token: str, group: str = "") -> socket.socket:
    """Return a claim, which lasts until it is closed."""
    return _bound(f"{_prefix(group)}:{state}:{turn}:{since:020}:{token}")


def name_owner(token: str, beat: int) -> socket.socket:
    """Return what names this process as the owner of a token's claims, until it is closed."""
    return _bound(f"bitsec-eval-owner:{token}:{os.getpid()}:{_process_namespace()}:{beat:020}")


def _prefix(group: str) -> str:
    return f"bitsec-eval-turn-{group}" if group else "bitsec-eval-turn"


def _bound(name: str) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    made.bind(f"\0{name}")
    return made


def _process_namespace() -> int:
    return (PROC / "self/ns/pid").stat().st_ino if sys.platform == "linux" else 0
