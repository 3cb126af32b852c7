"""Read the junit file of an evaluation: one pass, little memory, and no text of any failure.

Failure texts quote hidden inputs and expected values.
So this reader never asks the parser for text: what cannot be read cannot reach a board.
It takes element names and the two properties the plugin writes, `bitsec.plan` and `bitsec.check`, and nothing
else.
"""

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NoReturn, Protocol, TypeVar
from xml.parsers import expat

from bitsec_eval.core.errors import ResultsError
from bitsec_eval.core.evaluation import Check, Evaluation, Outcome, Plan, PlannedTask, Run
from bitsec_eval.core.text import one_line

CHUNK_BYTES = 1 << 20
NAME_CHARACTERS = 300
CHECK_CHARACTERS = 1 << 16
PLAN_CHARACTERS = 1 << 26

_OUTCOMES = {"failure": Outcome.FAILED, "skipped": Outcome.FAILED, "error": Outcome.ERROR}
_LEVELS = frozenset(("testsuites", "testsuite", "testcase"))

T = TypeVar("T")


class Stream(Protocol):
    """An open binary file, or anything else that gives bytes."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, none at the end."""


def read_junit(stream: Stream, name: str | None = None) -> Evaluation:
    """Return the one evaluation in `stream`; `name` is what messages call the file (default: its own name).

    Raises: ResultsError, one line with the file and the remedy, where the file is cut short, is no junit,
    holds no check of ours or holds values that no evaluation writes.
    """
    file = _File()
    try:
        _parse(stream, file)
        return file.evaluation()
    except _WrongError as wrong:
        shown = one_line(name if name is not None else str(getattr(stream, "name", "junit file")))
        raise ResultsError(f"{shown}: {wrong}") from None


class _WrongError(Exception):
    """What is wrong with the file and what to do, still without its name."""


def _parse(stream: Stream, file: "_File") -> None:
    parser = expat.ParserCreate()
    parser.ordered_attributes = True
    parser.StartElementHandler = file.start
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        while chunk := stream.read(CHUNK_BYTES):
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        # LookupError and ValueError: an encoding the declaration names and Python does not know or cannot
        # use.
        raise _WrongError(f"{_trouble(error)}; run the evaluation again or give the junit file it wrote") from None


def _trouble(error: Exception) -> str:
    if not isinstance(error, expat.ExpatError):
        return f"not readable as XML ({one_line(str(error))})"
    cut_short = error.code in (
        expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS],
        expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_TOKEN],
        expat.errors.codes[expat.errors.XML_ERROR_PARTIAL_CHAR],
    )
    reason = expat.ErrorString(error.code)
    return f"{'cut short or empty' if cut_short else 'not XML'} (line {error.lineno}: {reason})"


def _refuse_doctype(*_: object) -> NoReturn:
    raise _WrongError("has a DOCTYPE, which no junit file needs; give the file that pytest wrote")


_RunKey = tuple[str, str, int]
_CheckKey = tuple[str, Outcome, float, str | None]


