"""Read the junit file of an evaluation: one pass, little memory, and no text of any failure.

Failure texts quote hidden inputs and expected values.
So this reader never asks the parser for text: what cannot be read cannot reach a board.
It takes element names and the three properties the plugin writes, `bitsec.plan` for the evaluation, `bitsec.run`
and `bitsec.check` for each testcase, and nothing else.
What recurs is understood once: the first testcase of a run tells of it and the others name it, and a check of one
task has the same text for every agent with that outcome.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NoReturn, Protocol
from xml.parsers import expat

from bitsec_eval.core.errors import ResultsError
from bitsec_eval.core.evaluations.evaluation import Check, Evaluation, Outcome, Plan, Run
from bitsec_eval.core.evaluations.planned import MOST_REPEATS, too_many, unplanned
from bitsec_eval.core.junit.fields import (
    Record,
    WrongFileError,
    agent_of,
    count_of,
    decoded,
    name_of,
    number_of,
    plan_of,
    print_of,
    text_of,
    understood,
    usage_of,
    weight_of,
)
from bitsec_eval.core.junit.scan import END, Testcase, scanned
from bitsec_eval.core.junit.scan import text_of as scanned_text
from bitsec_eval.core.text import one_line
from bitsec_eval.core.usage import Usage

CHUNK_BYTES = 1 << 20
MOST_BETWEEN = CHUNK_BYTES // 4
"""So many bytes may a single testcase have that is not left to the XML parser."""

CHECK_CHARACTERS = 1 << 16
PLAN_CHARACTERS = 1 << 26

_OUTCOMES = {"failure": Outcome.FAILED, "skipped": Outcome.FAILED, "error": Outcome.ERROR}
_OUTCOMES_BY_BYTES = {b"": Outcome.PASSED} | {name.encode(): outcome for name, outcome in _OUTCOMES.items()}
_BEGIN = b"<testcase "
_PLAIN_START = re.compile(rb"""(?:<\?xml version=["']1\.0["'](?: encoding=["'](?i:utf-8)["'])? ?\?>)?\s*<testsuite""")
_NAMED_BY = ("agent", "task", "repeat")
_LEVELS = frozenset(("testsuites", "testsuite", "testcase"))


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
    except WrongFileError as wrong:
        shown = one_line(name if name is not None else str(getattr(stream, "name", "junit file")))
        raise ResultsError(f"{shown}: {wrong}") from None


def _parse(stream: Stream, file: "_File") -> None:
    reading = _Reading(file)
    try:
        while chunk := stream.read(CHUNK_BYTES):
            reading.take(chunk)
        reading.end()
    except (expat.ExpatError, LookupError, ValueError) as error:
        # LookupError and ValueError: an encoding that Python does not know or cannot use.
        told = _trouble(error, reading.scanned_lines)
        raise WrongFileError(f"{told}; run the evaluation again or give the junit file it wrote") from None


class _Reading:
    """Hands a file to the XML parser, all but the stretches of testcases that can be read without it.

    The parser has everything up to the first testcase, so it knows where in the file they stand; what could hide them
    (a comment, CDATA, another encoding) leaves all of the file to it.
    """

    def __init__(self, file: "_File") -> None:
        self._file = file
        self._parser = expat.ParserCreate()
        self._parser.ordered_attributes = True
        self._parser.StartElementHandler = file.start
        self._parser.StartDoctypeDeclHandler = _refuse_doctype
        self._kept = b""
        self._take = self._head
        self._is_first = True
        self._declared = 2  # the XML declaration may stand at the very beginning
        self.scanned_lines = 0

    def take(self, chunk: bytes) -> None:
        """Take in the next bytes."""
        if self._is_first:
            self._is_first = False
            if not _PLAIN_START.match(chunk):
                self._take = self._parse
        self._take(chunk)

    def end(self) -> None:
        """Take in what is left, and that it is all."""
        self._parse(b"")
        self._parser.Parse(b"", True)

    def _parse(self, chunk: bytes) -> None:
        kept, self._kept = self._kept, b""
        self._parser.Parse(kept + chunk, False)

    def _head(self, chunk: bytes) -> None:
        told = self._kept + chunk
        begin = told.find(_BEGIN)
        head = told[: begin if begin >= 0 else 1 - len(_BEGIN)]
        declared, self._declared = self._declared, 0
        if b"<!" in told[: len(head) + 1] or told.find(b"<?", declared, len(head) + 1) >= 0:
            self._take = self._parse
            self._take(chunk)
            return
        self._kept = told[len(head) :]
        self._parser.Parse(head, False)
        if begin >= 0:
            self._take = self._testcases
            self._take(b"")

    def _testcases(self, chunk: bytes) -> None:
        told = self._kept + chunk
        end = told.rfind(END) + len(END)
        stretch = told[:end] if end >= len(END) else b""
        found = scanned(stretch)
        if found is None or len(told) - end > MOST_BETWEEN:
            self._take = self._parse
            self._take(chunk)
            return
        self._kept = told[len(stretch) :]
        self._file.take(found)
        self.scanned_lines += stretch.count(b"\n")


def _trouble(error: Exception, lines: int) -> str:
    if not isinstance(error, expat.ExpatError):
        return f"not readable as XML ({one_line(str(error))})"
    cut_short = error.code in (
        expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS],
        expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_TOKEN],
        expat.errors.codes[expat.errors.XML_ERROR_PARTIAL_CHAR],
    )
    reason = expat.ErrorString(error.code)
    return f"{'cut short or empty' if cut_short else 'not XML'} (line {error.lineno + lines}: {reason})"


