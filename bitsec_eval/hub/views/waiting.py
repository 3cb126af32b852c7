"""Agents that wait for an evaluation: the place in the queue and how long it will probably take."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bitsec_eval.core.evaluations.watch_notes import QueueNote
from bitsec_eval.hub.storage.records import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One agent's place among `of` that wait, from 1; 0 while it is being evaluated.

    `expected_seconds` is until its result is there, None where no evaluation was timed yet. `stage` is "screening" or
    "evaluating" while it is evaluated where agents are screened, else "".
    """

    place: int
    of: int
    expected_seconds: float | None
    stage: str = ""


def waiting_of(
    records: Iterable[Record], note: QueueNote, clock: Callable[[], float] = time.time
) -> dict[str, Waiting]:
    """Return the places of agents that wait; those a watch has not seen yet are behind those it has.

    `clock` is seconds since 1970.
    """
    uploaded = {record.miner_id: record.current.sequence for record in records}
    seen = {name: place for place, name in enumerate(note.queue)}
    order = sorted(uploaded, key=lambda name: (seen.get(name, len(seen)), uploaded[name]))
    behind = [name for name in order if name != note.evaluating]
    found = {
        name: Waiting(place=place, of=len(behind), expected_seconds=_expected(note, place, clock))
        for place, name in enumerate(behind, start=1)
    }
    if note.evaluating in uploaded:
        found[note.evaluating] = Waiting(
            place=0, of=len(behind), expected_seconds=_expected(note, 0, clock), stage=note.stage
        )
    return found


def _expected(note: QueueNote, place: int, clock: Callable[[], float]) -> float | None:
    usual = note.usual_seconds
    if usual is None:
        return None
    under_way = max(0.0, usual - (clock() - note.since)) if note.evaluating else 0.0
    return under_way + place * usual
