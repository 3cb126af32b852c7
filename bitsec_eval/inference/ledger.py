"""The ledger: what was promised and what was spent, on disk before any money can be.

A call first reserves the most that it can cost, and only then goes out; afterwards the reservation is settled for
what it did cost. A reservation that is never settled, because its process was killed, counts in full and for ever.
Nothing expires. Several processes share one file: each looks at what the others wrote before it promises anything.

A line of the file is {"reserve": id, "of": account, ...} or {"settle": id, "of": account, ...}, with calls,
prompt_tokens, completion_tokens and pico_dollars.
A line that a crash cut short was never promised to anybody, and is skipped.
"""

import fcntl
import json
import os
import secrets
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from bitsec_eval.core.errors import InferenceError
from bitsec_eval.inference.cost import Cost

CHUNK = 1 << 20
LOST = "lost"
"""What money went to where no answer came: nobody's, but the evaluation's."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """What one call may cost; `kept` is done when it is on disk."""

    id: str
    account: str
    most: Cost
    kept: "Future[None]"


class OverBudgetError(Exception):
    """Why a reservation is refused: the budget, of an account or in `total`, has only `left` of `term`."""

    def __init__(self, term: str, budget: Cost, spent: Cost, *, total: bool) -> None:
        super().__init__(term)
        self.term = term
        self.total = total
        self.limit = budget.told()[term]
        self.left = max(0, (budget - spent).told()[term])


class Ledger:
    """Reserve, then settle; safe from any thread and from several processes.

    Raises (every method): InferenceError where the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._spent: defaultdict[str, Cost] = defaultdict(Cost)
        self._total = Cost()
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

    def reserve(self, account: str, most: Cost, budget: Cost, total: Cost) -> Reservation:
        """Promise an account the most that its call can cost.

        Raises:
            OverBudgetError: the account's `budget` or that of all accounts, `total`, does not allow it.
        """
        with self._exclusive():
            _refuse_over(self._spent[account] + most, budget, self._spent[account], total=False)
            _refuse_over(self._total + most, total, self._total, total=True)
            return self._reserved_for(account, most)

    def settle(self, reservation: Reservation, spent: Cost) -> None:
        """Replace a reservation by what was spent."""
        with self._exclusive():
            self._write({"settle": reservation.id, "of": reservation.account}, spent)

    def charge_as_lost(self, reservation: Reservation) -> None:
        """Charge a reservation to nobody but the evaluation: no answer came, and it may have been billed."""
        with self._exclusive():
            self._write({"settle": reservation.id, "of": LOST}, reservation.most)

    def rereserve(self, reservation: Reservation, total: Cost) -> Reservation:
        """Lose a reservation and return another of the same size: its account pays for one of them only.

        Raises:
            OverBudgetError: `total` does not allow it; nothing has changed.
        """
        most = reservation.most
        with self._exclusive():
            _refuse_over(self._total + most, total, self._total, total=True)
            self._write({"settle": reservation.id, "of": LOST}, most)
            return self._reserved_for(reservation.account, most)

    def _reserved_for(self, account: str, most: Cost) -> Reservation:
        name = secrets.token_hex(8)
        self._write({"reserve": name, "of": account}, most)
        return Reservation(name, account, most, self._syncing.submit(self._sync, self._read))

    def spent(self, account: str) -> Cost:
        """Return what an account has spent, open reservations included."""
        with self._exclusive():
            return self._spent[account]

    def total(self) -> Cost:
        """Return what all accounts have spent, open reservations included."""
        with self._exclusive():
            return self._total

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
        if kind == "settle":
            owner, reserved = self._reserved.pop(name, (account, Cost()))
            self._spent[owner] -= reserved
            self._total -= reserved
        else:
            self._reserved[name] = (account, cost)
        self._spent[account] += cost
        self._total += cost

    def _write(self, head: dict[str, str], cost: Cost) -> None:
        """Append one line; a settlement that a crash of the machine loses leaves its reservation, which is more."""
        kind, name = next(iter(head.items()))
        data = json.dumps({**head, **asdict(cost)}).encode() + b"\n"
        written = os.write(self._file, data)
        if written != len(data):
            raise OSError(None, f"{written} of {len(data)} bytes were written")
        self._read += written
        self._apply(kind, name, head["of"], cost)

    def _sync(self, size: int) -> None:
        """Make the first `size` bytes durable; one call does for all that were written by then."""
        if self._durable >= size:
            return
        reached = self._read
        with self._blamed():
            os.fdatasync(self._file)
        self._durable = reached


def _refuse_over(wanted: Cost, budget: Cost, spent: Cost, *, total: bool) -> None:
    term = wanted.first_over(budget)
    if term is not None:
        raise OverBudgetError(term, budget, spent, total=total)


def _entry(line: bytes) -> tuple[str, str, str, Cost] | None:
    try:
        told: dict[str, Any] = json.loads(line)
        kind = "reserve" if "reserve" in told else "settle"
        cost = Cost(**{name: int(told[name]) for name in Cost.__slots__})
        return kind, str(told[kind]), str(told["of"]), cost
    except (ValueError, KeyError, TypeError):
        return None
