"""A rehearsal: the hub's check, then one run in a sandbox on the task's own prompt, without the task's checks."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from bitsec_eval.agent_check.process import check
from bitsec_eval.core.answers.answer import Answer
from bitsec_eval.core.errors import AnswerFault, SandboxError
from bitsec_eval.core.proof.answer import check_patch_form, parse_exploit
from bitsec_eval.core.reports.report import parse_report
from bitsec_eval.core.tasks.image_name import pinned
from bitsec_eval.core.tasks.task import PROOF_ANSWERS, Limits
from bitsec_eval.core.text import printable
from bitsec_eval.miner.hub import HubTask
from bitsec_eval.sandbox.api import Sandbox
from bitsec_eval.sandbox.docker.engine import DockerSettings, docker_sandbox
from bitsec_eval.sandbox.execution.agent_run import AgentOrder, run_agent
from bitsec_eval.sandbox.execution.protocols import program_of
from bitsec_eval.sandbox.execution.solution_rpc import SolutionRpc
from bitsec_eval.sandbox.hardening.policy import IMAGE
from bitsec_eval.sandbox.uid_lease import state_folder

STDERR_CHARACTERS = 2000

SPECIMEN = {
    "src/Till.sol": b"""// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

interface IERC20 {
    function transferFrom(address from, address to, uint256 amount) external returns (bool);
}

contract Till {
    function collect(IERC20 token, address payer, address payee, uint256 amount) external {
        require(token.transferFrom(payer, payee, amount), "unpaid");
    }
}
"""
}
"""A project to rehearse on: anyone may spend what others have approved to it."""

Rehearse = Callable[[str], str]
"""Returns what is wrong with an agent's source, in words an author can act on; "" where nothing is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """One run of an agent on a task's prompt; `problem` says what is wrong with it, "" where nothing is."""

    answer: Answer
    problem: str


@contextmanager
def engine(environ: Mapping[str, str] = os.environ, image: str = "") -> Iterator[Sandbox]:
    """Return the sandboxes that agents are rehearsed in, in Docker, of a task's own image where it has one.

    Raises:
        SandboxError: no engine answers, or it lacks the image.
    """
    name = pinned(image).name
    with ExitStack() as stack:
        settings = DockerSettings(state=state_folder(environ), image=name or IMAGE)
        try:
            sandbox = stack.enter_context(docker_sandbox(settings))
        except SandboxError as error:
            if name and f"no image {name}" in str(error):
                build = f"bitsec-eval image build --with REQUIREMENTS --name {name}"
                raise SandboxError(
                    f"the engine has no image {name}, which the task asks for; make it with {build}"
                ) from None
            raise
        yield sandbox


@contextmanager
def stage(task: HubTask, environ: Mapping[str, str] = os.environ) -> Iterator[Rehearse]:
    """Return rehearsals for one task, in Docker.

    Raises:
        SandboxError: no engine answers.
    """
    with engine(environ, task.image) as sandbox:
        yield lambda source: problem_of(source, task, sandbox)


def problem_of(source: str, task: HubTask, sandbox: Sandbox) -> str:
    """Return what is wrong with an agent for `task`, "" where it runs and answers in the form that is asked for.

    Raises:
        SandboxError: the sandbox failed.
    """
    encoded = source.encode("utf-8", "backslashreplace")
    refusal = check(encoded, libraries=task.libraries).refusal
    if refusal is not None:
        return f"{refusal.sentence} {refusal.remedy}"
    return rehearsed(encoded, task, sandbox).problem


def rehearsed(source: bytes, task: HubTask, sandbox: Sandbox) -> Rehearsal:
    """Run an agent once on a task's prompt, without the task's files; one that is to prove something gets a specimen.

    Raises:
        SandboxError: the sandbox failed.
    """
    limits = Limits(wall_seconds=task.timeout_seconds)
    files = SPECIMEN if task.kind in PROOF_ANSWERS else {}
    program = program_of(source, task.protocol, limits.wall_seconds)
    with sandbox.open(limits) as session:
        answer = run_agent(session, AgentOrder(source=program, prompt=task.prompt, files=files), limits)
    return Rehearsal(answer=answer, problem=_fault(answer) or _wrong_form(answer, task, limits, sandbox))


def _fault(answer: Answer) -> str:
    if not answer.fault:
        return ""
    stderr = printable(answer.stderr[-STDERR_CHARACTERS:], 4 * STDERR_CHARACTERS)
    return f"{answer.fault}.\nIts stderr ends with:\n{stderr}" if stderr.strip() else f"{answer.fault}."


def _wrong_form(answer: Answer, task: HubTask, limits: Limits, sandbox: Sandbox) -> str:
    try:
        _FORMS.get(task.kind, _says_something)(answer, limits, sandbox)
    except AnswerFault as fault:
        return str(fault)
    return ""


def _loads(answer: Answer, limits: Limits, sandbox: Sandbox) -> None:
    _says_something(answer, limits, sandbox)
    with sandbox.open(limits) as session:
        calls = SolutionRpc(session, answer.stdout, limits)
        calls.begin()
    if isinstance(calls.fault, AnswerFault):
        raise calls.fault


def _reports(answer: Answer, limits: Limits, sandbox: Sandbox) -> None:  # noqa: ARG001 - one signature for all
    parse_report(answer.printed)


def _says_something(answer: Answer, limits: Limits, sandbox: Sandbox) -> None:  # noqa: ARG001
    if not answer.stdout.strip():
        raise AnswerFault("the agent printed nothing")


def _exploits(answer: Answer, limits: Limits, sandbox: Sandbox) -> None:  # noqa: ARG001 - one signature for all
    if answer.stdout.strip():  # nothing found is an answer too
        parse_exploit(answer.printed)


def _patches(answer: Answer, limits: Limits, sandbox: Sandbox) -> None:  # noqa: ARG001 - one signature for all
    if answer.stdout.strip():
        check_patch_form(answer.printed)


_FORMS: Mapping[str, Callable[[Answer, Limits, Sandbox], None]] = {
    "code": _loads,
    "findings": _reports,
    "exploit": _exploits,
    "patch": _patches,
    "answer": _says_something,
}