def _refuse_doctype(*_: object) -> NoReturn:
    raise WrongFileError("has a DOCTYPE, which no junit file needs; give the file that pytest wrote")


_RunKey = tuple[str, str, int]
_MOST_TEXTS = 4096


class _File:
    """Everything read so far; `start` is called for each element and keeps little.

    A testcase ends where the next element of its level starts, so closing tags need not be heard.
    """

    def __init__(self) -> None:
        self._level = ""  # the innermost of _LEVELS that has started
        self._outcome = Outcome.PASSED
        self._run = self._check = ""  # the properties of the testcase we are in
        self._id: str | None = None
        self._plan: Plan | None = None
        self._runs: dict[_RunKey, _RunSoFar] = {}
        # Equal values are kept once: a check's name and outcome recur for every agent.
        self._names: dict[str, str] = {}
        self._run_texts: dict[str, _RunSoFar] = {}
        self._check_texts: dict[Outcome, dict[str, Check]] = {outcome: {} for outcome in Outcome}
        self._scanned_checks: dict[bytes, dict[bytes, Check]] = {name: {} for name in _OUTCOMES_BY_BYTES}
        self._scanned_runs: dict[bytes, _RunSoFar] = {}

    def start(self, tag: str, attributes: list[str]) -> None:
        """Take in an opening tag; `attributes` are names and values in turn.

        It is called millions of times, so the frequent case comes first.
        """
        if tag == "property":
            if len(attributes) != 4 or attributes[0] != "name" or attributes[2] != "value":
                attributes = _as_written(attributes)
            name = attributes[1]
            if self._level == "testcase":
                if name == "bitsec.check":
                    self._check = attributes[3]
                elif name == "bitsec.run":
                    self._run = attributes[3]
            if name == "bitsec.plan":
                self._take_plan(attributes[3])
        elif tag in _LEVELS:
            if self._check:
                self._testcase_ends()
            self._level = tag
            self._outcome = Outcome.PASSED
            self._run = ""
        elif tag in _OUTCOMES:
            self._outcome = _OUTCOMES[tag] if self._outcome is not Outcome.ERROR else Outcome.ERROR
        elif not self._level:
            raise WrongFileError(f"is XML but no junit (<{one_line(tag, 40)}>); give the file that pytest wrote")

    def _frozen(self) -> Iterator[Run]:
        """Yield every run and forget what it was made of."""
        self._run_texts.clear()
        self._scanned_runs.clear()
        ordered: _Ordered = {}
        for key in list(self._runs):
            yield self._runs.pop(key).frozen(*key, ordered)

    def take(self, found: Iterable[Testcase]) -> None:
        """Take in testcases that were read without the parser."""
        checks, runs = self._scanned_checks, self._scanned_runs
        for told_run, told_check, failed in found:
            check = checks[failed].get(told_check) or self._scanned_check(told_check, failed)
            run = runs.get(told_run) or self._scanned_run(told_run)
            run.checks.append(check)

    def _scanned_check(self, told: bytes, failed: bytes) -> Check:
        self._outcome, self._check = _OUTCOMES_BY_BYTES[failed], scanned_text(told)
        check = self._check_texts[self._outcome].get(self._check) or self._new_check()
        self._scanned_checks[failed][told] = check
        self._check = ""
        return check

    def _scanned_run(self, told: bytes) -> "_RunSoFar":
        self._run = scanned_text(told)
        run = self._run_texts.get(self._run) or self._new_run()
        if len(self._scanned_runs) >= _MOST_TEXTS:
            self._scanned_runs.clear()
        self._scanned_runs[told] = run
        self._run = ""
        return run

    def evaluation(self) -> Evaluation:
        """Return what the whole file says."""
        if self._check:
            self._testcase_ends()
        if self._id is None:
            raise WrongFileError(
                "no check of an evaluation in it; give the junit file that pytest --bitsec-agents=... wrote"
            )
        runs = tuple(self._frozen())
        evaluation = Evaluation(id=self._id, plan=self._plan, runs=runs)
        if wrong := unplanned(evaluation):
            raise WrongFileError(f"{wrong}; give the junit file as pytest wrote it")
        return evaluation

    def _testcase_ends(self) -> None:
        check = self._check_texts[self._outcome].get(self._check) or self._new_check()
        run = self._run_texts.get(self._run) or self._new_run()
        run.checks.append(check)
        self._check = ""

    def _take_plan(self, text: str) -> None:
        record = decoded(text, "bitsec.plan", PLAN_CHARACTERS)
        plan = understood(plan_of, record, "bitsec.plan")
        understood(self._same_evaluation, record, "bitsec.plan")
        if wrong := too_many(plan):
            raise WrongFileError(f"{wrong}; give the junit file as pytest wrote it")
        if self._plan not in (None, plan):
            raise WrongFileError("holds two plans of one evaluation; give the junit file as pytest wrote it")
        self._plan = plan

    def _same_evaluation(self, record: Record) -> None:
        if record["evaluation"] == self._id and self._id is not None:
            return
        fresh = name_of(record, "evaluation")
        if self._id is not None:
            raise WrongFileError(f"holds two evaluations, {self._id} and {fresh}; give each a file of its own")
        self._id = fresh

    def _new_check(self) -> Check:
        record = decoded(self._check, "bitsec.check", CHECK_CHARACTERS)
        check = understood(self._check_of, record, "bitsec.check")
        self._check_texts[self._outcome][self._check] = check
        return check

    def _check_of(self, record: Record) -> Check:
        return Check(
            name=self._interned(name_of(record, "check")),
            outcome=self._outcome,
            weight=weight_of(record, "weight"),
            reason=self._interned(one_line(text_of(record, "reason"))),
        )

    def _new_run(self) -> "_RunSoFar":
        record = decoded(self._run, "bitsec.run", CHECK_CHARACTERS, names=_NAMED_BY)
        run = understood(self._named_run if self._run[0] == "[" else self._run_of, record, "bitsec.run")
        if len(self._run_texts) >= _MOST_TEXTS:
            self._run_texts.clear()  # the checks of a run stand close together
        self._run_texts[self._run] = self._run_texts[_naming(record)] = run
        return run

    def _named_run(self, record: Record) -> "_RunSoFar":
        run = self._runs.get(self._key_of(record))
        if run is None:
            raise ValueError(f"nothing before it tells of the run of {one_line(str(record))}")
        return run

    def _run_of(self, record: Record) -> "_RunSoFar":
        self._same_evaluation(record)
        run = self._runs.setdefault(self._key_of(record), _RunSoFar(record))
        run.declares(record)
        return run

    def _key_of(self, record: Record) -> _RunKey:
        return agent_of(record), self._interned(name_of(record, "task")), _repeat_of(record)

    def _interned(self, text: str) -> str:
        return self._names.setdefault(text, text)


