"""Verdicts on patches of Foundry projects: the project's own tests, and hidden ones with the control they lack.

A hidden test says something of a patch only if it tells the faulty project from the mended one. So both are run
first: what goes wrong with them is the task's or the grader's fault and never the answer's.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bitsec_eval.core.errors import TaskError
from bitsec_eval.core.proof.forge_report import FAILED, PASSED, ForgeReport, ForgeTest
from bitsec_eval.core.proof.public import Public

NAMED = 3
"""How many tests a line names."""


class Forge(Protocol):
    """A Foundry project and its tests."""

    def put(self, files: Mapping[str, str]) -> None:
        """Write files of the project, by path."""

    def remove(self, paths: Sequence[str]) -> None:
        """Remove files of the project."""

    def test(self, version: str, options: Sequence[str]) -> ForgeReport:
        """Run `forge test` with these options and a Solidity compiler of this version.

        Raises:
            AnswerFault: what runs there brought it down.
            SandboxError: the sandbox failed.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenTest:
    """A test of one fault, in files that no agent sees; the first of `files` holds it."""

    id: str
    test: str
    files: Mapping[str, str]
    passes_on_faulty: bool
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundryCase:
    """A Foundry project with faults: its files, those that mend it, its hidden tests, and what of it may change.

    `allowed_to_fail` are tests of its own, as "FILE:CONTRACT::NAME", that a right patch may break.
    """

    name: str
    compiler: str
    files: Mapping[str, str]
    gold: Mapping[str, str]
    hidden: tuple[HiddenTest, ...]
    editable: tuple[str, ...]
    allowed_to_fail: frozenset[str] = frozenset()
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """What a hidden test did on the mended project; `callers` are contracts that call cheat codes anyway."""

    callers: frozenset[str]
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """What the tests of a case did before any answer: the project's own that must pass, and the hidden ones by id."""

    suite: frozenset[str]
    hidden: Mapping[str, Control]
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mended:
    """Whether one fault is mended, why, and the line its author may read where it is not."""

    ok: bool
    reason: str = ""
    public: Public | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundryVerdict:
    """What became of each fault, by its id, under a patch."""

    mended: Mapping[str, Mended] = field(default_factory=dict)


def run_controls(case: FoundryCase, forge: Forge) -> Controls:
    """Run all tests on the faulty and the mended project.

    Raises:
        TaskError: one of them cannot tell the two apart, or does not run.
        AnswerFault, SandboxError: forge failed.
    """
    forge.put(case.files)
    faulty = _control_suite(case, forge, "faulty")
    faulty_hidden = {hidden.id: _hidden(case, forge, hidden) for hidden in case.hidden}
    forge.put(case.gold)
    gold = _control_suite(case, forge, "mended")
    gold_hidden = {hidden.id: _hidden(case, forge, hidden) for hidden in case.hidden}
    suite = (faulty.passed & gold.passed) - case.allowed_to_fail
    if not suite:
        raise TaskError(f"{case.name}: no test of the project's own passes on the faulty and on the mended project")
    for hidden in case.hidden:
        _check_control(case, hidden, faulty_hidden[hidden.id], passes=hidden.passes_on_faulty, which="faulty")
        _check_control(case, hidden, gold_hidden[hidden.id], passes=not hidden.passes_on_faulty, which="mended")
    controls = {
        name: Control(callers=faulty_hidden[name].callers | report.callers, calls=report.calls)
        for name, report in gold_hidden.items()
    }
    told = (
        _told("faulty project", faulty, faulty_hidden.values()),
        _told("mended project", gold, gold_hidden.values()),
        f"{len(suite)} tests of the project's own must pass under a patch",
    )
    return Controls(suite=suite, hidden=controls, told=told)


def _control_suite(case: FoundryCase, forge: Forge, which: str) -> ForgeReport:
    report = forge.test(case.compiler, case.options)
    if not report.compiled:
        raise TaskError(f"{case.name}: the {which} project does not compile: {report.words}")
    return report


def _told(which: str, suite: ForgeReport, hidden: Iterable[ForgeReport]) -> str:
    reports = [suite, *hidden]
    outcomes = [test.status for report in reports for test in report.tests.values()]
    return f"{which}: {outcomes.count(PASSED)} tests pass, {len(outcomes) - outcomes.count(PASSED)} fail"