class _File:
    """Everything read so far; `start` is called for each element and keeps little.

    A testcase ends where the next element of its level starts, so closing tags need not be heard.
    """

    def __init__(self) -> None:
        self._level = ""  # the innermost of _LEVELS that has started
        self._outcome = Outcome.PASSED
        self._check = ""  # the property of the testcase we are in
        self._id: str | None = None
        self._plan: Plan | None = None
        self._runs: dict[_RunKey, _RunSoFar] = {}
        # Equal values are kept once: a check's name and outcome recur for every agent.
        self._names: dict[str, str] = {}
        self._checks: dict[_CheckKey, Check] = {}

    def start(self, tag: str, attributes: list[str]) -> None:
        """Take in an opening tag; `attributes` are names and values in turn."""
        if tag == "property":
            self._property(attributes)
        elif tag in _LEVELS:
            self._testcase_ends()
            self._level = tag
        elif tag in _OUTCOMES:
            self._outcome = _OUTCOMES[tag] if self._outcome is not Outcome.ERROR else Outcome.ERROR
        elif not self._level:
            raise _WrongError(f"is XML but no junit (<{one_line(tag, 40)}>); give the file that pytest wrote")

    def evaluation(self) -> Evaluation:
        """Return what the whole file says."""
        self._testcase_ends()
        if self._id is None:
            raise _WrongError(
                "no check of an evaluation in it; give the junit file that pytest --bitsec-agents=... wrote"
            )
        runs = tuple(run.frozen(agent, task, repeat) for (agent, task, repeat), run in self._runs.items())
        return Evaluation(id=self._id, plan=self._plan, runs=runs)

    def _property(self, attributes: list[str]) -> None:
        name = _value("name", attributes)
        if name == "bitsec.check" and self._level == "testcase":
            self._check = _value("value", attributes)
        elif name == "bitsec.plan":
            self._take_plan(_value("value", attributes))

    def _testcase_ends(self) -> None:
        if self._check:
            record = _record(self._check, "bitsec.check", CHECK_CHARACTERS)
            _understood(self._take_check, record, "bitsec.check")
        self._check, self._outcome = "", Outcome.PASSED

    def _take_plan(self, text: str) -> None:
        record = _record(text, "bitsec.plan", PLAN_CHARACTERS)
        plan = _understood(_plan, record, "bitsec.plan")
        _understood(self._same_evaluation, record, "bitsec.plan")
        if self._plan not in (None, plan):
            raise _WrongError("holds two plans of one evaluation; give the junit file as pytest wrote it")
        self._plan = plan

    def _same_evaluation(self, record: dict[str, Any]) -> None:
        if record["evaluation"] == self._id and self._id is not None:
            return
        fresh = _name(record, "evaluation")
        if self._id is not None:
            raise _WrongError(f"holds two evaluations, {self._id} and {fresh}; give each a file of its own")
        self._id = fresh

    def _take_check(self, record: dict[str, Any]) -> None:
        self._same_evaluation(record)
        key: _RunKey = record["agent"], record["task"], record.get("repeat", 0)
        run = self._runs.get(key) or self._new_run(record)
        run.add(record, self._checks.get(self._check_key(record)) or self._new_check(record))

    def _check_key(self, record: dict[str, Any]) -> "_CheckKey":
        return record["check"], self._outcome, record["weight"], record.get("reason")

    def _new_check(self, record: dict[str, Any]) -> Check:
        check = Check(
            name=self._interned(_name(record, "check")),
            outcome=self._outcome,
            weight=_positive(record, "weight"),
            reason=self._interned(one_line(_text(record, "reason"))),
        )
        self._checks[self._check_key(record)] = check
        return check

    def _new_run(self, record: dict[str, Any]) -> "_RunSoFar":
        key = (_agent(record), self._interned(_name(record, "task")), _count(record, "repeat", 0))
        return self._runs.setdefault(key, _RunSoFar(record))

    def _interned(self, text: str) -> str:
        return self._names.setdefault(text, text)


class _RunSoFar:
    """A run while its checks arrive."""

    __slots__ = ("_checks", "_declared", "_facts")

    def __init__(self, record: dict[str, Any]) -> None:
        self._declared = _declared(record)
        _count(record, "checks", 1)
        _positive(record, "declared_weight")
        _positive(record, "task_weight")
        self._facts = _facts(record)
        self._checks: dict[str, Check] = {}

    def add(self, record: dict[str, Any], check: Check) -> None:
        if _declared(record) != self._declared:
            raise _WrongError(
                f"run of {one_line(record['agent'])} on {one_line(record['task'])} declares its checks in two"
                " ways; give the junit file as pytest wrote it"
            )
        told = self._checks.get(check.name)
        self._checks[check.name] = check if told is None else told.worse(check)

    def frozen(self, agent: str, task: str, repeat: int) -> Run:
        declared_checks, declared_weight, task_weight = self._declared
        ending, seconds, attempts = self._facts
        checks = tuple(self._checks[name] for name in sorted(self._checks))
        weight = math.fsum(check.weight for check in checks)
        if len(checks) > declared_checks or weight > declared_weight * (1 + 1e-9):
            raise _WrongError(
                f"run of {agent} on {task} declares {declared_checks} checks that weigh {declared_weight:g}"
                f" and holds {len(checks)} that weigh {weight:g}; give the junit file as pytest wrote it"
            )
        return Run(
            agent=agent,
            task=task,
            repeat=repeat,
            checks=checks,
            declared_checks=declared_checks,
            declared_weight=declared_weight,
            task_weight=task_weight,
            ending=ending,
            seconds=seconds,
            attempts=attempts,
        )