def _repeat_of(record: Record) -> int:
    return count_of(record, "repeat", 0, MOST_REPEATS - 1)


class _RunSoFar:
    """A run while its checks arrive; those of one name are one check, told more than once."""

    __slots__ = ("_declared", "_facts", "_origin", "_print", "checks")

    def __init__(self, record: Record) -> None:
        self._declared = _declared(record)
        count_of(record, "checks", 1)
        weight_of(record, "declared_weight")
        weight_of(record, "task_weight")
        self._facts = _facts(record)
        self._origin = one_line(text_of(record, "origin"))
        self._print = print_of(record)
        self.checks: list[Check] = []

    def declares(self, record: Record) -> None:
        if _declared(record) != self._declared:
            raise WrongFileError(
                f"run of {one_line(record['agent'])} on {one_line(record['task'])} declares its checks in two"
                " ways; give the junit file as pytest wrote it"
            )

    def frozen(self, agent: str, task: str, repeat: int, ordered: "_Ordered") -> Run:
        """Return the run; checks that ended alike are one value, kept in `ordered` with their weight."""
        declared_checks, declared_weight, task_weight = self._declared
        ending, seconds, attempts, usage = self._facts
        told = tuple(map(id, self.checks))
        known = ordered.get(told)
        if known is None:
            in_order = _in_order(self.checks)
            known = ordered[told] = in_order, math.fsum([check.weight for check in in_order])
        checks, weight = known
        if len(checks) > declared_checks or weight > declared_weight * (1 + 1e-9):
            raise WrongFileError(
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
            origin=self._origin,
            usage=usage,
            print=self._print,
        )


