"""Proves tasks whose answers are run once they are collected, without an agent; loaded by `bitsec-eval check` alone.

A task is proven if its files compile, honest use stands on both projects and calls all that changes something, and
what the task's author would answer gets full marks: the scenario's own exploit, or the mended twin as patch.
Of a findings task the scenario's own poc must work, which has honest use of the project between its calls.
"""

from collections.abc import Collection

import pytest

from bitsec_eval.core.errors import AnswerFault, SandboxError, SettingsError, TaskError
from bitsec_eval.core.proof.case import ProofCase
from bitsec_eval.core.proof.judge import check_case, judge_exploit, judge_patch, unused_functions
from bitsec_eval.core.proof.machine import Machine
from bitsec_eval.core.text import one_line
from bitsec_eval.plugin.collection.refused import RefusedTasks
from bitsec_eval.plugin.proof.case_files import CaseFiles
from bitsec_eval.plugin.proof.checks import ProofChecks
from bitsec_eval.plugin.proof.verdicts import refuse
from bitsec_eval.sandbox.evm.places import EvmSandboxes

NOTE = "NOTE: "
"""Begins a line that says what was proven, and what was not looked at."""

AUTHOR = "the task's author"


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Prove every task that is judged by running answers, and refuse those that do not hold."""
    proof: ProofChecks | None = session.config.pluginmanager.get_plugin("bitsec-proof")
    refused: RefusedTasks | None = session.config.pluginmanager.get_plugin("bitsec-refused-tasks")
    if proof is None or refused is None or not proof.files:
        return
    tasks = _counted(proof.files.values())
    try:
        with proof.opened() as places:
            for files in proof.files.values():
                reason = unproven(files, places)
                if reason:
                    refused.refuse(files.path, session, reason)
    except (SandboxError, SettingsError) as error:
        _say(session, f"{tasks} not compiled and not proven: {one_line(str(error))}")
    else:
        _say(session, f"{tasks} compiled and run")


def _counted(found: Collection[CaseFiles]) -> str:
    """Return how many tasks there are, of each sort."""
    pocs = sum(not files.kind for files in found)
    run = len(found) - pocs
    words = (
        ("1 patch or exploit task" if run == 1 else f"{run} patch and exploit tasks") if run else "",
        ("1 findings task with pocs" if pocs == 1 else f"{pocs} findings tasks with pocs") if pocs else "",
    )
    return " and ".join(filter(None, words))


def _say(session: pytest.Session, words: str) -> None:
    reporter: pytest.TerminalReporter | None = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.write_line(f"{NOTE}{words}")


def unproven(files: CaseFiles, places: EvmSandboxes) -> str:
    """Return why a task's verdicts could not be trusted, "" where they can.

    Raises:
        SandboxError: the sandbox failed.
    """
    try:
        case = files.case(places)
        return places.run(AUTHOR, lambda machine: _unproven(case, files, machine))
    except (TaskError, AnswerFault) as fault:
        return str(fault)


def _unproven(case: ProofCase, files: CaseFiles, machine: Machine) -> str:
    check_case(case, machine)
    unused = unused_functions(case, machine) if files.kind else []  # of a poc's scenario no patch depends on it
    if unused:
        names = ", ".join(map(files.original, unused))
        return f"use() never calls {names}: a patch that breaks it would pass; call it, or list it in `unused`"
    try:
        if files.kind == "patch":
            refuse(judge_patch(case, machine, case.twin))
        else:
            refuse(judge_exploit(case, machine, case.exploit))
    except AnswerFault as fault:
        answer = "mended twin as patch" if files.kind == "patch" else f"scenario's own {files.kind or 'poc'}"
        return f"the {answer} is worth nothing: {fault}"
    return ""