def _declared(record: dict[str, Any]) -> tuple[int, float, float]:
    return record["checks"], record["declared_weight"], record["task_weight"]


def _facts(record: dict[str, Any]) -> tuple[str | None, float | None, int]:
    ending = None if record.get("ending") is None else one_line(_text(record, "ending"), 40)
    seconds = None if record.get("seconds") is None else _number(record, "seconds")
    return ending, seconds, _count(record, "attempts", 1)


def _plan(record: dict[str, Any]) -> Plan:
    return Plan(
        started=_started(record),
        version=one_line(_text(record, "version"), 60),
        seed=record.get("seed") if isinstance(record.get("seed"), int) else None,
        emission=one_line(_text(record, "emission"), 60) or None,
        rewards=one_line(_text(record, "rewards"), 60) or None,
        image=one_line(_text(record, "image")),
        agents={_agent({"agent": name}): _text({name: sha}, name) for name, sha in record["agents"].items()},
        tasks={_name({"task": name}, "task"): _planned_task(task) for name, task in record["tasks"].items()},
        notes=tuple(one_line(_text({"note": note}, "note")) for note in record.get("notes", ())),
    )


def _planned_task(record: dict[str, Any]) -> PlannedTask:
    return PlannedTask(
        weight=_positive(record, "weight"),
        checks=_count(record, "checks", 1),
        declared_weight=_positive(record, "declared_weight"),
        kind=one_line(_text(record, "kind"), 40),
    )


def _started(record: dict[str, Any]) -> datetime | None:
    text = _text(record, "started")
    if not text:
        return None
    started = datetime.fromisoformat(text)
    return (started if started.tzinfo else started.replace(tzinfo=UTC)).astimezone(UTC)


def _value(name: str, attributes: list[str]) -> str:
    names = attributes[::2]
    return attributes[2 * names.index(name) + 1] if name in names else ""


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


_decode = json.JSONDecoder(parse_constant=_refuse_constant).raw_decode


def _record(text: str, what: str, most_characters: int) -> dict[str, Any]:
    try:
        record, end = _decode(text) if len(text) <= most_characters else (None, 0)
    except (ValueError, RecursionError):
        record, end = None, 0
    if end != len(text) or not isinstance(record, dict):
        raise _WrongError(f"a {what} in it is no JSON object; give the junit file as pytest wrote it")
    return record


def _understood(read: Callable[[dict[str, Any]], T], record: dict[str, Any], what: str) -> T:
    try:
        return read(record)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        found = f"lacks {error}" if isinstance(error, KeyError) else one_line(str(error))
        raise _WrongError(f"a {what} in it is wrong: {found}; give the junit file as pytest wrote it") from None


def _text(record: dict[str, Any], field: str) -> str:
    value = record.get(field)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(f"{field} is {_short(value)}, not a text")
    return value


def _name(record: dict[str, Any], field: str) -> str:
    name = _text(record, field)
    if not 0 < len(name) <= NAME_CHARACTERS:
        raise ValueError(f"{field} has {len(name)} characters, not 1 to {NAME_CHARACTERS}")
    return one_line(name, NAME_CHARACTERS * 12)


def _agent(record: dict[str, Any]) -> str:
    """Return the agent's name, which is refused rather than escaped: two agents must never share a row."""
    name = _name(record, "agent")
    if name != record["agent"]:
        raise ValueError(f"agent {name} has a character that does not print")
    return name


def _count(record: dict[str, Any], field: str, least: int) -> int:
    value = record.get(field, least)
    if type(value) is not int or not least <= value <= 1_000_000:
        raise ValueError(f"{field} is {_short(value)}, not a count from {least} to 1000000")
    return value


def _number(record: dict[str, Any], field: str) -> float:
    value = record[field]
    if type(value) not in (int, float) or not 0 <= value <= 1e9:
        raise ValueError(f"{field} is {_short(value)}, not a number from 0 to 1e9")
    return float(value)


def _positive(record: dict[str, Any], field: str) -> float:
    value = _number(record, field)
    if value == 0:
        raise ValueError(f"{field} is 0, not a number above it")
    return value


def _short(value: object) -> str:
    return one_line(repr(value), 60)
