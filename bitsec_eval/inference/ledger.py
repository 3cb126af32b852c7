"""The ledger: what was promised and what was spent, on disk before any money can be.

A call first reserves the most that it can cost, and only then goes out; afterwards the reservation is settled for
what it did cost. A reservation that is never settled, because its process was killed, counts in full and for ever.
Nothing expires. Several processes share one file: each looks at what the others wrote before it promises anything.

A line of the file is {"reserve": id, "of": account, ...} or {"settle": id, "of": account, ...}, with calls,
prompt_tokens, completion_tokens and pico_dollars, or {"end": id, "of": agent, ...} where a run has ended.
A line that a crash cut short was never promised to anybody, and is skipped.
"""

import fcntl
import json
import os
import secrets
from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from bitsec_eval.core.errors import InferenceError
from bitsec_eval.inference.billing import Bill
from bitsec_eval.inference.cost import NO_COST, Cost
from bitsec_eval.inference.fair_share import LOST, FairShares

CHUNK = 1 << 20
KINDS = ("reserve", "settle", "end")
DISCOUNT = "(discount)"
SURCHARGE = "(surcharge)"
VALIDATOR = "(validator)"
"""Who is charged for requests of our own: they count in no budget."""


@dataclass(frozen=True, slots=True)
class LedgerAccount:
    """Whose calls these are: a session's, by a `name` of its own that begins with its agent's and a slash."""

    agent: str
    name: str


@dataclass(frozen=True, slots=True)
class Reservation:
    """What one call may cost; `kept` is done when it is on disk."""

    id: str
    account: LedgerAccount
    most: Cost
    kept: "Future[None]"


class OverBudgetError(Exception):
    """Why a reservation is refused: the budget has only `left` of `term`.

    `shared` says that it is the evaluation's budget, not the session's, `own_doing` that the agent used its share.
    """

    def __init__(self, term: str, budget: Cost, spent: Cost, *, shared: bool, own_doing: bool = True) -> None:
        super().__init__(term)
        self.term = term
        self.shared = shared
        self.own_doing = own_doing
        self.limit = budget.told()[term]
        self.left = max(0, (budget - spent).told()[term])


