"""Our two junit properties, taken apart with distrust: a value is what it must be, or the file is refused.

The functions ending in `_of` return one field of a record and raise KeyError, TypeError or ValueError where it is
not what it must be; `understood` turns that into the file's refusal.
"""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn, TypeVar

from bitsec_eval.core.agents.agent_name import is_agent_name
from bitsec_eval.core.agents.behaviour import read_print
from bitsec_eval.core.evaluations.evaluation import Plan, PlannedTask
from bitsec_eval.core.evaluations.stages import Screen, Stop
from bitsec_eval.core.text import one_line
from bitsec_eval.core.usage import TIEBREAKS, Usage

NAME_CHARACTERS = 300
MOST_TEXTS = 1000

Record = dict[str, Any]
T = TypeVar("T")


class WrongFileError(Exception):
    """What is wrong with a junit file and what to do, still without the file's name."""


def decoded(value: str, what: str, most_characters: int, names: Sequence[str] = ()) -> Record:
    """Return the JSON object that a property holds, or the array that stands for one of the members `names`.

    Raises: WrongFileError where it is longer than `most_characters`, no JSON, or no such object.
    """
    try:
        record, end = _decode(value) if len(value) <= most_characters else (None, 0)
    except (ValueError, RecursionError):
        record, end = None, 0
    if names and isinstance(record, list) and len(record) == len(names):
        record = dict(zip(names, record, strict=True))
    if end != len(value) or not isinstance(record, dict):
        raise WrongFileError(f"a {what} in it is no JSON object; give the junit file as pytest wrote it")
    return record


def understood(read: Callable[[Record], T], record: Record, what: str) -> T:
    """Return `read(record)`.

    Raises: WrongFileError, naming `what`, where a field is missing or not what it must be.
    """
    try:
        return read(record)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        found = f"lacks {error}" if isinstance(error, KeyError) else one_line(str(error))
        raise WrongFileError(f"a {what} in it is wrong: {found}; give the junit file as pytest wrote it") from None


def text_of(record: Record, field: str) -> str:
    """Return a text as it was written, "" where it is null or missing."""
    value = record.get(field)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(f"{field} is {_short(value)}, not a text")
    return value


def name_of(record: Record, field: str) -> str:
    """Return a name of 1 to 300 characters, those that do not print spelled out."""
    name = text_of(record, field)
    if not 0 < len(name) <= NAME_CHARACTERS:
        raise ValueError(f"{field} has {len(name)} characters, not 1 to {NAME_CHARACTERS}")
    return one_line(name, NAME_CHARACTERS * 12)


def agent_of(record: Record) -> str:
    """Return the agent's name, which is one that an agent may have: it becomes a row, a path and an address."""
    name = name_of(record, "agent")
    if not is_agent_name(name):
        raise ValueError(f"{_short(name)} is no name of an agent")
    return name


def count_of(record: Record, field: str, least: int, most: int = 1_000_000) -> int:
    """Return a whole number from `least` to `most`, `least` where it is missing."""
    value = record.get(field, least)
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{field} is {_short(value)}, not a count from {least} to {most}")
    return value


def number_of(record: Record, field: str) -> float:
    """Return a number from 0 to a billion."""
    value = record[field]
    if type(value) not in (int, float) or not 0 <= value <= 1e9:
        raise ValueError(f"{field} is {_short(value)}, not a number from 0 to 1e9")
    return float(value)


def weight_of(record: Record, field: str) -> float:
    """Return a number above 0."""
    value = number_of(record, field)
    if value == 0:
        raise ValueError(f"{field} is 0, not a number above it")
    return value


def usage_of(record: Record) -> Usage | None:
    """Return what a run used of the LLM, None where the record says nothing of it."""
    told = record.get("usage")
    if told is None:
        return None
    return Usage(
        calls=_tokens_of(told, "calls"),
        prompt_tokens=_tokens_of(told, "prompt_tokens"),
        completion_tokens=_tokens_of(told, "completion_tokens"),
        cost=number_of(told, "cost"),
        waiting_seconds=number_of(told, "waiting_seconds"),
    )