def _check_control(case: FoundryCase, hidden: HiddenTest, report: ForgeReport, *, passes: bool, which: str) -> None:
    found = _outcome(hidden, report)
    wanted = PASSED if passes else FAILED
    if found is None:
        raise TaskError(
            f"{case.name}: {hidden.test} of {hidden.id} does not run on the {which} project{_why(report)}"
        )
    if found.status != wanted:
        verb = "pass" if passes else "fail"
        raise TaskError(f"{case.name}: {hidden.test} of {hidden.id} must {verb} on the {which} project{_why(report)}")


def _why(report: ForgeReport) -> str:
    reasons = [report.words, *(test.reason for test in report.tests.values())]
    return next((f": {reason}" for reason in reasons if reason), "")


def _hidden(case: FoundryCase, forge: Forge, hidden: HiddenTest) -> ForgeReport:
    """Run a hidden test, with its files in the project for as long as that takes."""
    forge.put(hidden.files)
    match = f"^{re.escape(hidden.test)}\\("
    options = (*case.options, *hidden.options, "-vvvv", "--match-test", match)
    where = () if "--match-path" in options else ("--match-path", next(iter(hidden.files)))
    report = forge.test(case.compiler, (*options, *where))
    forge.put({path: case.files[path] for path in hidden.files if path in case.files})
    forge.remove([path for path in hidden.files if path not in case.files])
    return report


def _outcome(hidden: HiddenTest, report: ForgeReport) -> ForgeTest | None:
    found = [test for name, test in report.tests.items() if name.partition("::")[2].partition("(")[0] == hidden.test]
    return found[0] if len(found) == 1 else None


def judge_foundry_patch(
    case: FoundryCase, controls: Controls, forge: Forge, patched: Mapping[str, str]
) -> FoundryVerdict:
    """Return the verdict on the project's files as a patch leaves them.

    Raises:
        AnswerFault: they brought forge down.
        SandboxError: the sandbox failed.
    """
    forge.put(patched)
    suite = forge.test(case.compiler, case.options)
    lost = _lost(suite, controls)
    if lost:
        return FoundryVerdict(mended=dict.fromkeys((hidden.id for hidden in case.hidden), lost))
    return FoundryVerdict(
        mended={
            hidden.id: _mended(hidden, _hidden(case, forge, hidden), controls.hidden[hidden.id])
            for hidden in case.hidden
        }
    )


def _lost(suite: ForgeReport, controls: Controls) -> Mended | None:
    """Return what is wrong with a patched project before any fault is looked at."""
    if not suite.compiled:
        return _refused(Public.NOT_COMPILED, suite.words)
    failing = sorted(controls.suite - suite.passed)
    if not failing:
        return None
    reasons = [f"{name} ({_reason(suite, name)})" for name in failing[:NAMED]]
    return _refused(Public.SUITE, f"{len(failing)} of {len(controls.suite)}: {', '.join(reasons)}")


def _reason(suite: ForgeReport, name: str) -> str:
    test = suite.tests.get(name)
    return "not run" if test is None else test.reason or test.status


def _mended(hidden: HiddenTest, report: ForgeReport, control: Control) -> Mended:
    test = _outcome(hidden, report)
    if not report.compiled:
        return _refused(Public.INTERFACE, report.words)
    if report.callers - control.callers:
        return _refused(Public.CHEATS, ", ".join(sorted(report.callers - control.callers)))
    if test is None:
        return _refused(Public.SETUP, ", ".join(report.failed_setups()) or "the test did not run")
    if test.status != (FAILED if hidden.passes_on_faulty else PASSED):
        return _refused(Public.NOT_MENDED, f"{hidden.test}: {test.reason or test.status}")
    if hidden.passes_on_faulty and report.calls < min(2, control.calls):
        return _refused(Public.SETUP, f"{hidden.test} ends at its first call: {test.reason}")
    return Mended(ok=True, reason=f"{hidden.test}: {test.reason or test.status}")


def _refused(public: Public, words: str) -> Mended:
    return Mended(ok=False, reason=f"{public}: {words}", public=public)
