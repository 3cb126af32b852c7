"""Several engines as one: a run goes where a place is free, and an engine that is away is done without.

Each engine has a pool of its own, so what is kept warm, started and removed on one is no business of another's.
Whoever loses a sandbox with its engine hears a `SandboxError` and is tried again by the schedule; the next sandbox is
opened elsewhere. An engine that is away is asked again every few seconds, and is taken back when a sandbox of our own
opens there. While all are away, whoever wants a sandbox waits for the first to come back, but not for ever.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from threading import Condition, Event, Thread

from bitsec_eval.core.errors import EngineLostError, SandboxError
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.core.text import one_line
from bitsec_eval.sandbox.api import Session
from bitsec_eval.sandbox.fleet.watched import WatchedSession
from bitsec_eval.sandbox.pool import Pool

PROBE_SECONDS = 2.0
WATCH_SECONDS = 1.0
ABSENCE_SECONDS = 60.0
"""How long all engines may be away before runs are void for want of one; a node started anew needs some seconds."""

FAILED_STARTS = 3
"""So many sandboxes in a row that do not open, and an engine counts as away although it answers."""


@dataclass(slots=True, kw_only=True, eq=False)
class Member:
    """One engine of a fleet: its name, how many runs it takes at a time, its pool, and what asks whether it is there.

    `ask` raises `SandboxError` where the engine does not answer.
    """

    name: str
    jobs: int
    pool: Pool
    ask: Callable[[], None]
    open: int = 0
    failed_starts: int = 0
    away: str = ""
    lost: int = 0
    expected: Counter[Limits] = field(default_factory=Counter)

    @property
    def load(self) -> float:
        """Open sandboxes for each run that it takes."""
        return self.open / self.jobs


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberStatus:
    """How one engine stands: sandboxes open now, why it is away (empty: it is there), how often it went away."""

    name: str
    jobs: int
    open: int
    away: str
    lost: int


class Fleet:
    """A pool over several engines; it has what `Pool` has: `expect`, `open` and `stop`."""

    def __init__(
        self,
        members: Sequence[Member],
        probe_seconds: float = PROBE_SECONDS,
        absence_seconds: float = ABSENCE_SECONDS,
    ) -> None:
        self._members = list(members)
        self._probe_seconds = probe_seconds
        self._absence_seconds = absence_seconds
        self._last_seen = time.monotonic()  # when an engine was there last
        self._lock = Condition()  # told of every engine that comes, or comes back
        self._stopped = Event()
        self._probes: list[Thread] = []
        self._watches: list[Thread] = []

    @property
    def jobs(self) -> int:
        """How many runs all engines take at a time."""
        return sum(member.jobs for member in self._members)

    def status(self) -> tuple[MemberStatus, ...]:
        """Return how each engine stands."""
        with self._lock:
            return tuple(
                MemberStatus(name=each.name, jobs=each.jobs, open=each.open, away=each.away, lost=each.lost)
                for each in self._members
            )

    def add(self, member: Member) -> None:
        """Take in an engine that has come later, in the place of the one of its name that is gone."""
        with self._lock:
            names = [each.name for each in self._members]
            if member.name in names:
                self._members[names.index(member.name)] = member
            else:
                self._members.append(member)
            self._lock.notify_all()

    def expect(self, limits: Limits, count: int = 1) -> None:
        """Say that so many more sessions of these limits will be opened, somewhere."""
        for member, share in self._shares(limits, count).items():
            member.pool.expect(limits, share)

    def _shares(self, limits: Limits, count: int) -> Counter[Member]:
        shares: Counter[Member] = Counter()
        with self._lock:
            present = [member for member in self._members if not member.away] or self._members
            for _ in range(count):
                least = min(present, key=lambda member: member.expected[limits] / member.jobs)
                least.expected[limits] += 1
                shares[least] += 1
        return shares

    @contextmanager
    def open(self, limits: Limits) -> Iterator[Session]:
        """Return a fresh session on the engine with most room; see `Sandbox.open`."""
        with ExitStack() as stack:
            member, session = self._opened(stack, limits)
            try:
                yield session
            except SandboxError as error:
                self._suspect(member, error)
                if member.away:
                    raise EngineLostError(str(error)) from error
                raise

    def _opened(self, stack: ExitStack, limits: Limits) -> tuple[Member, Session]:
        tried: list[Member] = []
        failure = SandboxError("no engine is there")
        while (member := self._claim(tried)) is not None:
            with ExitStack() as attempt:
                attempt.callback(self._release, member)
                try:
                    session = attempt.enter_context(member.pool.open(limits))
                except SandboxError as error:
                    failure = error
                    self._start_failed(member, error)
                    if not member.away:
                        tried.append(member)
                    continue
                member.failed_starts = 0
                session.where = member.name
                session.engine_number = self._members.index(member) + 1
                stack.push(attempt.pop_all())
                return member, WatchedSession(session, lambda: member.away) if self._watches else session
        raise SandboxError(self._all_away(failure)) from failure

    def _claim(self, tried: list[Member]) -> Member | None:
        """Return the engine with most room of those that were not tried, once any is there at all."""
        with self._lock:
            self._await_engine()
            present = [member for member in self._members if not member.away and member not in tried]
            if not present or self._stopped.is_set():
                return None
            member = min(present, key=lambda each: each.load)
            member.open += 1
            return member

    def _await_engine(self) -> None:
        while all(member.away for member in self._members) and not self._stopped.is_set():
            seconds = self._last_seen + self._absence_seconds - time.monotonic()
            if seconds <= 0:
                return
            self._lock.wait(seconds)

    def _release(self, member: Member) -> None:
        with self._lock:
            member.open -= 1

    def _all_away(self, failure: SandboxError) -> str:
        away = [f"{member.name} ({member.away})" for member in self._members if member.away]
        return f"no engine can open a sandbox: {', '.join(away)}" if away else str(failure)

    # -- engines that go away, and come back

    def _start_failed(self, member: Member, error: SandboxError) -> None:
        member.failed_starts += 1
        if member.failed_starts >= FAILED_STARTS:
            self._lose(member, str(error))
        else:
            self._suspect(member, error)

    def _suspect(self, member: Member, error: SandboxError) -> None:
        """Ask an engine that was there for a session's trouble whether it is there at all."""
        if member.away:
            return
        try:
            member.ask()
        except SandboxError as silence:
            self._lose(member, str(silence) or str(error))

    def _lose(self, member: Member, reason: str) -> None:
        with self._lock:
            if member.away or self._stopped.is_set():
                return
            self._last_seen = time.monotonic()
            member.away = one_line(reason, 200) or "away"
            member.pool.is_cut_off = True
            member.lost += 1
            probe = Thread(target=self._return, args=(member,), name="bitsec-probe", daemon=True)
            self._probes.append(probe)
        probe.start()

    def _return(self, member: Member) -> None:
        """Throw away what waits on an engine that is away, and ask for it until it is back."""
        member.pool.discard()
        while member in self._members and not self._stopped.wait(self._probe_seconds):
            try:
                member.ask()
                with member.pool.open(Limits()):
                    pass
            except SandboxError as error:
                member.away = one_line(str(error), 200) or "away"
                continue
            with self._lock:
                member.failed_starts, member.away, member.pool.is_cut_off = 0, "", False
                self._lock.notify_all()
            return

    def watch(self, seconds: float = WATCH_SECONDS) -> None:
        """Ask every engine so often, and have those that wait for a guest on a silent one hear of it."""
        self._watches = [
            Thread(target=self._watch, args=(member, seconds), name="bitsec-watch", daemon=True)
            for member in self._members
        ]
        for thread in self._watches:
            thread.start()

    def _watch(self, member: Member, seconds: float) -> None:
        while not self._stopped.wait(seconds):
            self._suspect(member, SandboxError("away"))

    def stop(self, seconds: float = 10.0) -> None:
        """Open nothing more, and remove every session of every engine."""
        self._stopped.set()
        with self._lock:
            self._lock.notify_all()
        stops = [Thread(target=member.pool.stop, name="bitsec-stop", daemon=True) for member in self._members]
        for thread in stops:
            thread.start()
        deadline = time.monotonic() + seconds
        for thread in (*stops, *self._probes, *self._watches):
            thread.join(max(0.0, deadline - time.monotonic()))


class FleetAsEngine:
    """What an evaluation asks of its engine, answered by a fleet, which is its own pool as well."""

    fleet: Fleet
    image: str

    def open(self, limits: Limits) -> AbstractContextManager[Session]:
        """See `Sandbox.open`."""
        return self.fleet.open(limits)

    def expect(self, limits: Limits, count: int = 1) -> None:
        """See `Fleet.expect`."""
        self.fleet.expect(limits, count)

    def prime(self) -> None:
        """Do nothing: an engine that can start none is passed over, and asked again."""

    @property
    def processors(self) -> int:
        """How many runs all engines take at a time."""
        return self.fleet.jobs

    def ask(self) -> None:
        """Do nothing: a fleet asks each of its engines by itself."""

    def image_content(self) -> str:
        """Return the digest of what the image of every engine holds."""
        return self.image.removeprefix("sha256:")

    @property
    def refused(self) -> Mapping[str, str]:
        """Why an engine serves nobody, by its name; an evaluation tells of it before the first run."""
        return {}