def _tokens_of(record: Record, field: str) -> int:
    if type(record[field]) is not int:
        raise ValueError(f"{field} is {_short(record[field])}, not a whole number")
    return int(number_of(record, field))


def tiebreak_of(record: Record) -> str | None:
    """Return what ranks equal scores, None where the record says nothing of it."""
    told = text_of(record, "tiebreak") or None
    if told not in (None, *TIEBREAKS):
        raise ValueError(f"tiebreak is {_short(told)}, not one of {', '.join(TIEBREAKS)}")
    return told


def plan_of(record: Record) -> Plan:
    """Return the plan that a `bitsec.plan` holds."""
    submitted = record.get("submitted") or {}
    return Plan(
        started=_started(record),
        version=one_line(text_of(record, "version"), 60),
        seed=record.get("seed") if isinstance(record.get("seed"), int) else None,
        emission=one_line(text_of(record, "emission"), 60) or None,
        rewards=one_line(text_of(record, "rewards"), 60) or None,
        tiebreak=tiebreak_of(record),
        image=one_line(text_of(record, "image")),
        engine=one_line(text_of(record, "engine")),
        llm=one_line(text_of(record, "llm"), 40),
        models=_texts(record.get("models") or {}, 200),
        pocs=one_line(text_of(record, "pocs"), 40),
        judge=one_line(text_of(record, "judge"), 200),
        repeats=count_of(record, "repeats", 1),
        at_least=None if record.get("at_least") is None else count_of(record, "at_least", 1),
        baseline=None if record.get("baseline") is None else number_of(record, "baseline"),
        half_life=None if record.get("half_life") is None else weight_of(record, "half_life"),
        agents={agent_of({"agent": name}): text_of({name: sha}, name) for name, sha in record["agents"].items()},
        submitted={agent_of({"agent": name}): _time(text_of({name: time}, name)) for name, time in submitted.items()},
        tasks={name_of({"task": name}, "task"): _planned_task(task) for name, task in record["tasks"].items()},
        notes=tuple(one_line(text_of({"note": note}, "note")) for note in record.get("notes", ())),
        left_out=tuple(name_of({"task": name}, "task") for name in record.get("left_out", ())),
        screen=None if record.get("screen") is None else _screen(record["screen"]),
        prune=None if record.get("prune") is None else count_of(record, "prune", 1),
        stopped={agent_of({"agent": name}): Stop(stop) for name, stop in (record.get("stopped") or {}).items()},
    )


def _screen(record: Record) -> Screen:
    points = number_of(record, "points")
    if not 0 < points <= 100:
        raise ValueError(f"points is {_short(points)}, not a number above 0 and up to 100")
    tasks = tuple(name_of({"task": name}, "task") for name in record["tasks"])
    return Screen(suite=name_of(record, "suite"), points=points, tasks=tasks)


def _planned_task(record: Record) -> PlannedTask:
    return PlannedTask(
        weight=weight_of(record, "weight"),
        checks=count_of(record, "checks", 1),
        declared_weight=weight_of(record, "declared_weight"),
        kind=one_line(text_of(record, "kind"), 40),
        digest=one_line(text_of(record, "digest"), 80),
        parts=_texts(record.get("parts") or {}, 80),
    )


def _texts(record: Record, most_characters: int) -> dict[str, str]:
    """Return short texts by short names, at most so many of them as nobody would miss."""
    if len(record) > MOST_TEXTS:
        raise ValueError(f"holds {len(record)} texts, the most is {MOST_TEXTS}")
    return {name_of({"name": name}, "name"): one_line(text_of(record, name), most_characters) for name in record}


def _started(record: Record) -> datetime | None:
    written = text_of(record, "started")
    return _time(written) if written else None


def _time(written: str) -> datetime:
    time = datetime.fromisoformat(written)
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)


def print_of(record: Record) -> str:
    """Return what is kept of a run's answer, "" where the record says nothing of it."""
    told = text_of(record, "print")
    if told:
        read_print(told)
    return told


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


_decode = json.JSONDecoder(parse_constant=_refuse_constant).raw_decode


def _short(value: object) -> str:
    return one_line(repr(value), 60)