class Ledger:
    """Reserve, then settle; safe from any thread and from several processes.

    Raises (every method): InferenceError where the file cannot be written.
    """

    def __init__(self, path: Path, total: Cost) -> None:
        self._path = path
        self._spent: defaultdict[str, Cost] = defaultdict(Cost)
        self._shares = FairShares(total)
        self._reserved: dict[str, tuple[str, Cost]] = {}
        self._read = 0
        self._durable = 0
        self._lock = Lock()
        with self._blamed():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._syncing = ThreadPoolExecutor(1, "bitsec-ledger")
        with self._exclusive():  # takes in what is there
            pass

    def close(self) -> None:
        """Wait until everything is on disk."""
        self._syncing.shutdown()
        os.close(self._file)

    def plan(self, runs: Mapping[str, int]) -> None:
        """Say how many runs each agent has: what they need is held back from other agents."""
        with self._exclusive():
            self._shares.plan(runs)

    def end_run(self, agent: str) -> None:
        """Take note that a run of an agent has ended: what it left over is free for everybody."""
        with self._exclusive():
            self._write("end", secrets.token_hex(8), agent, NO_COST)

    def reserve(self, account: LedgerAccount, most: Cost, budget: Cost) -> Reservation:
        """Promise an account the most that its call can cost.

        Raises:
            OverBudgetError: the account's `budget` or that of the evaluation does not allow it.
        """
        with self._exclusive():
            _refuse_over(self._spent[account.name] + most, budget, self._spent[account.name])
            self._refuse_over_share(account.agent, most)
            return self._reserved_for(account, most)

    def settle(self, reservation: Reservation, bill: Bill) -> None:
        """Replace a reservation by what was spent: the account is charged as listed, the evaluation what is paid.

        What is paid beyond that is of the agent's share, or its dear calls would use up what others need.
        """
        account, more = reservation.account, bill.paid - bill.listed
        with self._exclusive():
            self._write("settle", reservation.id, account.name, bill.listed)
            if more != NO_COST:
                payer = f"{account.agent}/{SURCHARGE}" if more.pico_dollars > 0 else DISCOUNT
                self._write("settle", secrets.token_hex(8), payer, more)

    def charge_as_lost(self, reservation: Reservation) -> None:
        """Charge a reservation to nobody but the evaluation: no answer came, and it may have been billed."""
        with self._exclusive():
            self._write("settle", reservation.id, LOST, reservation.most)

    def rereserve(self, reservation: Reservation) -> Reservation:
        """Charge a reservation to the agent's share and return another of its size: the account pays for one only.

        Whose loss it is stays open until `blame` or `acquit`; meanwhile it takes nothing from other agents.

        Raises:
            OverBudgetError: the evaluation's budget does not allow it; nothing has changed.
        """
        with self._exclusive():
            self._refuse_over_share(reservation.account.agent, reservation.most)
            self._write("settle", reservation.id, _unproven(reservation.account), reservation.most)
            return self._reserved_for(reservation.account, reservation.most)

    def blame(self, account: LedgerAccount, lost: Cost) -> None:
        """Charge an account what its share lost to a request that turned out to be to blame."""
        self._move_lost(account, account.name, lost)

    def acquit(self, account: LedgerAccount, lost: Cost) -> None:
        """Charge the evaluation what an agent's share lost to a provider that turned out to be to blame."""
        self._move_lost(account, LOST, lost)

    def _move_lost(self, account: LedgerAccount, to: str, lost: Cost) -> None:
        if lost == NO_COST:
            return
        with self._exclusive():
            self._write("settle", secrets.token_hex(8), _unproven(account), NO_COST - lost)
            self._write("settle", secrets.token_hex(8), to, lost)

    def charge_validator(self, cost: Cost) -> None:
        """Take down what a request of our own cost."""
        with self._exclusive():
            self._write("settle", secrets.token_hex(8), VALIDATOR, cost)

    def _refuse_over_share(self, agent: str, most: Cost) -> None:
        spent, allowed = self._shares.spent(agent), self._shares.most_for(agent)
        _refuse_over(spent + most, allowed, spent, shared=True, own_doing=self._shares.is_own_doing(agent, most))

    def _reserved_for(self, account: LedgerAccount, most: Cost) -> Reservation:
        name = secrets.token_hex(8)
        self._write("reserve", name, account.name, most)
        return Reservation(name, account, most, self._syncing.submit(self._sync, self._read))

    def left_for(self, agent: str) -> Cost:
        """Return what an agent may still spend, what providers lost not counted."""
        with self._exclusive():
            return self._shares.left_for(agent)

    def spent(self, account: LedgerAccount) -> Cost:
        """Return what an account has spent, open reservations included."""
        with self._exclusive():
            return self._spent[account.name]

    def total(self) -> Cost:
        """Return what all accounts have spent, open reservations included."""
        with self._exclusive():
            return self._shares.all_spent

    # -- the file

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """Hold the ledger against other threads and processes, with all they wrote taken in."""
        with self._lock, self._blamed():
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                self._catch_up()
                yield
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)

    @contextmanager
    def _blamed(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error)
            raise InferenceError(f"the ledger {self._path} failed ({reason}); free or mend that disk") from error

    def _catch_up(self) -> None:
        """Take in what others wrote; whoever was cut short in the middle of a line is dead, for we hold the lock."""
        size = os.fstat(self._file).st_size
        while self._read < size:
            found = os.pread(self._file, min(CHUNK, size - self._read), self._read)
            whole = found[: found.rfind(b"\n") + 1]
            if not whole:
                size += os.write(self._file, b"\n")
                continue
            for line in whole.splitlines():
                self._take(line)
            self._read += len(whole)

    def _take(self, line: bytes) -> None:
        entry = _entry(line)
        if entry is not None:
            self._apply(*entry)

    def _apply(self, kind: str, name: str, account: str, cost: Cost) -> None:
        if kind == "end":
            self._shares.end_run(account)
        elif kind == "reserve":
            self._reserved[name] = (account, cost)
        else:
            owner, reserved = self._reserved.pop(name, (account, NO_COST))
            self._add(owner, NO_COST - reserved)
        self._add(account, cost)

    def _add(self, account: str, cost: Cost) -> None:
        self._spent[account] += cost
        if account != VALIDATOR:
            self._shares.add(account.partition("/")[0], cost)

    def _write(self, kind: str, name: str, account: str, cost: Cost) -> None:
        """Append one line; a settlement that a crash of the machine loses leaves its reservation, which is more."""
        data = json.dumps({kind: name, "of": account, **asdict(cost)}).encode() + b"\n"
        written = os.write(self._file, data)
        if written != len(data):
            raise OSError(None, f"{written} of {len(data)} bytes were written")
        self._read += written
        self._apply(kind, name, account, cost)

    def _sync(self, size: int) -> None:
        """Make the first `size` bytes durable; one call does for all that were written by then."""
        if self._durable >= size:
            return
        reached = self._read
        with self._blamed():
            os.fdatasync(self._file)
        self._durable = reached


def _unproven(account: LedgerAccount) -> str:
    """Return what tries are charged to of which nobody knows whose fault they are: the agent's share, no run's."""
    return f"{account.agent}/(lost)"


def _refuse_over(wanted: Cost, budget: Cost, spent: Cost, *, shared: bool = False, own_doing: bool = True) -> None:
    term = wanted.first_over(budget)
    if term is not None:
        raise OverBudgetError(term, budget, spent, shared=shared, own_doing=own_doing)


def _entry(line: bytes) -> tuple[str, str, str, Cost] | None:
    try:
        told: dict[str, Any] = json.loads(line)
        kind = next(each for each in KINDS if each in told)
        cost = Cost(**{name: int(told[name]) for name in Cost.__slots__})
        return kind, str(told[kind]), str(told["of"]), cost
    except (ValueError, KeyError, TypeError, StopIteration):
        return None