_Ordered = dict[tuple[int, ...], tuple[tuple[Check, ...], float]]


def _naming(record: Record) -> str:
    """Return how the other testcases name the run that `record` tells of, unless they write it in another way."""
    return json.dumps([record.get(name, 0) for name in _NAMED_BY], separators=(",", ":"))


def _in_order(told: Sequence[Check]) -> tuple[Check, ...]:
    checks = {check.name: check for check in told}
    if len(checks) < len(told):
        checks = {}
        for check in told:
            earlier = checks.get(check.name)
            checks[check.name] = check if earlier is None else earlier.worse(check)
    return tuple([checks[name] for name in sorted(checks)])


def _declared(record: Record) -> tuple[int, float, float]:
    return record["checks"], record["declared_weight"], record["task_weight"]


def _facts(record: Record) -> tuple[str | None, float | None, int, Usage | None]:
    ending = None if record.get("ending") is None else one_line(text_of(record, "ending"), 40)
    seconds = None if record.get("seconds") is None else number_of(record, "seconds")
    return ending, seconds, count_of(record, "attempts", 1), usage_of(record)


def _as_written(attributes: list[str]) -> list[str]:
    """Return the attributes `name` and `value` of a property in that order, "" for one that it lacks."""
    told = dict(zip(attributes[::2], attributes[1::2], strict=True))
    return ["name", told.get("name", ""), "value", told.get("value", "")]
