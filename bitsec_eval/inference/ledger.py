"""The ledger: what was promised and what was spent, on disk before any money can be.

A call first reserves the most that it can cost, and only then goes out; afterwards the reservation is settled for
what it did cost. A reservation that is never settled, because its process was killed, counts in full and for ever.
Nothing expires. Several processes share one file: each looks at what the others wrote before it promises anything.

A line of the file is {"reserve": id, "of": line, ...} or {"settle": id, "of": line, ...}, with calls, prompt_tokens,
completion_tokens and pico_dollars. A line that a crash cut short was never promised to anybody, and is skipped.
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
from bitsec_eval.inference.tally import Tally

CHUNK = 1 << 20
LOST = "lost"
"""What money went to where no answer came: nobody's, but the evaluation's."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """What one call may cost; `kept` is done when it is on disk."""

    id: str
    line: str
    most: Tally
    kept: "Future[None]"


class OverBudgetError(Exception):
    """Why a reservation is refused: the budget, of a line or in `total`, has only `left` of `term`."""

    def __init__(self, term: str, budget: Tally, spent: Tally, *, total: bool) -> None:
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
        self._spent: defaultdict[str, Tally] = defaultdict(Tally)
        self._total = Tally()
        self._reserved: dict[str, tuple[str, Tally]] = {}
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

    def reserve(self, line: str, most: Tally, budget: Tally, total: Tally) -> Reservation:
        """Promise a line the most that its call can cost.

        Raises:
            OverBudgetError: the line's `budget` or that of all lines, `total`, does not allow it.
        """
        with self._exclusive():
            _refuse_over(self._spent[line] + most, budget, self._spent[line], total=False)
            _refuse_over(self._total + most, total, self._total, total=True)
            return self._reserved_for(line, most)

    def settle(self, reservation: Reservation, spent: Tally) -> None:
        """Replace a reservation by what was spent."""
        with self._exclusive():
            self._write({"settle": reservation.id, "of": reservation.line}, spent)

    def lose(self, reservation: Reservation) -> None:
        """Charge a reservation to nobody but the evaluation: no answer came, and it may have been billed."""
        with self._exclusive():
            self._write({"settle": reservation.id, "of": LOST}, reservation.most)

    def renew(self, reservation: Reservation, total: Tally) -> Reservation:
        """Lose a reservation and return another of the same size: its line pays for one of them only.

        Raises:
            OverBudgetError: `total` does not allow it; nothing has changed.
        """
        most = reservation.most
        with self._exclusive():
            _refuse_over(self._total + most, total, self._total, total=True)
            self._write({"settle": reservation.id, "of": LOST}, most)
            return self._reserved_for(reservation.line, most)

    def _reserved_for(self, line: str, most: Tally) -> Reservation:
        name = secrets.token_hex(8)
        self._write({"reserve": name, "of": line}, most)
        return Reservation(name, line, most, self._syncing.submit(self._sync, self._read))

    def spent(self, line: str) -> Tally:
        """Return what a line has spent, open reservations included."""
        with self._exclusive():
            return self._spent[line]

    def total(self) -> Tally:
        """Return what all lines have spent, open reservations included."""
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

    def _apply(self, kind: str, name: str, line: str, tally: Tally) -> None:
        if kind == "settle":
            owner, reserved = self._reserved.pop(name, (line, Tally()))
            self._spent[owner] -= reserved
            self._total -= reserved
        else:
            self._reserved[name] = (line, tally)
        self._spent[line] += tally
        self._total += tally

    def _write(self, head: dict[str, str], tally: Tally) -> None:
        """Append one line; a settlement that a crash of the machine loses leaves its reservation, which is more."""
        kind, name = next(iter(head.items()))
        data = json.dumps({**head, **asdict(tally)}).encode() + b"\n"
        written = os.write(self._file, data)
        if written != len(data):
            raise OSError(None, f"{written} of {len(data)} bytes were written")
        self._read += written
        self._apply(kind, name, head["of"], tally)

    def _sync(self, size: int) -> None:
        """Make the first `size` bytes durable; one call does for all that were written by then."""
        if self._durable >= size:
            return
        reached = self._read
        with self._blamed():
            os.fdatasync(self._file)
        self._durable = reached


def _refuse_over(wanted: Tally, budget: Tally, spent: Tally, *, total: bool) -> None:
    term = wanted.first_over(budget)
    if term is not None:
        raise OverBudgetError(term, budget, spent, total=total)


def _entry(line: bytes) -> tuple[str, str, str, Tally] | None:
    try:
        told: dict[str, Any] = json.loads(line)
        kind = "reserve" if "reserve" in told else "settle"
        tally = Tally(**{name: int(told[name]) for name in Tally.__slots__})
        return kind, str(told[kind]), str(told["of"]), tally
    except (ValueError, KeyError, TypeError):
        return None
